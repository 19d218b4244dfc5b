using System.Globalization;
using System.Text;

namespace Edge.Endpoints.Page;

/// <summary>
/// A text as it may be drawn beside others, by the rules of the page (<c>src/Edge.Page/src/ui/drawn.ts</c>): what nobody
/// would see is written out, such as <c>[U+202E]</c>, and words from right to left are isolated, so that neither changes the
/// order of its neighbours. Pure.
/// </summary>
internal static class DrawnText
{
    private const char FirstStrongIsolate = '\u2068';
    private const char PopIsolate = '\u2069';
    private const int ZeroWidthNonJoiner = 0x200C;
    private const int ZeroWidthJoiner = 0x200D;

    /// <summary>The last letter of Latin, beyond which there are scripts and emoji that need joiners.</summary>
    private const int LastLatin = 0x024F;

    /// <summary>The text with what cannot be seen written out.</summary>
    public static string Of(string text)
    {
        var drawn = new StringBuilder(text.Length);
        Rune[] runes = [.. text.EnumerateRunes()];
        for (var i = 0; i < runes.Length; i++)
        {
            var isBetween = i > 0 && i < runes.Length - 1 && runes[i - 1].Value > LastLatin && runes[i + 1].Value > LastLatin;
            _ = IsUnseen(runes[i], isBetween)
                ? drawn.Append(CultureInfo.InvariantCulture, $"[U+{runes[i].Value:X4}]")
                : drawn.Append(runes[i]);
        }

        return drawn.ToString();
    }

    /// <summary>The text with its words from right to left between isolating characters.</summary>
    public static string Isolate(string text)
    {
        var isolated = new StringBuilder(text.Length);
        // Behind the last letter from right to left of the words that are open; below 0 when there are none.
        var end = -1;
        foreach (var rune in text.EnumerateRunes())
        {
            var isTurned = IsRightToLeft(rune);
            if (isTurned && end < 0)
            {
                isolated.Append(FirstStrongIsolate);
            }
            else if (!isTurned && end >= 0 && !MayStandBetween(rune))
            {
                isolated.Insert(end, PopIsolate);
                end = -1;
            }

            isolated.Append(rune);
            end = isTurned ? isolated.Length : end;
        }

        return end < 0 ? isolated.ToString() : isolated.Insert(end, PopIsolate).ToString();
    }

    /// <param name="rune">The character.</param>
    /// <param name="isBetween">Whether it stands between two characters that are not Latin.</param>
    private static bool IsUnseen(Rune rune, bool isBetween) =>
        rune.Value switch
        {
            ZeroWidthNonJoiner or ZeroWidthJoiner => !isBetween,
            // Signs of Arabic that are drawn around numbers.
            (>= 0x0600 and <= 0x0605) or 0x06DD or 0x070F or 0x0890 or 0x0891 or 0x08E2 => false,
            // Fillers, which are letters or marks that show nothing.
            0x034F or 0x115F or 0x1160 or 0x17B4 or 0x17B5 or 0x2800 or 0x3164 or 0xFFA0 => true,
            _ => Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format,
        };

    private static bool IsRightToLeft(Rune rune) =>
        rune.Value
            is (>= 0x0590 and <= 0x08FF)
                or (>= 0xFB1D and <= 0xFDFF)
                or (>= 0xFE70 and <= 0xFEFC)
                or (>= 0x10800 and <= 0x10FFF)
                or (>= 0x1E800 and <= 0x1EFFF);

    private static bool MayStandBetween(Rune rune) =>
        Rune.IsWhiteSpace(rune)
        || rune.Value is '\'' or '-' or 0x2019
        || Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.NonSpacingMark
                or UnicodeCategory.SpacingCombiningMark
                or UnicodeCategory.EnclosingMark;
}
