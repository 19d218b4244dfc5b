using System.Globalization;
using System.Text.Json;
using Edge.Access;
using Edge.Formats;
using Edge.Requests.Bodies;
using Edge.Settings;

namespace Edge.Endpoints;

/// <summary>
/// Error answers of the <c>/s/*</c> and <c>/experiments/api*</c> families and of unknown paths: RFC 9457 problem
/// details. The last segment of <c>type</c> is the name programs compare; it is published and never
/// changes. What stands before it is the setting problems.typeBase.
/// </summary>
internal static class Problem
{
    private const string ContentType = "application/problem+json";

    /// <summary>What is told of a slug that serves nothing.</summary>
    public const string NoExperiment = "Experiment not found";

    /// <summary>Type of the problem that a route is served by another node of the fleet.</summary>
    public const string OtherRole = "other-role";

    private static string _typeBase = EdgeOptions.PublishedProblemTypeBase;

    /// <summary>
    /// Has the types of problems begin with the operator's own address. To be called once, before the service listens.
    /// </summary>
    public static void UseTypeBase(string address) => _typeBase = address;

    public static Task ExperimentNotFoundAsync(HttpContext context, string detail = NoExperiment) =>
        WriteAsync(context, StatusCodes.Status404NotFound, "experiment-not-found", "Experiment Not Found", detail);

    public static Task RouteNotFoundAsync(HttpContext context) =>
        WriteAsync(context, StatusCodes.Status404NotFound, "not-found", "Not Found", "There is no such route.");

    /// <summary>404 of a route that another node of the fleet serves.</summary>
    /// <param name="context">The exchange.</param>
    /// <param name="detail">What this node is, and which one serves the route.</param>
    public static Task OtherRoleAsync(HttpContext context, string detail) =>
        WriteAsync(context, StatusCodes.Status404NotFound, OtherRole, "Served By Another Node", detail);

    public static Task MethodNotAllowedAsync(HttpContext context, string allow = "GET, HEAD")
    {
        context.Response.Headers.Allow = allow;
        return WriteAsync(
            context,
            StatusCodes.Status405MethodNotAllowed,
            "method-not-allowed",
            "Method Not Allowed",
            $"This route answers {allow}."
        );
    }

    /// <summary>400 with everything that is wrong at once.</summary>
    public static Task ValidationAsync(HttpContext context, IReadOnlyList<Violation> violations) =>
        WriteAsync(
            context,
            StatusCodes.Status400BadRequest,
            "validation-error",
            "Validation Error",
            violations.Count == 1 ? "One value is not valid." : $"{violations.Count} values are not valid.",
            json => WriteErrors(json, violations)
        );

    /// <summary>The answer to a body that could not be taken.</summary>
    public static Task BodyAsync(HttpContext context, BodyFault fault, BodyRules rules)
    {
        var status = RequestBody.Refuse(context, fault);
        return fault switch
        {
            BodyFault.TooLarge => WriteAsync(
                context,
                status,
                "payload-too-large",
                "Payload Too Large",
                $"The body must be at most {rules.BytesMax} bytes."
            ),
            BodyFault.UnsupportedType => WriteAsync(
                context,
                status,
                "unsupported-media-type",
                "Unsupported Media Type",
                rules.TakesText
                    ? "The body must be application/json or text/plain, and JSON in UTF-8."
                    : "The body must be application/json in UTF-8."
            ),
            BodyFault.UnsupportedEncoding => WriteAsync(
                context,
                status,
                "unsupported-media-type",
                "Unsupported Media Type",
                "The body must be sent as it is or in gzip."
            ),
            BodyFault.Busy => UnavailableAsync(
                context,
                "Too many request bodies are being read. Nothing was stored; send it again."
            ),
            _ => ValidationAsync(
                context,
                [new Violation("", "is " + RequestBody.Unreadable, ViolationCodes.InvalidFormat)]
            ),
        };
    }

    /// <summary>The headers that say how much of a limit is left (spec 1.9).</summary>
    public static void WriteRate(IHeaderDictionary headers, RateDecision rate)
    {
        headers["X-RateLimit-Limit"] = rate.Limit.ToString(CultureInfo.InvariantCulture);
        headers["X-RateLimit-Remaining"] = rate.Remaining.ToString(CultureInfo.InvariantCulture);
        headers["X-RateLimit-Reset"] = rate.ResetAt.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>429: the limit is used up.</summary>
    /// <param name="context">The exchange.</param>
    /// <param name="rate">The limit.</param>
    /// <param name="who">Whose limit it is.</param>
    public static Task RateLimitedAsync(HttpContext context, RateDecision rate, string who)
    {
        context.Response.Headers.RetryAfter = rate.RetryAfter.ToString(CultureInfo.InvariantCulture);
        return WriteAsync(
            context,
            StatusCodes.Status429TooManyRequests,
            "rate-limit-exceeded",
            "Rate Limit Exceeded",
            $"This {who} may send {rate.Limit} requests a minute."
        );
    }

    /// <summary>503 with the time after which to try again.</summary>
    public static Task UnavailableAsync(HttpContext context, string detail)
    {
        context.Response.Headers.RetryAfter = "1";
        return WriteAsync(
            context,
            StatusCodes.Status503ServiceUnavailable,
            "service-unavailable",
            "Service Unavailable",
            detail
        );
    }

    /// <summary>Writes a problem; <paramref name="writeExtensions"/> adds members of its own.</summary>
    public static Task WriteAsync(
        HttpContext context,
        int status,
        string type,
        string title,
        string detail,
        Action<Utf8JsonWriter>? writeExtensions = null
    )
    {
        context.Response.StatusCode = status;
        Replies.ForbidCaching(context.Response.Headers);
        return Replies.WriteJsonAsync(
            context,
            ContentType,
            json =>
            {
                json.WriteString("type", _typeBase + type);
                json.WriteString("title", title);
                json.WriteNumber("status", status);
                json.WriteString("detail", detail);
                json.WriteString("instance", context.Request.Path.Value);
                writeExtensions?.Invoke(json);
            }
        );
    }

    /// <summary>The member <c>errors</c>: what is wrong, field by field.</summary>
    public static void WriteErrors(Utf8JsonWriter json, IReadOnlyList<Violation> violations)
    {
        json.WriteStartArray("errors");
        foreach (var violation in violations)
        {
            json.WriteStartObject();
            json.WriteString("field", violation.Field);
            json.WriteString("message", violation.Message);
            json.WriteString("code", violation.Code);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
