using System.Buffers;
using System.Text;
using Edge.Formats;

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
    private static readonly SearchValues<char> AppSchemeChars = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyz0123456789+-."
    );

    /// <summary>Whether the origin of a request is listed; a missing origin and <c>null</c> never are.</summary>
    public static bool Allows(IReadOnlyList<string> listed, string? origin)
    {
        if (string.IsNullOrEmpty(origin))
        {
            return false;
        }

        foreach (var allowed in listed)
        {
            // Keys of earlier versions can have names in other scripts.
            if (
                allowed == origin
                || (!Ascii.IsValid(allowed) && TryNormalize(allowed, out var ascii) && ascii == origin)
            )
            {
                return true;
            }
        }

        return TryNormalize(origin, out var normalized) && normalized != origin && Allows(listed, normalized);
    }

    /// <summary>
    /// Normalises an origin to the form that browsers send: lower case, the host in ASCII, no default port (RFC 6454
    /// section 6.2). An origin of an app, such as <c>capacitor://localhost</c>, is taken exactly as it is written.
    /// False when the text is not an origin, for example because it has a path, a trailing slash or user information.
    /// </summary>
    public static bool TryNormalize(string text, out string origin)
    {
        origin = "";
        var end = text.IndexOf("://", StringComparison.Ordinal);
        if (end <= 0 || text.Length > CharsMax || text.AsSpan(end + 3).ContainsAny(NotInAuthority))
        {
            return false;
        }

        var isWeb =
            text.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
            || text.StartsWith("http://", StringComparison.OrdinalIgnoreCase);
        if (!isWeb)
        {
            origin = text;
            return text.Length > end + 3 && IsAppScheme(text.AsSpan(0, end)) && Ascii.IsValid(text);
        }

        if (!Ascii.IsValid(text))
        {
            var colon = text.IndexOf(':', end + 3);
            var host = colon < 0 ? text[(end + 3)..] : text[(end + 3)..colon];
            if (!HostName.TryParse(host, out var ascii))
            {
                return false;
            }

            text = text[..(end + 3)] + ascii + (colon < 0 ? "" : text[colon..]);
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Host.Length == 0)
        {
            return false;
        }

        origin = uri.GetLeftPart(UriPartial.Authority);
        return true;
    }

    private static bool IsAppScheme(ReadOnlySpan<char> scheme) =>
        char.IsAsciiLetterLower(scheme[0]) && !scheme.ContainsAnyExcept(AppSchemeChars);
}
