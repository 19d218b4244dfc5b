using System.Buffers;

namespace Edge.Access;

/// <summary>
/// Checks the origin from which a browser key is used (spec 6.1): scheme, host and port must exactly match a listed
/// origin. Programs can send any origin, so this only prevents other web pages from using a key. Pure.
/// </summary>
internal static class OriginRule
{
    /// <summary>Longest origin that is accepted, characters.</summary>
    public const int CharsMax = 255;

    private static readonly SearchValues<char> NotInAuthority = SearchValues.Create("/?#@\\ \t");

    /// <summary>Whether the origin of a request is listed; a missing origin and <c>null</c> never are.</summary>
    public static bool Allows(IReadOnlyList<string> listed, string? origin)
    {
        if (string.IsNullOrEmpty(origin))
        {
            return false;
        }

        foreach (var allowed in listed)
        {
            if (allowed == origin)
            {
                return true;
            }
        }

        return TryNormalize(origin, out var normalized) && normalized != origin && Allows(listed, normalized);
    }

    /// <summary>
    /// Normalises an origin to the form that browsers send: lower case, no default port (RFC 6454 section 6.1). False
    /// when the text is not an origin, for example because it has a path, a trailing slash or user information.
    /// </summary>
    public static bool TryNormalize(string text, out string origin)
    {
        origin = "";
        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        if (scheme <= 0 || text.Length > CharsMax || text.AsSpan(scheme + 3).ContainsAny(NotInAuthority))
        {
            return false;
        }

        if (
            !Uri.TryCreate(text, UriKind.Absolute, out var uri)
            || uri.Scheme is not ("http" or "https")
            || uri.Host.Length == 0
        )
        {
            return false;
        }

        origin = uri.GetLeftPart(UriPartial.Authority);
        return true;
    }
}
