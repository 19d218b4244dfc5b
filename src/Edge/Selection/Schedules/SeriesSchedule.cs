namespace Edge.Selection.Schedules;

/// <summary>
/// Repeats at the same wall clock times each local day, or each week on the weekday of the start. When <c>endAt</c> is
/// within one period of <c>startAt</c>, it ends the first occurrence and the series has no end; when it is later, its
/// time of day ends each occurrence, and it also ends the series. Without <c>endAt</c> an occurrence lasts until the
/// next one begins. Occurrences are measured on the wall clock: on the day of a clock change they are an hour longer or
/// shorter. An occurrence that lies within the gap of a change begins when the gap ends and has its full length.
/// </summary>
internal sealed class SeriesSchedule : Schedule
{
    private readonly ZoneClock _clock;
    private readonly int _periodDays;
    private readonly long _start;
    private readonly DateTime _firstLocal;

    /// <summary>Wall clock time from start to end of one occurrence; null when it has no end of its own.</summary>
    private readonly TimeSpan? _length;

    /// <summary>No occurrence begins or lasts beyond this instant.</summary>
    private readonly long _seriesEnd = ScheduleState.Never;

    public SeriesSchedule(ZoneClock clock, long start, long? end, int periodDays)
    {
        _clock = clock;
        _periodDays = periodDays;
        _start = start;
        _firstLocal = clock.LocalAt(start);
        if (end is not { } last)
        {
            return;
        }
        var endLocal = clock.LocalAt(last);
        if (last - start <= periodDays * TimeSpan.TicksPerDay)
        {
            // If the clock is set back in between, the end may read earlier than the start; then elapsed time applies.
            _length = endLocal > _firstLocal ? endLocal - _firstLocal : TimeSpan.FromTicks(last - start);
            return;
        }
        var untilTimeOfDay = endLocal.TimeOfDay - _firstLocal.TimeOfDay;
        _length = untilTimeOfDay > TimeSpan.Zero ? untilTimeOfDay : untilTimeOfDay + TimeSpan.FromDays(1);
        _seriesEnd = last;
    }

    public override ScheduleState At(long utcTicks)
    {
        if (utcTicks < _start)
        {
            return ScheduleState.Inactive(_start);
        }
        if (utcTicks >= _seriesEnd)
        {
            return ScheduleState.Inactive(ScheduleState.Never);
        }
        var days = (_clock.LocalAt(utcTicks).Date - _firstLocal.Date).Days;
        // A clock change can move an occurrence by up to a day, so check the neighbouring ones too.
        var latest = days / _periodDays + 1;
        var state = ScheduleState.Inactive(ScheduleState.Never);
        for (var index = Math.Max(0, latest - 3); index <= latest + 1; index++)
        {
            var (start, end) = Occurrence(index);
            if (start >= end || start >= _seriesEnd)
            {
                continue;
            }
            if (start > utcTicks)
            {
                return state with { Until = Math.Min(state.Until, start) };
            }
            if (end > utcTicks)
            {
                state = ScheduleState.Active(start, end);
            }
        }
        return state;
    }

    private (long Start, long End) Occurrence(int index)
    {
        var local = LocalStart(index);
        // When the start is the second pass of an ambiguous time, the first occurrence must not begin before it.
        var start = Math.Max(_start, _clock.FirstInstantOf(local));
        var end = _length is { } length
            ? EndOf(local, length)
            : Math.Max(_start, _clock.FirstInstantOf(LocalStart(index + 1)));
        return (start, Math.Min(end, _seriesEnd));
    }

    private long EndOf(DateTime localStart, TimeSpan length)
    {
        var end = _clock.FirstInstantOf(ZoneClock.Later(localStart, length.Ticks));
        return _clock.FirstInstantOf(localStart) is var start && end > start ? end : start + length.Ticks;
    }

    private DateTime LocalStart(int index) =>
        ZoneClock.Later(_firstLocal, (long)index * _periodDays * TimeSpan.TicksPerDay);
}
