using System.Globalization;
using Edge.Requests.Bodies;

namespace Edge.Endpoints.Ingestion;

/// <summary>
/// The answers of Artie's API (spec 7): every error is <c>{"error":"sentence"}</c>, and the sentences are published.
/// </summary>
internal static class ArtieResponses
{
    /// <summary>There is no valid key.</summary>
    /// <param name="context">The request.</param>
    /// <param name="mixUp">What was sent instead, when that is known.</param>
    public static void Unauthorized(HttpContext context, string? mixUp = null)
    {
        context.Response.Headers.WWWAuthenticate = "Bearer";
        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        Replies.WriteJson(
            context,
            mixUp,
            static (json, mixUp) =>
            {
                json.WriteString("error", "Unauthorized");
                if (mixUp is not null)
                {
                    json.WriteString("detail", mixUp);
                }
            }
        );
    }

    public static void RateLimited(HttpContext context, int retryAfter)
    {
        context.Response.Headers.RetryAfter = retryAfter.ToString(CultureInfo.InvariantCulture);
        Error(context, StatusCodes.Status429TooManyRequests, "Rate limit exceeded. Please retry later.");
    }

    public static void MethodNotAllowed(HttpContext context, string allow)
    {
        context.Response.Headers.Allow = allow;
        Error(context, StatusCodes.Status405MethodNotAllowed, "Method not allowed.");
    }

    /// <summary>The body could not be taken.</summary>
    public static void Body(HttpContext context, BodyFault fault)
    {
        var status = RequestBody.Refuse(context, fault);
        switch (status)
        {
            case StatusCodes.Status413PayloadTooLarge:
                Error(context, status, "Payload exceeds maximum allowed size (10MB).");
                break;
            case StatusCodes.Status415UnsupportedMediaType:
                Error(context, status, "Unsupported media type.");
                break;
            case StatusCodes.Status503ServiceUnavailable:
                Error(context, status, "Service unavailable. Please retry later.");
                break;
            default:
                Invalid(context, null, "the body is " + RequestBody.Unreadable);
                break;
        }
    }

    /// <summary>Something is wrong with an event, so nothing was stored.</summary>
    public static void Invalid(HttpContext context, int? index, string detail)
    {
        context.Response.StatusCode = StatusCodes.Status400BadRequest;
        Replies.WriteJson(
            context,
            (index, detail),
            static (json, state) =>
            {
                json.WriteString("error", "Invalid event format.");
                if (state.index is { } index)
                {
                    json.WriteNumber("index", index);
                }

                json.WriteString("detail", state.detail);
            }
        );
    }

    public static void StorageFailed(HttpContext context) =>
        Error(context, StatusCodes.Status500InternalServerError, "Internal server error. Please try again later.");

    /// <summary>503 with the time after which to send it again.</summary>
    public static void Unavailable(HttpContext context)
    {
        context.Response.Headers.RetryAfter = "1";
        Error(context, StatusCodes.Status503ServiceUnavailable, "Service unavailable. Please retry later.");
    }

    private static void Error(HttpContext context, int status, string error)
    {
        context.Response.StatusCode = status;
        Replies.WriteJson(context, error, static (json, error) => json.WriteString("error", error));
    }
}
