namespace Edge.Endpoints;

/// <summary>
/// Whether a browser says that the page which sends a request is ours. Cookies go along with what other pages send,
/// too, so a request that has nothing but a cookie needs this proof to change anything. Pure.
/// </summary>
internal static class SameOrigin
{
    private const string FetchSite = "Sec-Fetch-Site";

    /// <summary>
    /// True when the browser says so, by <c>Sec-Fetch-Site</c> or, where it does not send that (plain HTTP), by an
    /// <c>Origin</c> with the host that was asked; false when it says otherwise; null when it says nothing.
    /// </summary>
    public static bool? Judge(HttpRequest request)
    {
        var site = request.Headers[FetchSite];
        if (site.Count > 0)
        {
            return site.Count == 1 && site[0] is "same-origin" or "none";
        }

        var origin = request.Headers.Origin;
        if (origin.Count == 0)
        {
            return null;
        }

        return origin.Count == 1
            && origin[0] is { } text
            && text.IndexOf("://", StringComparison.Ordinal) is > 0 and var at
            && request.Host.HasValue
            && text.AsSpan(at + 3).Equals(request.Host.Value, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>403 for what another page has sent, or nobody says who.</summary>
    public static Task RefuseAsync(HttpContext context) =>
        Problem.WriteAsync(
            context,
            StatusCodes.Status403Forbidden,
            "cross-origin-request",
            "Cross-Origin Request",
            "A session is accepted from its own page alone: the request needs Sec-Fetch-Site: same-origin, or an Origin "
                + "with the host that is asked. Programs send Authorization: Bearer KEY instead."
        );
}
