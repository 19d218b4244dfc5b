using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text;

namespace Edge.Formats;

/// <summary>
/// A host in the one form that all browsers interpret alike: lower-case labels of letters, digits, hyphens and
/// underscores, with a dot at the end where one was written, or four decimal bytes. Names in other scripts become
/// punycode (IDNA2008 without transitional mapping, as the URL standard says: <c>ß</c> stays a letter); characters
/// that a browser would first map to others (full-width forms, ideographic dots, ligatures, invisible characters) are
/// refused, because the platform has no mapping table in invariant mode and a wrong guess would send people to another
/// host. Pure.
/// </summary>
internal static class HostName
{
    private const int CharsMax = 253;
    private const int LabelCharsMax = 63;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");
    private const string PunycodePrefix = "xn--";

    /// <summary>
    /// Letters and marks that browsers map to others or refuse, as pairs of first and last: those of the categories and
    /// blocks below that do not come back unchanged from the host parser of the URL standard (Unicode 17), and parts
    /// of which syllables are composed.
    /// </summary>
    private const string Mapped =
        "\u00B5\u00B5\u0132\u0132\u0133\u0133\u013F\u013F\u0140\u0140\u01C4\u01C5\u01C7\u01C8\u01CA\u01CB"
        + "\u01F1\u01F2\u01F3\u01F3\u02B0\u02B8\u02E0\u02E4\u0374\u0374\u037A\u037A\u03D0\u03D1\u03D5\u03D6"
        + "\u03F0\u03F2\u03F5\u03F5\u03F9\u03F9\u04C0\u04C0\u0587\u0587\u0675\u0678\u088F\u088F\u0897\u0897"
        + "\u0958\u095F\u09DC\u09DD\u09DF\u09DF\u0A33\u0A33\u0A36\u0A36\u0A59\u0A5B\u0A5E\u0A5E\u0B5C\u0B5D"
        + "\u0C5C\u0C5C\u0CDC\u0CDC\u0E33\u0E33\u0EB3\u0EB3\u0EDC\u0EDD\u0F43\u0F43\u0F4D\u0F4D\u0F52\u0F52"
        + "\u0F57\u0F57\u0F5C\u0F5C\u0F69\u0F69\u0F73\u0F73\u0F75\u0F79\u0F81\u0F81\u0F93\u0F93\u0F9D\u0F9D"
        + "\u0FA2\u0FA2\u0FA7\u0FA7\u0FAC\u0FAC\u0FB9\u0FB9\u10A0\u10C5\u10FC\u10FC\u1100\u11FF\u13A0\u13F5"
        + "\u13F8\u13FD\u17B4\u17B5\u180B\u180D\u180F\u180F\u1ACF\u1ADD\u1AE0\u1AEB\u1C80\u1C88\u1C89\u1C89"
        + "\u1C8A\u1C8A\u1D2C\u1D2E\u1D30\u1D3A\u1D3C\u1D4D\u1D4F\u1D6A\u1D78\u1D78\u1D9B\u1DBF\u1E9A\u1E9B"
        + "\u1E9E\u1E9E\u1F71\u1F71\u1F73\u1F73\u1F75\u1F75\u1F77\u1F77\u1F79\u1F79\u1F7B\u1F7B\u1F7D\u1F7D"
        + "\u1F80\u1F87\u1F88\u1F8F\u1F90\u1F97\u1F98\u1F9F\u1FA0\u1FA7\u1FA8\u1FAF\u1FB2\u1FB4\u1FB7\u1FB7"
        + "\u1FBB\u1FBC\u1FBE\u1FBE\u1FC2\u1FC4\u1FC7\u1FC7\u1FC9\u1FC9\u1FCB\u1FCC\u1FD3\u1FD3\u1FDB\u1FDB"
        + "\u1FE3\u1FE3\u1FEB\u1FEB\u1FF2\u1FF4\u1FF7\u1FF7\u1FF9\u1FF9\u1FFB\u1FFC\u2132\u2132\u2160\u216F"
        + "\u2183\u2183\u24B6\u24CF\u2C7C\u2C7D\u2D6F\u2D6F\u3099\u309A\u309F\u309F\u30FF\u30FF\uA69C\uA69D"
        + "\uA770\uA770\uA7CB\uA7CC\uA7CD\uA7CD\uA7CE\uA7CE\uA7CF\uA7CF\uA7D2\uA7D2\uA7D4\uA7D4\uA7DA\uA7DA"
        + "\uA7DB\uA7DB\uA7DC\uA7DC\uA7F1\uA7F4\uA7F8\uA7F9\uA960\uA97F\uAB5C\uAB5F\uAB69\uAB69\uAB70\uABBF"
        + "\uD7B0\uD7FF\uFF21\uFF3A";

