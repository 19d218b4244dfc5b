namespace Edge.Selection.Schedules;

/// <summary>
/// The wall clock of one time zone, both ways. From an instant to the wall clock there is one answer; from the wall
/// clock to an instant there may be two (a clock set back shows an hour twice) or none (set forward, it skips one).
/// The rule here: the first pass of an ambiguous time, and the first instant after the gap for a skipped one (Cronos,
/// Vixie cron). Only offsets of instants are asked of the platform, because only these are unambiguous. Instants are
/// ticks of 100 ns, UTC. Thread safe.
/// </summary>
internal sealed class ZoneClock(TimeZoneInfo zone)
{
    /// <summary>
    /// Above the largest jump of a wall clock: the Pacific islands that crossed the date line skipped a day.
    /// </summary>
    public const long JumpTicksMax = 25 * TimeSpan.TicksPerHour;

    /// <summary>Keeps sums of an instant, an offset and a jump inside the calendar.</summary>
    private const long MarginTicks = 3 * TimeSpan.TicksPerDay;

    private readonly bool _isFixed = !zone.SupportsDaylightSavingTime && zone.GetAdjustmentRules().Length == 0;

    /// <summary>What has to be added to UTC at an instant.</summary>
    public long OffsetAt(long utcTicks) =>
        _isFixed ? zone.BaseUtcOffset.Ticks : zone.GetUtcOffset(new DateTime(Clamp(utcTicks), DateTimeKind.Utc)).Ticks;

    /// <summary>The wall clock at an instant.</summary>
    public DateTime LocalAt(long utcTicks) => new(Clamp(utcTicks) + OffsetAt(utcTicks));

    /// <summary>
    /// The instant at which the wall clock first shows a time, or the end of the gap that swallowed it.
    /// </summary>
    public long FirstInstantOf(DateTime local)
    {
        var ticks = Clamp(local.Ticks);
        var before = OffsetAt(ticks - JumpTicksMax);
        var after = OffsetAt(ticks + JumpTicksMax);
        var early = ticks - Math.Max(before, after);
        var late = ticks - Math.Min(before, after);
        if (OffsetAt(early) == ticks - early)
        {
            return early;
        }
        if (OffsetAt(late) == ticks - late)
        {
            return late;
        }
        return ChangeWithin(early, late);
    }

    /// <summary>
    /// The first instant of another offset after <paramref name="from"/> and not after <paramref name="to"/>, between
    /// which the offset changes once.
    /// </summary>
    public long ChangeWithin(long from, long to)
    {
        var offset = OffsetAt(from);
        while (to - from > 1)
        {
            var middle = from + (to - from) / 2;
            if (OffsetAt(middle) == offset)
            {
                from = middle;
            }
            else
            {
                to = middle;
            }
        }
        return to;
    }

    private static long Clamp(long ticks) =>
        Math.Clamp(ticks, DateTime.MinValue.Ticks + MarginTicks, DateTime.MaxValue.Ticks - MarginTicks);
}
