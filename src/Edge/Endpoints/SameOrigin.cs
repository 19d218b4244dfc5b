using Edge.Requests;

namespace Edge.Endpoints;

/// <summary>
/// Whether a browser says that the page which sends a request is ours. Cookies go along with what other pages send,
/// too, so a request that has nothing but a cookie needs this proof to change anything. Thread safe.
/// </summary>
/// <param name="addresses">Knows the proxies in front, which say by which scheme they were asked.</param>
internal sealed class SameOrigin(ClientAddressResolver addresses)
{
    private const string FetchSite = "Sec-Fetch-Site";
    private const string ForwardedProto = "X-Forwarded-Proto";

    /// <summary>
    /// True when the browser says so, by <c>Sec-Fetch-Site</c> or, where it does not send that (plain HTTP), by an
    /// <c>Origin</c> with the host that was asked; false when it says otherwise; null when it says nothing.
    /// </summary>
    public bool? Judge(HttpRequest request)
    {
        var site = request.Headers[FetchSite];
        if (site.Count > 0)
        {
            return site.Count == 1 && site[0] is "same-origin" or "none";
        }

        var origin = request.Headers.Origin;
        return origin.Count == 0 ? null : origin.Count == 1 && IsOurs(origin[0] ?? "", request);
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

    /// <summary>What has another scheme than the web's has no host to compare, whatever stands in its place.</summary>
    private bool IsOurs(string origin, HttpRequest request)
    {
        var scheme =
            origin.StartsWith("https://", StringComparison.OrdinalIgnoreCase) ? "https"
            : origin.StartsWith("http://", StringComparison.OrdinalIgnoreCase) ? "http"
            : null;
        return scheme is not null
            && request.Host.HasValue
            && (SchemeAsked(request) is not { } asked || asked.Equals(scheme, StringComparison.OrdinalIgnoreCase))
            && HostOf(origin.AsSpan(scheme.Length + 3), scheme)
                .Equals(HostOf(request.Host.Value, scheme), StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>
    /// The scheme that the browser used: what a proxy in front that we trust says; ours where it is TLS, as a browser's
    /// must be then; null when nobody knows.
    /// </summary>
    private string? SchemeAsked(HttpRequest request) =>
        request.Headers[ForwardedProto] is [{ } asked]
        && addresses.IsTrusted(ClientAddress.From(request.HttpContext.Connection.RemoteIpAddress))
            ? asked.Trim()
        : request.IsHttps ? "https"
        : null;

    /// <summary>Without the port that a scheme means when none is written.</summary>
    private static ReadOnlySpan<char> HostOf(ReadOnlySpan<char> authority, string scheme)
    {
        var usual = scheme == "https" ? ":443" : ":80";
        return authority.EndsWith(usual) ? authority[..^usual.Length] : authority;
    }
}
