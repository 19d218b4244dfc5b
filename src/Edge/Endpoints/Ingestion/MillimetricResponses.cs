using System.Globalization;
using Edge.Requests.Bodies;
using Edge.Requests.Ingestion;

namespace Edge.Endpoints.Ingestion;

/// <summary>
/// The answers of Millimetric's API (spec 6.2): <c>{"error":"code"}</c>, where the code is the contract, sometimes with
/// details.
/// </summary>
internal static class MillimetricResponses
{
    /// <summary>There is no valid key.</summary>
    /// <param name="context">The request.</param>
    /// <param name="code">The published code.</param>
    /// <param name="mixUp">What was sent instead, when that is known; the member <c>message</c> beside the code.</param>
    public static void Unauthorized(HttpContext context, string code, string? mixUp = null)
    {
        context.Response.Headers.WWWAuthenticate = "Bearer";
        Error(context, StatusCodes.Status401Unauthorized, code, mixUp);
    }

    public static void Forbidden(HttpContext context, string code) =>
        Error(context, StatusCodes.Status403Forbidden, code);

    public static void RateLimited(HttpContext context, int retryAfter)
    {
        context.Response.Headers.RetryAfter = retryAfter.ToString(CultureInfo.InvariantCulture);
        context.Response.StatusCode = StatusCodes.Status429TooManyRequests;
        Replies.WriteJson(
            context,
            retryAfter,
            static (json, seconds) =>
            {
                json.WriteString("error", "rate_limited");
                json.WriteNumber("retry_after_s", seconds);
            }
        );
    }

    public static void MethodNotAllowed(HttpContext context)
    {
        context.Response.Headers.Allow = Cors.Allow;
        Error(context, StatusCodes.Status405MethodNotAllowed, "method_not_allowed");
    }

    /// <summary>The body could not be taken.</summary>
    public static void Body(HttpContext context, BodyFault fault)
    {
        var status = RequestBody.Refuse(context, fault);
        switch (status)
        {
            case StatusCodes.Status413PayloadTooLarge:
                Error(context, status, "payload_too_large");
                break;
            case StatusCodes.Status415UnsupportedMediaType:
                Error(context, status, "unsupported_media_type");
                break;
            case StatusCodes.Status503ServiceUnavailable:
                Error(context, status, "service_unavailable");
                break;
            default:
                Invalid(context, new MillimetricReading(null, ["The body is " + RequestBody.Unreadable], []));
                break;
        }
    }

    /// <summary>Everything that is wrong with the event, flattened as Zod does.</summary>
    public static void Invalid(HttpContext context, MillimetricReading reading)
    {
        context.Response.StatusCode = StatusCodes.Status400BadRequest;
        Replies.WriteJson(
            context,
            reading,
            static (json, reading) =>
            {
                json.WriteString("error", "invalid_payload");
                json.WriteStartObject("details");
                json.WriteStartArray("formErrors");
                foreach (var error in reading.FormErrors)
                {
                    json.WriteStringValue(error);
                }

                json.WriteEndArray();
                json.WriteStartObject("fieldErrors");
                foreach (var (field, errors) in reading.FieldErrors)
                {
                    json.WriteStartArray(field);
                    foreach (var error in errors)
                    {
                        json.WriteStringValue(error);
                    }

                    json.WriteEndArray();
                }
                json.WriteEndObject();
                json.WriteEndObject();
            }
        );
    }

    /// <summary>202 with the sender's id, or null where it sent none (spec 6.4).</summary>
    public static void Accepted(HttpContext context, ReadOnlyMemory<byte> senderId)
    {
        context.Response.StatusCode = StatusCodes.Status202Accepted;
        Replies.WriteJson(
            context,
            senderId,
            static (json, id) =>
            {
                json.WriteBoolean("ok", true);
                if (id.IsEmpty)
                {
                    json.WriteNull("event_id");
                }
                else
                {
                    json.WriteString("event_id", id.Span);
                }
            }
        );
    }

    public static void StorageFailed(HttpContext context) =>
        Error(context, StatusCodes.Status500InternalServerError, "internal_error");

    /// <summary>503 with the time after which to send it again.</summary>
    public static void Unavailable(HttpContext context)
    {
        context.Response.Headers.RetryAfter = "1";
        Error(context, StatusCodes.Status503ServiceUnavailable, "service_unavailable");
    }

    private static void Error(HttpContext context, int status, string code, string? message = null)
    {
        context.Response.StatusCode = status;
        Replies.WriteJson(
            context,
            (code, message),
            static (json, state) =>
            {
                json.WriteString("error", state.code);
                if (state.message is not null)
                {
                    json.WriteString("message", state.message);
                }
            }
        );
    }
}
