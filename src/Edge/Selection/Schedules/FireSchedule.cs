namespace Edge.Selection.Schedules;

/// <summary>
/// Occurrences that begin at the fires of a cron expression, within the bounds of the series. Each lasts for a given
/// time, or until the next fire.
/// </summary>
/// <param name="fires">The fires.</param>
/// <param name="start">First instant of the series.</param>
/// <param name="end">Instant at which the series ends.</param>
/// <param name="lengthTicks">Duration of one occurrence, ticks; null when it lasts until the next fire.</param>
internal sealed class FireSchedule(CronFires fires, long start, long end, long? lengthTicks) : Schedule
{
    public override ScheduleState At(long utcTicks)
    {
        if (utcTicks >= end)
        {
            return ScheduleState.Inactive(ScheduleState.Never);
        }
        // Before the series starts, the next fire is the first one at or after its start.
        var next = Math.Min(end, fires.After(Math.Max(utcTicks, start - 1)) ?? ScheduleState.Never);
        if (utcTicks < start || fires.AtOrBefore(utcTicks) is not { } last || last < start)
        {
            return ScheduleState.Inactive(next == end ? ScheduleState.Never : next);
        }
        if (lengthTicks is { } length)
        {
            return last + length > utcTicks
                ? ScheduleState.Active(last, Math.Min(next, last + length))
                : ScheduleState.Inactive(next);
        }
        return ScheduleState.Active(last, next);
    }
}
