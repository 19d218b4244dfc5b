namespace Edge.Formats;

/// <summary>
/// The parts of a URL, as slices of it: nothing is validated, decoded or allocated, and what is not there
/// is empty. For classification only; a redirect target is read by a stricter grammar. Pure; never throws.
/// </summary>
internal static class UrlText
{
    /// <summary>
    /// The host, without user information and port; brackets of an IPv6 address stay. Other schemes than http have
    /// hosts too: mail and chat programs send <c>android-app://com.example</c>.
    /// </summary>
    public static ReadOnlySpan<char> Host(ReadOnlySpan<char> url)
    {
        var scheme = url.IndexOf("://", StringComparison.Ordinal);
        if (scheme <= 0)
        {
            return default;
        }

        var authority = url[(scheme + 3)..];
        var end = authority.IndexOfAny('/', '?', '#');
        authority = end < 0 ? authority : authority[..end];
        authority = authority[(authority.LastIndexOf('@') + 1)..];
        if (authority.StartsWith("["))
        {
            return authority[..(authority.IndexOf(']') + 1)];
        }

        var colon = authority.IndexOf(':');
        return colon < 0 ? authority : authority[..colon];
    }

    /// <summary>The query behind the first question mark, without the fragment.</summary>
    public static ReadOnlySpan<char> Query(ReadOnlySpan<char> url)
    {
        var hash = url.IndexOf('#');
        url = hash < 0 ? url : url[..hash];
        var mark = url.IndexOf('?');
        return mark < 0 ? default : url[(mark + 1)..];
    }

    /// <summary>Whether it is a URL of something else than a web page; text without a scheme is not.</summary>
    public static bool HasOtherSchemeThanHttp(ReadOnlySpan<char> url)
    {
        var end = url.IndexOfAny(':', '/', '?') is var at and > 0 && url[at] == ':' ? at : 0;
        var scheme = url[..end];
        return end > 0
            && !scheme.Equals("https", StringComparison.OrdinalIgnoreCase)
            && !scheme.Equals("http", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>A host without a leading <c>www.</c>, since visitors and owners write it either way.</summary>
    public static ReadOnlySpan<char> WithoutWww(ReadOnlySpan<char> host) =>
        host.StartsWith("www.", StringComparison.OrdinalIgnoreCase) ? host[4..] : host;
}
