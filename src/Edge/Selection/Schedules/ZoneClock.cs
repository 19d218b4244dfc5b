namespace Edge.Selection.Schedules;

/// <summary>
/// Converts between instants and the wall clock of one time zone. An instant has one wall clock time; a wall clock time
/// may have two instants (a clock set back shows an hour twice) or none (a clock set forward skips one). As in Cronos
/// and Vixie cron, an ambiguous time means its first pass, and a skipped time the first instant after the gap. The
/// platform is only asked for offsets of instants, because only these are unambiguous. Instants are ticks of 100 ns,
/// UTC. Thread safe.
/// </summary>
internal sealed class ZoneClock(TimeZoneInfo zone)
{
    /// <summary>
    /// More than the largest jump of a wall clock: Pacific islands that crossed the date line skipped a day.
    /// </summary>
    public const long JumpTicksMax = 25 * TimeSpan.TicksPerHour;

    /// <summary>Keeps the sum of an instant, an offset and a jump within the range of <see cref="DateTime"/>.</summary>
    private const long MarginTicks = 3 * TimeSpan.TicksPerDay;

    /// <summary>
    /// The instants for which schedules are computed: beyond them, near the ends of the calendar, the state is that of
    /// the nearer one. A week more than the margin, the longest period of a series.
    /// </summary>
    public static readonly long FirstTicks = DateTime.MinValue.Ticks + MarginTicks + 7 * TimeSpan.TicksPerDay;

    /// <summary>The other end.</summary>
    public static readonly long LastTicks = DateTime.MaxValue.Ticks - MarginTicks - 7 * TimeSpan.TicksPerDay;

    private readonly bool _isFixed = !zone.SupportsDaylightSavingTime && zone.GetAdjustmentRules().Length == 0;

    /// <summary>The offset from UTC at an instant.</summary>
    public long OffsetAt(long utcTicks) =>
        _isFixed ? zone.BaseUtcOffset.Ticks : zone.GetUtcOffset(new DateTime(Clamp(utcTicks), DateTimeKind.Utc)).Ticks;

    /// <summary>The wall clock at an instant.</summary>
    public DateTime LocalAt(long utcTicks) => new(Clamp(utcTicks) + OffsetAt(utcTicks));

    /// <summary>The instant at which the wall clock first shows a time, or the end of the gap that skips it.</summary>
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
    /// The first instant with another offset after <paramref name="from"/> and up to <paramref name="to"/>, between
    /// which the offset changes exactly once.
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

    /// <summary>A wall clock time some time later; the end of the calendar when that lies beyond it.</summary>
    public static DateTime Later(DateTime local, long ticks) =>
        new(ticks < DateTime.MaxValue.Ticks - local.Ticks ? local.Ticks + ticks : DateTime.MaxValue.Ticks);

    private static long Clamp(long ticks) =>
        Math.Clamp(ticks, DateTime.MinValue.Ticks + MarginTicks, DateTime.MaxValue.Ticks - MarginTicks);
}
