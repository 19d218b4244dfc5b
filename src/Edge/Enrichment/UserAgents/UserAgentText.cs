using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Edge.Enrichment.UserAgents;

/// <summary>
/// The part of a user agent that the rules see: the header's first 512 bytes, decoded as UTF-8 if valid, else as
/// Latin-1 (RFC 9110 section 5.5 leaves the encoding open). Pure.
/// </summary>
internal static class UserAgentText
{
    /// <summary>
    /// Bytes of a user agent that are used, which bounds the cost; also the maximum number of characters of a text.
    /// </summary>
    public const int MaxBytes = 512;

    /// <summary>Length of the longest UTF-8 sequence, bytes.</summary>
    private const int SequenceMaxBytes = 4;

    /// <summary>Decodes a header that holds one byte per char. Allocates only for text that is not ASCII.</summary>
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
            // Drop a sequence that was cut off by the limit.
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

    /// <summary>Truncates a header to the part that is used.</summary>
    public static ReadOnlySpan<char> Cut(ReadOnlySpan<char> header) =>
        header.Length > MaxBytes ? header[..MaxBytes] : header;

    /// <summary>
    /// Maps a character to the alphabet of the programs; the classes are those of .NET's <c>\w \d \s \b</c>.
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

    /// <summary>Maps a symbol to lower case, as used by the literals.</summary>
    public static byte Fold(byte symbol) =>
        symbol switch
        {
            >= (byte)'A' and <= (byte)'Z' => (byte)(symbol | 0x20),
            RuleFormat.KelvinSign => (byte)'k',
            _ => symbol,
        };
}
