using Edge.Experiments.Schedules;

namespace Edge.Selection.Schedules;

/// <summary>
/// Active while the wall clock matches a cron expression whose minute field is a star, within the bounds of the series.
/// The wall clock applies, so an hour that is shown twice is active twice. An occurrence is a run of matching hours.
/// </summary>
internal sealed class MaskSchedule(CronExpression cron, ZoneClock clock, long start, long end) : Schedule
{
    /// <summary>
    /// Hours searched for the beginning or end of a run. A run longer than a year has no end, because expressions
    /// repeat yearly.
    /// </summary>
    private const int WalkHoursMax = 2 * 366 * 24;

    public override ScheduleState At(long utcTicks)
    {
        if (utcTicks < start)
        {
            return ScheduleState.Inactive(start);
        }
        if (utcTicks >= end)
        {
            return ScheduleState.Inactive(ScheduleState.Never);
        }
        var until = Math.Min(end, RunEnd(utcTicks));
        return Matches(utcTicks)
            ? ScheduleState.Active(Math.Max(start, RunStart(utcTicks)), until)
            : ScheduleState.Inactive(until);
    }

    private bool Matches(long utcTicks) => cron.Matches(clock.LocalAt(utcTicks));

    /// <summary>The first instant at which the result changes, or the end of the search.</summary>
    private long RunEnd(long utcTicks)
    {
        var isMatch = Matches(utcTicks);
        for (var hours = 0; hours < WalkHoursMax && utcTicks < end; hours++)
        {
            var offset = clock.OffsetAt(utcTicks);
            var local = utcTicks + offset;
            var next = local - local % TimeSpan.TicksPerHour + TimeSpan.TicksPerHour - offset;
            utcTicks = clock.OffsetAt(next) == offset ? next : clock.ChangeWithin(utcTicks, next);
            if (Matches(utcTicks) != isMatch)
            {
                return utcTicks;
            }
        }
        return utcTicks;
    }

    /// <summary>
    /// The instant at which a run of matching hours began; <see cref="DateTime.MinValue"/> when it is longer than the
    /// search.
    /// </summary>
    private long RunStart(long utcTicks)
    {
        for (var hours = 0; hours < WalkHoursMax; hours++)
        {
            var offset = clock.OffsetAt(utcTicks);
            var local = utcTicks + offset;
            var first = local - local % TimeSpan.TicksPerHour - offset;
            var runStart = clock.OffsetAt(first - 1) == offset ? first : clock.ChangeWithin(first - 1, utcTicks);
            if (runStart <= start || !Matches(runStart - 1))
            {
                return runStart;
            }
            utcTicks = runStart - 1;
        }
        return DateTime.MinValue.Ticks;
    }
}
