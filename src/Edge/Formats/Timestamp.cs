using System.Globalization;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Edge.Formats;

/// <summary>
/// Instants in JSON: RFC 3339 section 5.6 in, UTC with milliseconds out. An offset is required, because a local time
/// without a zone names no instant. Fractions beyond 100 ns are cut off. Never throws for input.
/// </summary>
internal static class Timestamp
{
    /// <summary>Length of <see cref="OutputFormat"/>'s text.</summary>
    public const int OutputChars = 24;

    /// <summary>The one form that is written.</summary>
    public const string OutputFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    private const int DateTimeChars = 19; // 2026-01-31T23:59:59
    private const int FractionDigitsKept = 7;

    /// <summary>Reads one timestamp; a leap second counts as the second after it.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out DateTimeOffset value) => TryParse<char>(text, out value);

    /// <summary>Reads one timestamp of UTF-8 bytes.</summary>
    public static bool TryParse(ReadOnlySpan<byte> utf8, out DateTimeOffset value) => TryParse<byte>(utf8, out value);

    /// <summary>The text of an instant, for example <c>2026-05-16T19:00:00.000Z</c>.</summary>
    public static string Format(DateTimeOffset value) =>
        value.UtcDateTime.ToString(OutputFormat, CultureInfo.InvariantCulture);

    /// <summary>Writes the text of an instant, <see cref="OutputChars"/> bytes of ASCII.</summary>
    public static void Write(DateTimeOffset value, Span<byte> destination)
    {
        // By hand, because every event has one and a format string takes ten times as long.
        var time = value.UtcDateTime;
        var text = destination[..OutputChars];
        time.Deconstruct(out DateOnly date, out TimeOnly clock);
        date.Deconstruct(out var year, out var month, out var day);
        Digits(text, year / 100, 0);
        Digits(text, year % 100, 2);
        text[4] = (byte)'-';
        Digits(text, month, 5);
        text[7] = (byte)'-';
        Digits(text, day, 8);
        text[10] = (byte)'T';
        Digits(text, clock.Hour, 11);
        text[13] = (byte)':';
        Digits(text, clock.Minute, 14);
        text[16] = (byte)':';
        Digits(text, clock.Second, 17);
        text[19] = (byte)'.';
        var milliseconds = clock.Millisecond;
        text[20] = (byte)('0' + (milliseconds / 100));
        Digits(text, milliseconds % 100, 21);
        text[23] = (byte)'Z';
    }

    /// <summary>Writes a number below 100 as two digits.</summary>
    private static void Digits(Span<byte> text, int number, int at)
    {
        text[at] = (byte)('0' + (number / 10));
        text[at + 1] = (byte)('0' + (number % 10));
    }

    private static bool TryParse<TChar>(ReadOnlySpan<TChar> text, out DateTimeOffset value)
        where TChar : unmanaged, IBinaryInteger<TChar>
    {
        value = default;
        if (text.Length <= DateTimeChars || Letter(text[10]) is not ('T' or 't'))
        {
            return false;
        }
        if (
            !TryDigits(text[..4], '\0', out var year)
            || !TryDigits(text[4..7], '-', out var month)
            || !TryDigits(text[7..10], '-', out var day)
            || !TryDigits(text[11..13], '\0', out var hour)
            || !TryDigits(text[13..16], ':', out var minute)
            || !TryDigits(text[16..19], ':', out var second)
        )
        {
            return false;
        }
        if (
            year < 1
            || month is < 1 or > 12
            || day < 1
            || day > DateTime.DaysInMonth(year, month)
            || hour > 23
            || minute > 59
            || second > 60
        )
        {
            return false;
        }
        var rest = text[DateTimeChars..];
        if (!TryFraction(ref rest, out var fractionTicks) || !TryOffset(rest, out var offsetTicks))
        {
            return false;
        }
        var ticks =
            new DateTime(year, month, day, hour, minute, 0, DateTimeKind.Utc).Ticks
            + second * TimeSpan.TicksPerSecond
            + fractionTicks
            - offsetTicks;
        if (ticks < DateTime.MinValue.Ticks || ticks > DateTime.MaxValue.Ticks)
        {
            return false;
        }
        value = new DateTimeOffset(ticks, TimeSpan.Zero);
        return true;
    }

    private static bool TryDigits<TChar>(ReadOnlySpan<TChar> text, char separator, out int value)
        where TChar : unmanaged, IBinaryInteger<TChar>
    {
        value = 0;
        if (separator != '\0')
        {
            if (Letter(text[0]) != separator)
            {
                return false;
            }
            text = text[1..];
        }
        foreach (var each in text)
        {
            var c = Letter(each);
            if (!char.IsAsciiDigit(c))
            {
                return false;
            }
            value = value * 10 + (c - '0');
        }
        return true;
    }

    private static bool TryFraction<TChar>(ref ReadOnlySpan<TChar> rest, out long ticks)
        where TChar : unmanaged, IBinaryInteger<TChar>
    {
        ticks = 0;
        if (Letter(rest[0]) != '.')
        {
            return true;
        }
        var digits = 0;
        var scale = TimeSpan.TicksPerSecond;
        for (rest = rest[1..]; rest.Length > 0 && char.IsAsciiDigit(Letter(rest[0])); rest = rest[1..])
        {
            if (digits++ < FractionDigitsKept)
            {
                scale /= 10;
                ticks += (Letter(rest[0]) - '0') * scale;
            }
        }
        return digits > 0 && rest.Length > 0;
    }

    private static bool TryOffset<TChar>(ReadOnlySpan<TChar> text, out long ticks)
        where TChar : unmanaged, IBinaryInteger<TChar>
    {
        ticks = 0;
        if (text.Length == 1 && Letter(text[0]) is ('Z' or 'z'))
        {
            return true;
        }
        if (
            text.Length != 6
            || Letter(text[0]) is not ('+' or '-')
            || !TryDigits(text[1..3], '\0', out var hours)
            || !TryDigits(text[3..], ':', out var minutes)
            || hours > 23
            || minutes > 59
        )
        {
            return false;
        }
        ticks = (hours * 60L + minutes) * TimeSpan.TicksPerMinute * (Letter(text[0]) == '-' ? -1 : 1);
        return true;
    }

    /// <summary>A byte beyond ASCII becomes some letter of Latin-1, which no timestamp has.</summary>
    private static char Letter<TChar>(TChar value)
        where TChar : unmanaged, IBinaryInteger<TChar> => (char)ushort.CreateTruncating(value);
}

/// <summary>Lets the JSON serializer write instants as <see cref="Timestamp"/> does.</summary>
internal sealed class TimestampConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && Timestamp.TryParse(reader.GetString(), out var value)
            ? value
            : throw new JsonException("must be an RFC 3339 date-time with an offset");

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(Timestamp.Format(value));
}
