using System.Text;

namespace Edge.Endpoints;

/// <summary>
/// Paths of links and pixels as people copy them from paper and mails: in capitals, with a slash or a full stop behind
/// them, with doubled slashes. The canonical form has none of these; percent-encoded letters are decoded by the server
/// before. Such a path is answered at once, without a redirect to the canonical one. Pure.
/// </summary>
internal static class TrackingPath
{
    public const string Prefix = "/s/";

    /// <summary>
    /// The canonical form of a tracking path; other paths as they are. A canonical one costs no memory.
    /// </summary>
    public static string Canonical(string path)
    {
        var begin = 0;
        while (begin + 1 < path.Length && path[begin] == '/' && path[begin + 1] == '/')
        {
            begin++;
        }

        var text = path.AsSpan(begin);
        if (!text.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
        {
            return path;
        }

        var isCanonical =
            begin == 0
            && !text.ContainsAnyInRange('A', 'Z')
            && text[^1] is not ('/' or '.')
            && !text.Contains("//", StringComparison.Ordinal);
        return isCanonical ? path : Rewrite(text.TrimEnd("/."));
    }

    private static string Rewrite(ReadOnlySpan<char> text)
    {
        var canonical = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (c != '/' || canonical.Length == 0 || canonical[^1] != '/')
            {
                canonical.Append(char.IsAsciiLetterUpper(c) ? char.ToLowerInvariant(c) : c);
            }
        }

        return canonical.ToString();
    }
}