    private static readonly IdnMapping Punycode = new() { UseStd3AsciiRules = false };

    /// <summary>The ASCII form of a host name or IPv4 address.</summary>
    public static bool TryParse(string text, out string ascii)
    {
        ascii = text.ToLowerInvariant();
        // Capitals too: browsers map some of them to other letters than these.
        if (text.Any(IsMapped))
        {
            return false;
        }

        if (text.Length > CharsMax + 1)
        {
            return false;
        }

        foreach (var c in ascii)
        {
            if (!char.IsAscii(c) && !IsStableLetter(c))
            {
                return false;
            }
        }
        if (!Ascii.IsValid(ascii))
        {
            if (!ascii.Split('.').All(HasSoundDigits))
            {
                return false;
            }

            try
            {
                ascii = Punycode.GetAscii(ascii);
            }
            catch (ArgumentException)
            {
                return false; // The platform's only way to report that a label cannot be encoded.
            }
        }
        var isRooted = ascii.EndsWith('.');
        var name = isRooted ? ascii[..^1] : ascii;
        if (!name.Split('.').All(IsSoundPunycode) || name.Length > CharsMax || !AreLabels(name, out var last))
        {
            return false;
        }

        // An address loses the dot, as in browsers.
        var isNumeric = IsNumeric(last);
        ascii = isNumeric ? name : ascii;
        return !isNumeric || IsDottedQuad(name);
    }

    /// <summary>
    /// Text to compare with hosts, such as a host, its end or a part of it: labels in other scripts as punycode, others
    /// unchanged, and what cannot be a label as it is.
    /// </summary>
    public static string Comparable(ReadOnlySpan<char> text)
    {
        var whole = text.ToString();
        return Ascii.IsValid(text)
            ? whole
            : string.Join(
                '.',
                whole
                    .Split('.')
                    .Select(label =>
                        label.Length <= LabelCharsMax && TryParse(label, out var ascii)
                            ? ascii
                            : label.ToLowerInvariant()
                    )
            );
    }

    /// <summary>
    /// Whether a label is no punycode, or decodes to what browsers accept in it: letters that they do not map, or
    /// emoji.
    /// </summary>
    private static bool IsSoundPunycode(string label)
    {
        if (!label.StartsWith(PunycodePrefix, StringComparison.Ordinal))
        {
            return true;
        }

        try
        {
            var decoded = Punycode.GetUnicode(label);
            return !Ascii.IsValid(decoded)
                && Punycode.GetAscii(decoded) == label
                && HasSoundDigits(decoded)
                && decoded.EnumerateRunes().All(static rune => rune.IsAscii || IsSoundRune(rune));
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    /// <summary>
    /// Whether a label with Arabic-Indic digits begins with a letter that is written from right to left and has no other
    /// digits (RFC 5893 section 2, rules 1, 4 and 5; the platform looks at letters alone).
    /// </summary>
    private static bool HasSoundDigits(string label) =>
        !label.AsSpan().ContainsAnyInRange('\u0660', '\u0669')
        || (
            label[0] is >= '\u05D0' and <= '\u08FF'
            && char.IsLetter(label[0])
            && !label.AsSpan().ContainsAnyInRange('0', '9')
            && !label.AsSpan().ContainsAnyInRange('\u06F0', '\u06F9')
        );

    private static bool IsSoundRune(Rune rune) =>
        rune.IsBmp
            ? IsStableLetter((char)rune.Value) || Rune.GetUnicodeCategory(rune) == UnicodeCategory.OtherSymbol
            // Not the alphabets for mathematics, enclosed letters, compatibility ideographs and tags.
            : rune.Value
                is not (
                    (>= 0x1D400 and <= 0x1D7FF)
                    or (>= 0x1EE00 and <= 0x1EEFF)
                    or (>= 0x1F100 and <= 0x1F2FF)
                    or (>= 0x1FBF0 and <= 0x1FBF9)
                    or (>= 0x2F800 and <= 0x2FA1F)
                    or >= 0xE0000
                )
                && Rune.GetUnicodeCategory(rune)
                    is not (UnicodeCategory.UppercaseLetter or UnicodeCategory.OtherNotAssigned);

    private static bool IsMapped(char c)
    {
        for (var i = 0; i < Mapped.Length; i += 2)
        {
            if (c >= Mapped[i] && c <= Mapped[i + 1])
            {
                return true;
            }
        }

        return false;
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
                or '\u00AA'
                or '\u00BA'
                or '\u0149'
                or '\u017F'
                or (>= '\u01C4' and <= '\u01CC')
            || IsMapped(c)
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
