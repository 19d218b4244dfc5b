namespace Edge.Selection.Schedules;

/// <summary>What a schedule says of one instant. Instants are ticks of 100 ns, UTC.</summary>
/// <param name="IsActive">Whether an occurrence is going on.</param>
/// <param name="Start">When the occurrence that is going on began; the latest one when several are.</param>
/// <param name="Until">The first later instant at which any of this may be different; exact or too early, never
/// late.</param>
internal readonly record struct ScheduleState(bool IsActive, long Start, long Until)
{
    /// <summary>An instant that never comes.</summary>
    public const long Never = long.MaxValue;

    /// <summary>Nothing is going on until an instant.</summary>
    public static ScheduleState Inactive(long until) => new(false, 0, until);

    /// <summary>An occurrence that began at one instant goes on until another.</summary>
    public static ScheduleState Active(long start, long until) => new(true, start, until);
}
