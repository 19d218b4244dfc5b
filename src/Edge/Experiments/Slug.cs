namespace Edge.Experiments;

/// <summary>
/// The name of an experiment in public URLs: 3 to 60 lower-case letters, digits and hyphens, with a letter or digit
/// at both ends, and not one of the reserved words (published slug requirements). Paths are put into lower
/// case before they are compared.
/// </summary>
internal static class Slug
{
    /// <summary>Minimum length, characters.</summary>
    public const int CharsMin = 3;

    /// <summary>Maximum length, characters.</summary>
    public const int CharsMax = 60;

    /// <summary>Paths of the management API beside those of experiments, which their slugs stand in the place of.</summary>
    private static readonly string[] Paths =
    [
        "alerts",
        "audit",
        "quota",
        "summaries",
        "validate",
        "explain",
        "occurrences",
        "definitions",
    ];

    private static readonly string[] Reserved = ["events", "api", "admin", "health", "status", "pixel", "track", "sdk"];

    /// <summary>Whether the text has the form of a slug; true for reserved words too.</summary>
    public static bool IsWellFormed(ReadOnlySpan<char> text)
    {
        if (text.Length is < CharsMin or > CharsMax || text[0] == '-' || text[^1] == '-')
        {
            return false;
        }
        foreach (var c in text)
        {
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-')
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>
    /// Whether the word is a path of the management API, so that an experiment of that name has no page of its own there.
    /// </summary>
    public static bool IsPath(string text) => Array.IndexOf(Paths, text) >= 0;

    /// <summary>Whether the word is reserved for a route, present or future.</summary>
    public static bool IsReserved(string text) => Array.IndexOf(Reserved, text) >= 0;
}
