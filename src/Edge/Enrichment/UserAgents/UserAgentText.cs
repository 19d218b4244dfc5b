using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Edge.Enrichment.UserAgents;

/// <summary>
/// What the rules see of a user agent: the header's first 512 bytes, read as UTF-8 when they are that, else as Latin-1
/// (RFC 9110 5.5 leaves it open). Pure.
/// </summary>
internal static class UserAgentText
{
    /// <summary>
    /// Bytes of a user agent that are looked at, so that no input costs more; and so the most characters of a text.
    /// </summary>
    public const int MaxBytes = 512;

    /// <summary>Bytes of the longest UTF-8 sequence.</summary>
    private const int SequenceMaxBytes = 4;

    /// <summary>
    /// The text of a header whose bytes are held in chars. Allocates only for text that is not ASCII.
    /// </summary>
    public static ReadOnlySpan<char> Of(ReadOnlySpan<char> header)
    {
        header = Cut(header);
        if (Ascii.IsValid(header))
        {
            return header;
        }

        Span<byte> bytes = stackalloc byte[MaxBytes];
        for (var i = 0; i < header.Length; i++)
        {
            if (header[i] > byte.MaxValue)
            {
                return header;
            }

            bytes[i] = (byte)header[i];
        }
        bytes = bytes[..header.Length];
        for (var cut = 0; cut < SequenceMaxBytes && cut < bytes.Length; cut++)
        {
            // A sequence that the limit has cut in two is left off.
            if (cut > 0 && header.Length < MaxBytes)
            {
                break;
            }

            if (Utf8.IsValid(bytes[..^cut]))
            {
                return Encoding.UTF8.GetString(bytes[..^cut]);
            }
        }
        return header;
    }

    /// <summary>The part of a header that is looked at.</summary>
    public static ReadOnlySpan<char> Cut(ReadOnlySpan<char> header) =>
        header.Length > MaxBytes ? header[..MaxBytes] : header;

    /// <summary>
    /// A character in the alphabet of the programs; the classes are those of .NET's <c>\w \d \s \b</c>.
    /// </summary>
    public static byte SymbolOf(char c)
    {
        if (c < RuleFormat.Ascii)
        {
            return (byte)c;
        }

        switch (c)
        {
            case '\u212a':
                return RuleFormat.KelvinSign;
            case '\u200c' or '\u200d':
                return RuleFormat.Joiner;
        }
        if (char.IsWhiteSpace(c))
        {
            return RuleFormat.Space;
        }

        return CharUnicodeInfo.GetUnicodeCategory(c) switch
        {
            UnicodeCategory.DecimalDigitNumber => RuleFormat.Digit,
            UnicodeCategory.UppercaseLetter
            or UnicodeCategory.LowercaseLetter
            or UnicodeCategory.TitlecaseLetter
            or UnicodeCategory.ModifierLetter
            or UnicodeCategory.OtherLetter
            or UnicodeCategory.NonSpacingMark
            or UnicodeCategory.ConnectorPunctuation => RuleFormat.Letter,
            _ => RuleFormat.Other,
        };
    }

    /// <summary>A symbol in the alphabet of the literals, which are in lower case.</summary>
    public static byte Fold(byte symbol) =>
        symbol switch
        {
            >= (byte)'A' and <= (byte)'Z' => (byte)(symbol | 0x20),
            RuleFormat.KelvinSign => (byte)'k',
            _ => symbol,
        };
}
