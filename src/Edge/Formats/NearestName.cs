namespace Edge.Formats;

/// <summary>Finds the name somebody meant who misspelt it. Pure.</summary>
internal static class NearestName
{
    /// <summary>
    /// The known name closest to a misspelt one, ignoring case; there must be at least one. The beginning of a single
    /// one means that one: <c>ip</c> is <c>ip_hash</c>, not <c>id</c>.
    /// </summary>
    public static string Of(IEnumerable<string> known, string name)
    {
        var names = known.ToList();
        return names.FindAll(candidate => candidate.StartsWith(name, StringComparison.OrdinalIgnoreCase)) is [var only]
            ? only
            : Closest(names, name);
    }

    /// <summary>
    /// The known name that was probably meant: at most every third letter is wrong; null when none is that close.
    /// </summary>
    public static string? Probable(IReadOnlyCollection<string> known, string name)
    {
        if (known.Count == 0 || name.Length > 2 * known.Max(candidate => candidate.Length))
        {
            return null;
        }

        var nearest = Closest(known, name);
        return Distance(nearest.ToLowerInvariant(), name.ToLowerInvariant()) <= (name.Length + 2) / 3 ? nearest : null;
    }

    /// <summary>
    /// The one known name that begins with the same four letters as a shorter one: <c>props</c> is <c>properties</c>;
    /// null when there is none, or more than one.
    /// </summary>
    public static string? Longer(IEnumerable<string> known, string name) =>
        name.Length < 4
            ? null
            : known
                .Where(candidate => candidate.Length > name.Length)
                .Where(candidate => candidate.StartsWith(name[..4], StringComparison.OrdinalIgnoreCase))
                .ToArray()
            is [var only]
            ? only
            : null;

    private static string Closest(IEnumerable<string> known, string name) =>
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
