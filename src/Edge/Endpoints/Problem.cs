using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Edge.Endpoints;

/// <summary>
/// Error answers of the <c>/s/*</c> and <c>/experiments/api*</c> families and of unknown paths: RFC 9457 problem details.
/// </summary>
internal static class Problem
{
    private const string ContentType = "application/problem+json";
    private const string TypePrefix = "https://docs.pictify.io/errors/";

    public static Task ExperimentNotFoundAsync(HttpContext context, string detail = "Experiment not found") =>
        WriteAsync(context, StatusCodes.Status404NotFound, "experiment-not-found", "Experiment Not Found", detail);

    public static Task RouteNotFoundAsync(HttpContext context) =>
        WriteAsync(context, StatusCodes.Status404NotFound, "not-found", "Not Found", "There is no such route.");

    public static Task MethodNotAllowedAsync(HttpContext context)
    {
        Replies.AllowGetAndHead(context.Response.Headers);
        return WriteAsync(context, StatusCodes.Status405MethodNotAllowed, "method-not-allowed", "Method Not Allowed",
            "This route answers GET and HEAD.");
    }

    private static Task WriteAsync(HttpContext context, int status, string type, string title, string detail)
    {
        var body = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteString("type", TypePrefix + type);
            json.WriteString("title", title);
            json.WriteNumber("status", status);
            json.WriteString("detail", detail);
            json.WriteString("instance", context.Request.Path.Value);
            json.WriteEndObject();
        }
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = ContentType;
        response.ContentLength = body.WrittenCount;
        Replies.ForbidCaching(response.Headers);
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(body.WrittenMemory).AsTask();
    }
}
