using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Edge.Requests;

/// <summary>
/// Recognises a request a browser makes before anybody asked for it (spec 8.1; the Fetch standard for <c>Sec-Purpose</c>). Pure.
/// </summary>
internal static class Speculation
{
    /// <summary>The reason why the request is speculative, a word from a closed set; null when it is not.</summary>
    public static string? Judge(IHeaderDictionary headers) =>
        Says(headers["Sec-Purpose"], "prefetch") ? "sec_purpose"
        : Says(headers["Purpose"], "prefetch") ? "purpose"
        : Says(headers["X-Moz"], "prefetch") ? "x_moz"
        : Says(headers["X-Purpose"], "preview") ? "x_purpose"
        : null;

    private static bool Says(in StringValues values, string word)
    {
        for (var i = 0; i < values.Count; i++)
            if (values[i] is { } value && value.Contains(word, StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }
}
