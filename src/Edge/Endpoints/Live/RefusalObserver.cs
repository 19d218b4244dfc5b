using System.Text.Json;
using Edge.Formats;
using Microsoft.AspNetCore.Http.Features;

namespace Edge.Endpoints.Live;

/// <summary>
/// Tells the live feed of ingestion requests that are refused: route, status, reason, and a curl command with their
/// shape. Stands between request and endpoint only while somebody reads. Thread safe.
/// </summary>
internal sealed class RefusalObserver(LiveFeed feed, TimeProvider time)
{
    /// <summary>Longest body of which the command has the content, bytes.</summary>
    private const int BodyBytesMax = 4 << 10;

    /// <summary>Whether it is worth the trouble.</summary>
    public bool IsNeeded => feed.IsRead;

    /// <summary>
    /// Has a request answered, and looks at what came of it. Not for preflights: they are never refused, and their answer
    /// may have no body.
    /// </summary>
    public async Task ObserveAsync(HttpContext context, RequestDelegate handle)
    {
        var received = new ObservedBody(context.Request.BodyReader, BodyBytesMax);
        context.Features.Set<IRequestBodyPipeFeature>(received);
        var original = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        using var answer = new MemoryStream();
        var held = new StreamResponseBodyFeature(answer);
        context.Features.Set<IHttpResponseBodyFeature>(held);
        try
        {
            await handle(context);
            await held.Writer.FlushAsync();
        }
        finally
        {
            context.Features.Set(original);
        }

        if (context.Response.StatusCode >= StatusCodes.Status400BadRequest)
        {
            feed.Publish(Describe(context, received.Taken, answer.ToArray()));
        }

        await original.Stream.WriteAsync(answer.GetBuffer().AsMemory(0, (int)answer.Length));
    }

    private string Describe(HttpContext context, ReadOnlyMemory<byte>? body, byte[] answer)
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text, Replies.JsonOptions))
        {
            json.WriteStartObject();
            json.WriteString("at", Timestamp.Format(time.GetUtcNow()));
            json.WriteString("method", CurlCommand.Word(context.Request.Method));
            json.WriteString("route", context.Request.Path.Value);
            json.WriteNumber("status", context.Response.StatusCode);
            json.WriteString("reason", ReasonOf(answer));
            json.WriteString("curl", CurlCommand.Of(context.Request, body));
            json.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(text.ToArray());
    }

    /// <summary>
    /// The word for programs in an answer of any of the APIs: the type of a problem, a code, or an error's code.
    /// </summary>
    private static string? ReasonOf(byte[] answer)
    {
        using var document = JsonSyntax.Parse(answer, out _);
        return document is null ? null : ReasonOf(document.RootElement);
    }

    private static string? ReasonOf(JsonElement answer)
    {
        if (answer.ValueKind == JsonValueKind.String)
        {
            var text = answer.GetString()!;
            return text[(text.LastIndexOf('/') + 1)..];
        }

        if (answer.ValueKind == JsonValueKind.Array)
        {
            return answer.GetArrayLength() > 0 ? ReasonOf(answer[0]) : null;
        }

        if (answer.ValueKind == JsonValueKind.Object)
        {
            foreach (var name in (ReadOnlySpan<string>)["type", "code", "errorCode", "error", "errors", "validationErrors", "message"])
            {
                if (answer.TryGetProperty(name, out var found) && ReasonOf(found) is { Length: > 0 } reason)
                {
                    return reason;
                }
            }
        }

        return null;
    }
}
