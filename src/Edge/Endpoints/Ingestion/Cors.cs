using Edge.Access;
using Microsoft.Extensions.Primitives;

namespace Edge.Endpoints.Ingestion;

/// <summary>
/// Lets pages of any origin send events and read the answer (spec 1.8). The origin is echoed and credentials are
/// allowed, because beacons are sent with them; nothing here reads a cookie, so they grant nothing. Who may send is
/// decided by key and origin, on the request itself.
/// </summary>
/// <param name="allowHeaders">Headers a page may send.</param>
internal sealed class Cors(string allowHeaders)
{
    /// <summary>Methods of every ingestion route, for Allow.</summary>
    public const string Allow = "OPTIONS, POST";

    /// <summary>The origin of a page that has none of its own (RFC 6454 section 7.1).</summary>
    private const string Opaque = "null";

    private static readonly StringValues Methods = "POST";
    private static readonly StringValues Any = "*";
    private static readonly StringValues MaxAge = "86400";
    private static readonly StringValues Yes = "true";
    private static readonly StringValues Exposed =
        AckHeader.Name + ", Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset";
    private static readonly StringValues VaryOrigin = "Origin";

    private readonly StringValues _allowHeaders = allowHeaders;

    /// <summary>Writes the headers that let the sending page read the response, whatever its status.</summary>
    private static void AllowOrigin(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.Vary = VaryOrigin;
        var origin = context.Request.Headers.Origin;
        if (origin.Count != 1 || !IsEchoed(origin[0]))
        {
            return;
        }

        headers.AccessControlExposeHeaders = Exposed;
        if (origin[0] == Opaque)
        {
            // Every sandbox and file has this origin: to trust it with credentials is to trust everybody.
            headers.AccessControlAllowOrigin = Any;
            return;
        }

        headers.AccessControlAllowOrigin = origin;
        headers.AccessControlAllowCredentials = Yes;
    }

    /// <summary>
    /// Lets the sending page read the response and, when the request is a preflight, completes it: 204 with what the
    /// route takes. A preflight cannot see the key, so it is never refused.
    /// </summary>
    public bool IsPreflight(HttpContext context)
    {
        AllowOrigin(context);
        if (!RequestMethod.IsOptions(context.Request.Method))
        {
            return false;
        }

        var headers = context.Response.Headers;
        headers.AccessControlAllowMethods = Methods;
        headers.AccessControlAllowHeaders = _allowHeaders;
        headers.AccessControlMaxAge = MaxAge;
        headers.Allow = Allow;
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return true;
    }

    /// <summary>Only what is valid in a header: bytes beyond ASCII would make the response fail.</summary>
    private static bool IsEchoed(string? origin) =>
        origin is { Length: > 0 and <= OriginRule.CharsMax } && !origin.AsSpan().ContainsAnyExceptInRange('!', '~');
}
