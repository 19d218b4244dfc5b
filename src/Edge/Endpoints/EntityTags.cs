using Microsoft.Net.Http.Headers;

namespace Edge.Endpoints;

/// <summary>What a client has already, and in which form it takes what it has not. Pure.</summary>
internal static class EntityTags
{
    /// <summary>Whether <c>If-None-Match</c> names the tag, or anything.</summary>
    public static bool IsKnown(HttpRequest request, string tag)
    {
        foreach (var known in request.Headers.IfNoneMatch)
        {
            if (known is not null && (known == "*" || known.Contains(tag, StringComparison.Ordinal)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether the client takes gzip.</summary>
    public static bool AcceptsGzip(HttpRequest request)
    {
        if (!StringWithQualityHeaderValue.TryParseList(request.Headers.AcceptEncoding, out var codings))
        {
            return false;
        }

        foreach (var coding in codings)
        {
            if (coding.Value.Equals("gzip", StringComparison.OrdinalIgnoreCase))
            {
                return coding.Quality is null or > 0;
            }
        }

        return false;
    }
}
