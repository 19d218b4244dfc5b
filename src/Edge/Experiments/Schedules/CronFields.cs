using System.Globalization;

namespace Edge.Experiments.Schedules;

/// <summary>One field of a cron expression.</summary>
/// <param name="Bits">Bit <c>n</c> is set when the value <c>n</c> matches.</param>
/// <param name="IsPlainStar">The field is <c>*</c>.</param>
/// <param name="BeginsWithStar">The field begins with <c>*</c>.</param>
/// <param name="HasRange">The field has a star, a range or a step.</param>
internal readonly record struct CronField(ulong Bits, bool IsPlainStar, bool BeginsWithStar, bool HasRange);

/// <summary>
/// The five fields of a cron expression and their parser. Accepted: star, numbers, names of months and weekdays, ranges
/// (descending ranges wrap around, as in <c>FRI-MON</c> or <c>22-4</c>), steps and lists; 0 and 7 are Sunday; the
/// macros <c>@yearly</c> to <c>@hourly</c>. Refused: a sixth field for seconds, and days that do not exist in any of
/// the expression's months.
/// </summary>
internal readonly record struct CronFields(
    CronField Minutes,
    CronField Hours,
    CronField DaysOfMonth,
    CronField Months,
    CronField DaysOfWeek
)
{
    private const string MonthNames = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
    private const string WeekdayNames = "SUNMONTUEWEDTHUFRISAT";

    private static readonly Kind MinuteKind = new("minute", 0, 59, "");
    private static readonly Kind HourKind = new("hour", 0, 23, "");
    private static readonly Kind DayOfMonthKind = new("day of month", 1, 31, "");
    private static readonly Kind MonthKind = new("month", 1, 12, MonthNames);
    private static readonly Kind DayOfWeekKind = new("day of week", 0, 6, WeekdayNames);

    /// <summary>Parses an expression; when it is refused, the message says which field and why.</summary>
    public static bool TryParse(string text, out CronFields fields, out string message)
    {
        fields = default;
        var parts = Expand(text).Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length != 5)
        {
            message =
                parts.Length == 6
                    ? "must have five fields, without seconds: minute hour day-of-month month day-of-week"
                    : "must have five fields: minute hour day-of-month month day-of-week, or be a macro such as @daily";
            return false;
        }
        if (
            !TryField(parts[0], MinuteKind, out var minutes, out message)
            || !TryField(parts[1], HourKind, out var hours, out message)
            || !TryField(parts[2], DayOfMonthKind, out var daysOfMonth, out message)
            || !TryField(parts[3], MonthKind, out var months, out message)
            || !TryField(parts[4], DayOfWeekKind, out var daysOfWeek, out message)
        )
        {
            return false;
        }
        fields = new CronFields(minutes, hours, daysOfMonth, months, daysOfWeek);
        if (fields.NeverMatches())
        {
            message = "names days that do not exist in its months";
            return false;
        }
        return true;
    }

    private static string Expand(string text) =>
        text.Trim(' ', '\t').ToLowerInvariant() switch
        {
            "@yearly" or "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" or "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            _ => text,
        };

    /// <summary>
    /// When either day field is unrestricted, a day must match both, so that 31 February never matches.
    /// </summary>
    private bool NeverMatches()
    {
        if (!DaysOfMonth.BeginsWithStar && !DaysOfWeek.BeginsWithStar)
        {
            return false;
        }
        var firstDay = System.Numerics.BitOperations.TrailingZeroCount(DaysOfMonth.Bits);
        for (var month = 1; month <= 12; month++)
        {
            // 2000 is a leap year.
            if ((Months.Bits >> month & 1) != 0 && firstDay <= DateTime.DaysInMonth(2000, month))
            {
                return false;
            }
        }
        return true;
    }

    private static bool TryField(string text, Kind kind, out CronField field, out string message)
    {
        field = default;
        message = "";
        var bits = 0UL;
        var hasRange = false;
        foreach (var item in text.Split(','))
        {
            if (!TryItem(item, kind, ref bits, ref hasRange, out var problem))
            {
                message = $"has an invalid {kind.Name} field '{text}': {problem}";
                return false;
            }
        }
        field = new CronField(bits, text == "*", text.StartsWith('*'), hasRange);
        return true;
    }

    private static bool TryItem(string item, Kind kind, ref ulong bits, ref bool hasRange, out string problem)
    {
        problem = "";
        var step = 1;
        var slash = item.IndexOf('/', StringComparison.Ordinal);
        if (
            slash >= 0
            && !(
                int.TryParse(item.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out step)
                && step >= 1
                && step <= kind.Size
            )
        )
        {
            problem = $"a step must be from 1 to {kind.Size}";
            return false;
        }
        var range = slash < 0 ? item : item[..slash];
        var dash = range.IndexOf('-', StringComparison.Ordinal);
        int first,
            last;
        if (range == "*")
        {
            (first, last) = (kind.Min, kind.Max);
        }
        else if (!kind.TryValue(dash < 0 ? range : range[..dash], out first))
        {
            problem = Alternative(range) ?? kind.Expectation;
            return false;
        }
        else if (dash < 0)
        {
            // 7 is Sunday too, so steps from a weekday on reach it.
            last = slash < 0 ? first : kind.IsWeekday && first <= kind.Max ? kind.Max + 1 : kind.Max;
        }
        else if (!kind.TryValue(range[(dash + 1)..], out last))
        {
            problem = kind.Expectation;
            return false;
        }
        hasRange |= range == "*" || dash >= 0 || slash >= 0;
        var size = kind.Size;
        // 7 is also Sunday: as the end of a range it follows Saturday, as the start it is 0.
        var length = (kind.Wrap(last) - kind.Wrap(first) + size) % size + 1;
        if (first != last && kind.Wrap(first) == kind.Wrap(last))
        {
            length = size;
        }
        for (var i = 0; i < length; i += step)
        {
            bits |= 1UL << kind.Min + (kind.Wrap(first) - kind.Min + i) % size;
        }
        return true;
    }

    /// <summary>What to write instead of an extension of other schedulers; null for other mistakes.</summary>
    private static string? Alternative(string text) =>
        text switch
        {
            "?" => "write * instead of ?",
            _ when text.Contains('#', StringComparison.Ordinal) =>
                "# (the n-th weekday of a month) is not supported; use recurrence type none with startAt and endAt",
            _ when text.EndsWith('L') || text.EndsWith('l') || text.StartsWith("L-", StringComparison.OrdinalIgnoreCase) =>
                "L (the last day) is not supported; name the day of each month, such as '0 0 31 1,3,5,7,8,10,12 *'",
            _ when text.EndsWith('W') || text.EndsWith('w') =>
                "W (the nearest weekday) is not supported; name days of the month or of the week",
            _ => null,
        };

    private sealed record Kind(string Name, int Min, int Max, string Names)
    {
        public int Size => Max - Min + 1;

        public bool IsWeekday => Names == WeekdayNames;

        public string Expectation =>
            Names.Length == 0
                ? $"values must be from {Min} to {Max}"
                : $"values must be from {Min} to {(Min == 0 ? Max + 1 : Max)} or names such as {Names[..3]}";

        public bool TryValue(string text, out int value)
        {
            var at = text.Length == 3 ? Names.IndexOf(text, StringComparison.OrdinalIgnoreCase) : -1;
            if (at >= 0 && at % 3 == 0)
            {
                value = Min + at / 3;
                return true;
            }
            return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value)
                && text.Length <= 2
                && value >= Min
                && value <= (IsWeekday ? Max + 1 : Max);
        }

        /// <summary>Maps the weekday 7 to 0; other values are unchanged.</summary>
        public int Wrap(int value) => value > Max ? Min : value;
    }
}
