using System.Buffers;

namespace Edge.Access;

/// <summary>
/// Where a browser key may be sent from (spec 6.1): scheme, host and port must be exactly those of one listed origin.
/// Programs can state any origin, so this keeps pages from using a key, and nobody else. Pure.
/// </summary>
internal static class OriginRule
{
    /// <summary>Longest origin that is looked at.</summary>
    public const int CharsMax = 255;

    private static readonly SearchValues<char> NotInAuthority = SearchValues.Create("/?#@\\ \t");

    /// <summary>
    /// Whether the origin of a request is among the listed ones; a missing one and <c>null</c> are not.
    /// </summary>
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
    /// The origin as a browser writes it: lower case, no default port (RFC 6454 section 6.1). False when it is none, so
    /// also when it has a path, a slash at its end or user information.
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
