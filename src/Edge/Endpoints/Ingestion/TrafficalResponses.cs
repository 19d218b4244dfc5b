using System.Globalization;
using Edge.Requests.Bodies;
using Edge.Requests.Ingestion;
using Microsoft.AspNetCore.WebUtilities;

namespace Edge.Endpoints.Ingestion;

/// <summary>
/// The answers of Traffical's API (spec 5): every error is <c>{"error":"reason phrase","message":"sentence"}</c>. Its
/// clients give up for good on 401 and drop the batch on every other 4xx but 429, so those are for what a retry cannot
/// fix.
/// </summary>
internal static class TrafficalResponses
{
    private const string CouldNotBeStored = "Events could not be stored; send them again";

    /// <summary>There is no valid key.</summary>
    /// <param name="context">The request.</param>
    /// <param name="mixUp">What was sent instead, when that is known.</param>
    public static void Unauthorized(HttpContext context, string? mixUp = null)
    {
        context.Response.Headers.WWWAuthenticate = "Bearer";
        Error(context, StatusCodes.Status401Unauthorized, mixUp ?? "Invalid or expired API key");
    }

    public static void Forbidden(HttpContext context, string message) =>
        Error(context, StatusCodes.Status403Forbidden, message);

    public static void RateLimited(HttpContext context, int retryAfter)
    {
        context.Response.Headers.RetryAfter = retryAfter.ToString(CultureInfo.InvariantCulture);
        Error(context, StatusCodes.Status429TooManyRequests, "Rate limit exceeded");
    }

    public static void MethodNotAllowed(HttpContext context)
    {
        context.Response.Headers.Allow = Cors.Allow;
        Error(context, StatusCodes.Status405MethodNotAllowed, "This route answers " + Cors.Allow);
    }

    /// <summary>The body could not be taken.</summary>
    public static void Body(HttpContext context, BodyFault fault, BodyRules rules) =>
        Error(
            context,
            RequestBody.Refuse(context, fault),
            fault switch
            {
                BodyFault.TooLarge => $"The body must be at most {rules.BytesMax} bytes",
                BodyFault.UnsupportedEncoding => "The body must be sent as it is or in gzip",
                BodyFault.UnsupportedType => "The body must be application/json in UTF-8",
                BodyFault.Busy => CouldNotBeStored,
                _ => "The body is " + RequestBody.Unreadable,
            }
        );

    /// <summary>The body as a whole is not what it must be.</summary>
    public static void Refused(HttpContext context, string message) =>
        Error(context, StatusCodes.Status400BadRequest, message);

    /// <summary>Nothing is known to be stored; the sender's ids make sending again safe.</summary>
    public static void Unavailable(HttpContext context)
    {
        context.Response.Headers.RetryAfter = "1";
        Error(context, StatusCodes.Status503ServiceUnavailable, CouldNotBeStored);
    }

    /// <summary>
    /// 200 with how many events were valid and how many are stored; what is wrong with the others only when there are
    /// others.
    /// </summary>
    public static void Accepted(HttpContext context, int accepted, int written, IReadOnlyList<EventError> errors) =>
        Replies.WriteJson(
            context,
            (accepted, written, errors),
            static (json, state) =>
            {
                json.WriteNumber("accepted", state.accepted);
                json.WriteNumber("written", state.written);
                PictifyResponses.WriteErrors(json, "validationErrors", state.errors);
            }
        );

    public static void Error(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = status;
        Replies.WriteJson(
            context,
            (status, message),
            static (json, state) =>
            {
                json.WriteString("error", ReasonPhrases.GetReasonPhrase(state.status));
                json.WriteString("message", state.message);
            }
        );
    }
}
