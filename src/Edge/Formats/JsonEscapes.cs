using System.Text;

namespace Edge.Formats;

/// <summary>
/// The inside of a JSON string as it was sent: what its escapes stand for. Every text must come from a JSON reader that
/// has accepted it and must be valid UTF-8, so an escape is never cut short. Pure; allocates nothing; never throws.
/// </summary>
internal static class JsonEscapes
{
    private const byte Backslash = (byte)'\\';

    /// <summary>Whether an escape is one half of a surrogate pair without the other, which is no character.</summary>
    public static bool HasLoneSurrogate(ReadOnlySpan<byte> escaped)
    {
        var at = 0;
        while (NextEscape(escaped, ref at))
        {
            if (IsSurrogate(ReadEscape(escaped, ref at)))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>
    /// Position of the next escape, of six bytes, that stands for U+0000 or half of a surrogate pair, which stores of
    /// text do not take; -1 when there is none. Takes a whole JSON value too: no backslash stands outside its strings.
    /// </summary>
    public static int IndexOfUnstorable(ReadOnlySpan<byte> escaped, int from)
    {
        var at = from;
        while (NextEscape(escaped, ref at))
        {
            var start = at;
            var character = ReadEscape(escaped, ref at);
            if (character == 0 || IsSurrogate(character))
            {
                return start;
            }
        }

        return -1;
    }

    /// <summary>
    /// Writes the text as UTF-8; false when it has half of a surrogate pair or U+0000, which stores of text do not
    /// take.
    /// </summary>
    /// <param name="escaped">The inside of the string.</param>
    /// <param name="destination">At least as long as <paramref name="escaped"/>: no escape is shorter than what it
    /// stands for.</param>
    /// <param name="written">Bytes of the text.</param>
    public static bool TryUnescape(ReadOnlySpan<byte> escaped, Span<byte> destination, out int written)
    {
        written = 0;
        var from = 0;
        var at = 0;
        while (NextEscape(escaped, ref at))
        {
            escaped[from..at].CopyTo(destination[written..]);
            written += at - from;
            var character = ReadEscape(escaped, ref at);
            from = at;
            if (character == 0 || IsSurrogate(character))
            {
                return false;
            }

            written += new Rune(character).EncodeToUtf8(destination[written..]);
        }
        escaped[from..].CopyTo(destination[written..]);
        written += escaped.Length - from;
        return true;
    }

    /// <summary>
    /// Bytes of the string as <c>JSON.stringify</c> would write it, without the quotes: only what must be escaped is.
    /// </summary>
    public static int StringifiedBytes(ReadOnlySpan<byte> escaped)
    {
        var bytes = 0;
        var from = 0;
        var at = 0;
        while (NextEscape(escaped, ref at))
        {
            bytes += at - from;
            bytes += StringifiedBytes(ReadEscape(escaped, ref at));
            from = at;
        }
        return bytes + escaped.Length - from;
    }

    private static int StringifiedBytes(int character) =>
        character switch
        {
            '"' or Backslash or '\b' or '\f' or '\n' or '\r' or '\t' => 2,
            < ' ' => 6,
            _ when IsSurrogate(character) => 6,
            _ => new Rune(character).Utf8SequenceLength,
        };

    private static bool NextEscape(ReadOnlySpan<byte> escaped, ref int at)
    {
        var ahead = escaped[at..].IndexOf(Backslash);
        at += Math.Max(ahead, 0);
        return ahead >= 0;
    }

    /// <summary>
    /// The character behind the backslash at <paramref name="at"/>, which moves on; a lone surrogate is returned as it
    /// is.
    /// </summary>
    private static int ReadEscape(ReadOnlySpan<byte> escaped, ref int at)
    {
        var letter = escaped[at + 1];
        at += 2;
        if (letter != (byte)'u')
        {
            return letter switch
            {
                (byte)'b' => '\b',
                (byte)'f' => '\f',
                (byte)'n' => '\n',
                (byte)'r' => '\r',
                (byte)'t' => '\t',
                _ => letter,
            };
        }
        var unit = ReadUnit(escaped, at);
        at += 4;
        if (
            !char.IsHighSurrogate(unit)
            || escaped.Length < at + 6
            || escaped[at] != Backslash
            || escaped[at + 1] != (byte)'u'
        )
        {
            return unit;
        }

        var low = ReadUnit(escaped, at + 2);
        if (!char.IsLowSurrogate(low))
        {
            return unit;
        }

        at += 6;
        return char.ConvertToUtf32(unit, low);
    }

    /// <summary>Four hexadecimal digits; a letter has bit 6 set and stands 9 above its low bits.</summary>
    private static char ReadUnit(ReadOnlySpan<byte> escaped, int at)
    {
        var unit = 0;
        foreach (var digit in escaped.Slice(at, 4))
        {
            unit = unit << 4 | (digit & 0xF) + (digit >> 6) * 9;
        }

        return (char)unit;
    }

    private static bool IsSurrogate(int character) => character is >= 0xD800 and <= 0xDFFF;
}
