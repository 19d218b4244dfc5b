namespace Edge.Selection.Schedules;

/// <summary>The state of a schedule at one instant. Instants are ticks of 100 ns, UTC.</summary>
/// <param name="IsActive">Whether an occurrence is in progress.</param>
/// <param name="Start">When the current occurrence began; the latest one when several overlap.</param>
/// <param name="Until">
/// The first later instant at which the state may differ; exact or too early, never too late.
/// </param>
internal readonly record struct ScheduleState(bool IsActive, long Start, long Until)
{
    /// <summary>An instant that never comes.</summary>
    public const long Never = long.MaxValue;

    /// <summary>Inactive until an instant.</summary>
    public static ScheduleState Inactive(long until) => new(false, 0, until);

    /// <summary>Active since one instant, until another.</summary>
    public static ScheduleState Active(long start, long until) => new(true, start, until);
}
