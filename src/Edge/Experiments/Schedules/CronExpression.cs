using System.Numerics;
using Edge.Selection.Schedules;

namespace Edge.Experiments.Schedules;

/// <summary>
/// A cron expression of five fields (minute, hour, day of month, month, day of week) as defined by crontab(5), over
/// local wall clock times; <see cref="CronFires"/> applies a time zone. When both day fields are restricted a day
/// matches either; a field that begins with a star, also <c>*/2</c>, counts as unrestricted (Vixie cron). Immutable.
/// </summary>
internal sealed class CronExpression
{
    /// <summary>
    /// Days searched for a match: 29 February on a given weekday can be 40 years away, across a century year that is
    /// not a leap year.
    /// </summary>
    public const int SearchDaysMax = 41 * 366;

    private readonly ulong _minutes;
    private readonly ulong _hours;
    private readonly ulong _daysOfMonth;
    private readonly ulong _months;
    private readonly ulong _daysOfWeek;
    private readonly bool _isEitherDay;

    public CronExpression(in CronFields fields)
    {
        _minutes = fields.Minutes.Bits;
        _hours = fields.Hours.Bits;
        _daysOfMonth = fields.DaysOfMonth.Bits;
        _months = fields.Months.Bits;
        _daysOfWeek = fields.DaysOfWeek.Bits;
        _isEitherDay = !fields.DaysOfMonth.BeginsWithStar && !fields.DaysOfWeek.BeginsWithStar;
        IsEveryMinute = fields.Minutes.IsPlainStar;
        IsInterval = fields.Minutes.HasRange || fields.Hours.HasRange;
    }

    /// <summary>
    /// Whether the minute field is a plain star: such an expression describes time spans rather than single fires.
    /// </summary>
    public bool IsEveryMinute { get; }

    /// <summary>
    /// Whether it fires at intervals rather than at fixed times of day: the hour or the minute field has a star, range
    /// or step. Intervals follow the wall clock through a change of offset; fixed times, lists of them too, fire once.
    /// </summary>
    public bool IsInterval { get; }

    /// <summary>Whether the minute that contains a local time matches.</summary>
    public bool Matches(DateTime local) =>
        (_minutes >> local.Minute & 1) != 0 && (_hours >> local.Hour & 1) != 0 && MatchesDay(local);

    /// <summary>
    /// The first matching minute at or after a local time; null when there is none within the search limit.
    /// </summary>
    public DateTime? NextAtOrAfter(DateTime local)
    {
        if (local.Ticks % TimeSpan.TicksPerMinute != 0)
        {
            if (DateTime.MaxValue - local < TimeSpan.FromMinutes(1))
            {
                return null;
            }
            local = new DateTime(local.Ticks / TimeSpan.TicksPerMinute * TimeSpan.TicksPerMinute).AddMinutes(1);
        }
        var day = local.Date;
        var from = local.TimeOfDay;
        for (var searched = 0; searched < SearchDaysMax; searched++)
        {
            if (MatchesDay(day) && NextTime(from) is { } time)
            {
                return day + time;
            }
            if (day == DateTime.MaxValue.Date)
            {
                return null;
            }
            day = day.AddDays(1);
            from = TimeSpan.Zero;
        }
        return null;
    }

    /// <summary>
    /// The last matching minute at or before a local time; null when there is none within the search limit.
    /// </summary>
    public DateTime? PreviousAtOrBefore(DateTime local)
    {
        var day = local.Date;
        var from = local.TimeOfDay;
        for (var searched = 0; searched < SearchDaysMax; searched++)
        {
            if (MatchesDay(day) && PreviousTime(from) is { } time)
            {
                return day + time;
            }
            if (day == DateTime.MinValue.Date)
            {
                return null;
            }
            day = day.AddDays(-1);
            from = new TimeSpan(23, 59, 0);
        }
        return null;
    }

    /// <summary>Parses an expression; when it is refused, the message says which field and why.</summary>
    public static CronExpression? TryParse(string text, out string message) =>
        CronFields.TryParse(text, out var fields, out message) ? new CronExpression(fields) : null;

    private bool MatchesDay(DateTime day)
    {
        if ((_months >> day.Month & 1) == 0)
        {
            return false;
        }
        var isDayOfMonth = (_daysOfMonth >> day.Day & 1) != 0;
        var isDayOfWeek = (_daysOfWeek >> (int)day.DayOfWeek & 1) != 0;
        return _isEitherDay ? isDayOfMonth || isDayOfWeek : isDayOfMonth && isDayOfWeek;
    }

    private TimeSpan? NextTime(TimeSpan from)
    {
        var minute = _minutes >> from.Minutes << from.Minutes;
        if ((_hours >> from.Hours & 1) != 0 && minute != 0)
        {
            return new TimeSpan(from.Hours, BitOperations.TrailingZeroCount(minute), 0);
        }
        var hours = from.Hours == 23 ? 0 : _hours >> from.Hours + 1 << from.Hours + 1;
        return hours == 0
            ? null
            : new TimeSpan(BitOperations.TrailingZeroCount(hours), BitOperations.TrailingZeroCount(_minutes), 0);
    }

    private TimeSpan? PreviousTime(TimeSpan from)
    {
        var minute = _minutes & (2UL << from.Minutes) - 1;
        if ((_hours >> from.Hours & 1) != 0 && minute != 0)
        {
            return new TimeSpan(from.Hours, BitOperations.Log2(minute), 0);
        }
        var hours = _hours & (1UL << from.Hours) - 1;
        return hours == 0 ? null : new TimeSpan(BitOperations.Log2(hours), BitOperations.Log2(_minutes), 0);
    }
}
