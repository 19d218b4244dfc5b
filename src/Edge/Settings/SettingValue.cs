using System.Globalization;

namespace Edge.Settings;

/// <summary>
/// Parses the text of settings. Each method returns null when the text was accepted, else what is wrong with it,
/// without repeating the text, which may be a secret.
/// </summary>
internal static class SettingValue
{
    /// <summary>Separator of the items of a list given as one text.</summary>
    public const char ListSeparator = ',';

    public static string? Flag(string text, out bool value) =>
        bool.TryParse(text, out value) ? null : "must be true or false";

    public static string? Number(string text, long min, long max, out long value)
    {
        var isNumber = long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
        return isNumber && value >= min && value <= max ? null : $"must be a whole number from {min} to {max}";
    }

    public static string? Choice<T>(string text, out T value)
        where T : struct, Enum
    {
        // Enum.TryParse accepts any number, even of an undeclared member, so accept only names.
        value = default;
        var isName = text.Length > 0 && !char.IsAsciiDigit(text[0]) && text[0] != '-';
        return isName && Enum.TryParse(text, ignoreCase: true, out value)
            ? null
            : "must be one of " + string.Join(", ", Enum.GetNames<T>().Select(CamelCase));
    }

    public static string[] Items(string text) =>
        text.Split(ListSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    public static string CamelCase(string name) => char.ToLowerInvariant(name[0]) + name[1..];

    /// <summary>The known name closest to a misspelt one.</summary>
    public static string Nearest(IEnumerable<string> known, string name) =>
        known.MinBy(candidate => Distance(candidate.ToLowerInvariant(), name.ToLowerInvariant()))!;

    /// <summary>Levenshtein distance.</summary>
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var substitution = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substitution, Math.Min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.Length];
    }
}
