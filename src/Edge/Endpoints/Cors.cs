using System.Buffers;
using Edge.Access;
using Edge.Endpoints.Ingestion;
using Microsoft.Extensions.Primitives;

namespace Edge.Endpoints;

/// <summary>
/// Lets pages of any origin send events and read the answer (spec 1.8). The origin is echoed and credentials are
/// allowed, because beacons are sent with them; nothing here reads a cookie, so they grant nothing. Who may send is
/// decided by key and origin, on the request itself.
/// </summary>
/// <param name="allowHeaders">
/// Headers that senders of the route use. Whatever else a page asks for is allowed too: scripts that measure pages add
/// headers to every request of theirs, and a preflight that refused one would block the event.
/// </param>
/// <param name="methods">Methods of the route.</param>
internal sealed class Cors(string allowHeaders, string methods = "POST")
{
    /// <summary>Methods of every ingestion route, for Allow.</summary>
    public const string Allow = "OPTIONS, POST";

    /// <summary>Longest list of headers that a page may ask for, characters.</summary>
    private const int AskedCharsMax = 2_048;

    /// <summary>The tracking routes; pixel and click take POST.</summary>
    public static readonly Cors Tracking = new(AckHeader.Name, "GET, HEAD, POST");

    /// <summary>Resolve and images.</summary>
    public static readonly Cors Reading = new(AckHeader.Name, "GET, HEAD");

    /// <summary>Paths that do not exist, so that the page can read that from the answer.</summary>
    public static readonly Cors Nowhere = new("Authorization, Content-Type", "GET, HEAD, POST");

    /// <summary>The origin of a page that has none of its own (RFC 6454 section 7.1).</summary>
    private const string Opaque = "null";

    private static readonly SearchValues<char> NameChars = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~, "
    );
    private static readonly StringValues Any = "*";
    private static readonly StringValues MaxAge = "86400";
    private static readonly StringValues Yes = "true";
    private static readonly StringValues Exposed =
        $"{AckHeader.Name}, {OutcomeHeader.Name}, {IgnoredHeader.Name}, ETag, Retry-After, "
        + "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset";
    private static readonly StringValues VaryOrigin = "Origin";

    private readonly StringValues _methods = methods;

    /// <summary>Methods of the route, for Allow.</summary>
    public string Offered { get; } = methods == "POST" ? Allow : methods + ", OPTIONS";

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
        var asked = context.Request.Headers.AccessControlRequestHeaders.ToString();
        headers.AccessControlAllowMethods = _methods;
        headers.AccessControlAllowHeaders = IsList(asked) ? $"{allowHeaders}, {asked}" : allowHeaders;
        headers.AccessControlMaxAge = MaxAge;
        headers.Allow = Offered;
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return true;
    }

    /// <summary>Writes the headers that let the sending page read the response, whatever its status.</summary>
    public static void AllowOrigin(HttpContext context)
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

    /// <summary>Whether it is a list of header names, so that it can be repeated in a header.</summary>
    private static bool IsList(ReadOnlySpan<char> asked) =>
        asked.Length is > 0 and <= AskedCharsMax && !asked.ContainsAnyExcept(NameChars);

    /// <summary>Only what is valid in a header: bytes beyond ASCII would make the response fail.</summary>
    private static bool IsEchoed(string? origin) =>
        origin is { Length: > 0 and <= OriginRule.CharsMax } && !origin.AsSpan().ContainsAnyExceptInRange('!', '~');
}
