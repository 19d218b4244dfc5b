using System.Buffers;
using System.Globalization;
using System.Net;

namespace Edge.Experiments;

/// <summary>
/// The host of a stored redirect target, in the one form that all browsers interpret alike: lower-case labels of
/// letters, digits, hyphens and underscores, or four decimal bytes. Names in other scripts become punycode; characters
/// that a browser would first map to others (full-width forms, ideographic dots, ligatures, invisible characters) are
/// refused, because the platform has no mapping table in invariant mode and a wrong guess would send people to another
/// host. Pure.
/// </summary>
internal static class HostName
{
    private const int CharsMax = 253;
    private const int LabelCharsMax = 63;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");
    private static readonly IdnMapping Punycode = new() { UseStd3AsciiRules = false };

    /// <summary>The ASCII form of a host name or IPv4 address.</summary>
    public static bool TryParse(string text, out string ascii)
    {
        ascii = text.ToLowerInvariant();
        foreach (var c in ascii)
        {
            if (!char.IsAscii(c) && !IsStableLetter(c))
            {
                return false;
            }
        }
        if (!System.Text.Ascii.IsValid(ascii))
        {
            try
            {
                ascii = Punycode.GetAscii(ascii);
            }
            catch (ArgumentException)
            {
                return false; // The platform's only way to report that a label cannot be encoded.
            }
        }
        return ascii.Length <= CharsMax && AreLabels(ascii, out var last) && (!IsNumeric(last) || IsDottedQuad(ascii));
    }

    private static bool AreLabels(string host, out string last)
    {
        last = "";
        foreach (var label in host.Split('.'))
        {
            if (label.Length is 0 or > LabelCharsMax || label[0] == '-' || label[^1] == '-')
            {
                return false;
            }
            foreach (var c in label)
            {
                if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c is not ('-' or '_'))
                {
                    return false;
                }
            }
            last = label;
        }
        return true;
    }

    /// <summary>
    /// Browsers read a host whose last label is a number, also a hexadecimal one, as an IPv4 address.
    /// </summary>
    private static bool IsNumeric(string label) =>
        label.AsSpan().IndexOfAnyExceptInRange('0', '9') < 0
        || (label.StartsWith("0x", StringComparison.Ordinal) && label.AsSpan(2).IndexOfAnyExcept(HexDigits) < 0);

    private static bool IsDottedQuad(string host) =>
        IPAddress.TryParse(host, out var address) && address.ToString() == host;

    /// <summary>
    /// Whether a character is a letter, digit or mark that name preparation leaves unchanged, by block: no combining
    /// accents (write the composed letter), letter-like symbols, compatibility or presentation forms; no surrogates,
    /// since emoji hosts are not registered.
    /// </summary>
    private static bool IsStableLetter(char c)
    {
        if (
            c
            is (>= '\u0300' and <= '\u036F')
                or (>= '\u2000' and <= '\u2BFF')
                or (>= '\u3000' and <= '\u3004')
                or (>= '\u3130' and <= '\u318F')
                or (>= '\u3200' and <= '\u33FF')
                or >= '\uF900'
                or 'ß'
                or 'ς'
                or '\u00AA'
                or '\u00BA'
                or '\u0149'
                or '\u017F'
                or (>= '\u01C4' and <= '\u01CC')
        )
        {
            return false;
        }
        return char.GetUnicodeCategory(c)
            is UnicodeCategory.LowercaseLetter
                or UnicodeCategory.OtherLetter
                or UnicodeCategory.ModifierLetter
                or UnicodeCategory.DecimalDigitNumber
                or UnicodeCategory.NonSpacingMark
                or UnicodeCategory.SpacingCombiningMark;
    }
}
