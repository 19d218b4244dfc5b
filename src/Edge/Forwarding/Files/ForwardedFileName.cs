using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Edge.Forwarding.Files;

/// <summary>
/// The name of one file of the file sink: <c>events-2026112109-000001.ndjson</c>, the UTC hour in which the file was
/// begun and an increasing number. Names sort as text in the order the files were written.
/// </summary>
/// <param name="Hour">UTC year, month, day and hour as one decimal number, <c>yyyyMMddHH</c>.</param>
/// <param name="Number">Counts files over all hours, from 1. Six digits in the name, more when needed.</param>
internal readonly record struct ForwardedFileName(long Hour, long Number)
{
    private const string Prefix = "events-";
    private const string Suffix = ".ndjson";
    private const int HourDigits = 10;
    private const int NumberDigitsMin = 6;
    private const int NumberDigitsMax = 18;

    /// <summary>
    /// Matches every name of the file sink and possibly others, which <see cref="TryParse"/> refuses.
    /// </summary>
    public const string SearchPattern = Prefix + "*" + Suffix;

    /// <summary>The hour of a point in time.</summary>
    public static long HourOf(DateTimeOffset moment)
    {
        var utc = moment.UtcDateTime;
        return (((utc.Year * 100L) + utc.Month) * 100 + utc.Day) * 100 + utc.Hour;
    }

    /// <summary>
    /// Reads a file name without its directory. Anything that <see cref="ToString"/> does not write is refused.
    /// </summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out ForwardedFileName name)
    {
        name = default;
        if (
            text is null
            || !text.StartsWith(Prefix, StringComparison.Ordinal)
            || !text.EndsWith(Suffix, StringComparison.Ordinal)
        )
        {
            return false;
        }

        var numberStart = Prefix.Length + HourDigits + 1;
        var numberDigits = text.Length - Suffix.Length - numberStart;
        if (numberDigits is < NumberDigitsMin or > NumberDigitsMax || text[numberStart - 1] != '-')
        {
            return false;
        }

        if (
            !TryParseDigits(text.AsSpan(Prefix.Length, HourDigits), out var hour)
            || !TryParseDigits(text.AsSpan(numberStart, numberDigits), out var number)
        )
        {
            return false;
        }

        name = new ForwardedFileName(hour, number);
        return name.ToString() == text;
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Hour:D10}-{Number:D6}{Suffix}");

    private static bool TryParseDigits(ReadOnlySpan<char> digits, out long value) =>
        long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out value);
}
