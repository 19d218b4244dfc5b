using Edge.Experiments.Schedules;

namespace Edge.Selection.Schedules;

/// <summary>
/// The instants at which a cron expression fires on the wall clock of a zone. Fixed times of day fire once a day
/// despite clock changes: at the first pass of an ambiguous time, or right after the gap that skips the time. Intervals
/// follow the wall clock: they fire again in the second pass of an hour and not at all in a gap. Immutable.
/// </summary>
internal sealed class CronFires(CronExpression cron, ZoneClock clock)
{
    private const long Near = ZoneClock.JumpTicksMax;
    private const long Window = Near + TimeSpan.TicksPerHour;

    /// <summary>
    /// The last fire at or before an instant; null when there is none within the search limit and the calendar.
    /// </summary>
    public long? AtOrBefore(long utcTicks) =>
        utcTicks < ZoneClock.FirstTicks ? null
        : cron.IsInterval ? IntervalAtOrBefore(utcTicks) : FixedAtOrBefore(utcTicks);

    /// <summary>The first fire after an instant; null when there is none within the search limit and the calendar.</summary>
    public long? After(long utcTicks) =>
        utcTicks > ZoneClock.LastTicks ? null
        : cron.IsInterval ? IntervalAfter(utcTicks) : FixedAfter(utcTicks);

    /// <summary>
    /// Starts the search one maximum jump later, because the wall clock may already have shown a time that it will show
    /// again. Instants increase with wall clock times, so the first candidate that is not too late is the last fire.
    /// </summary>
    private long? FixedAtOrBefore(long utcTicks)
    {
        var local = cron.PreviousAtOrBefore(clock.LocalAt(utcTicks).AddTicks(Near));
        while (local is { } candidate)
        {
            var instant = clock.FirstInstantOf(candidate);
            if (instant <= utcTicks)
            {
                return instant;
            }
            local = cron.PreviousAtOrBefore(candidate.AddMinutes(-1));
        }
        return null;
    }

    private long? FixedAfter(long utcTicks)
    {
        var local = cron.NextAtOrAfter(clock.LocalAt(utcTicks).AddTicks(-Near));
        while (local is { } candidate)
        {
            var instant = clock.FirstInstantOf(candidate);
            if (instant > utcTicks)
            {
                return instant;
            }
            local = cron.NextAtOrAfter(candidate.AddMinutes(1));
        }
        return null;
    }

    /// <summary>
    /// While the offset does not change, the last matching wall clock time is the last fire. A change of offset within
    /// the window is therefore crossed first. If the match lies before the window, so do all fires, and the search
    /// continues near the match, because offsets differ by less than the maximum jump.
    /// </summary>
    private long? IntervalAtOrBefore(long utcTicks)
    {
        var instant = utcTicks;
        while (true)
        {
            var offset = clock.OffsetAt(instant);
            if (cron.PreviousAtOrBefore(clock.LocalAt(instant)) is not { } local)
            {
                return null;
            }
            var match = local.Ticks - offset;
            var windowStart = instant - Window;
            if (clock.OffsetAt(windowStart) != offset)
            {
                var change = clock.ChangeWithin(windowStart, instant);
                if (match >= change)
                {
                    return match;
                }
                instant = change - 1;
            }
            else if (match >= windowStart)
            {
                return match;
            }
            else
            {
                instant = match + Near;
            }
        }
    }

    private long? IntervalAfter(long utcTicks)
    {
        var instant = utcTicks + 1;
        while (true)
        {
            var offset = clock.OffsetAt(instant);
            if (cron.NextAtOrAfter(clock.LocalAt(instant)) is not { } local)
            {
                return null;
            }
            var match = local.Ticks - offset;
            var windowEnd = instant + Window;
            if (clock.OffsetAt(windowEnd) != offset)
            {
                var change = clock.ChangeWithin(instant, windowEnd);
                if (match < change)
                {
                    return match;
                }
                instant = change;
            }
            else if (match <= windowEnd)
            {
                return match;
            }
            else
            {
                instant = match - Near;
            }
        }
    }
}
