using System.Net.Http.Headers;
using System.Text.Json;
using Edge.Experiments;
using Edge.Formats;
using Edge.Forwarding.Http;

namespace Edge.Alerts;

/// <summary>Where alerts are posted, and how.</summary>
/// <param name="Url">The receiver: http or https. Its path and query may be its password.</param>
/// <param name="Secret">Key of the signature; empty signs nothing.</param>
/// <param name="Transport">Which addresses may be connected to.</param>
internal sealed record AlertWebhookOptions(Uri Url, string Secret, HttpTransportOptions Transport);

/// <summary>
/// Posts one alert at a time to the receiver that the operator has named, signed as batches of events are. A failure is
/// a result, not an exception; only cancellation throws.
/// </summary>
internal sealed class AlertWebhook(AlertWebhookOptions options, TimeProvider time) : IDisposable
{
    private readonly HttpTransport _transport = new(options.Transport, time);

    /// <summary>Host and port, for messages.</summary>
    public string Place => options.Url.Authority;

    public Task<HttpResult> SendAsync(Alert alert, Experiment experiment, CancellationToken cancellation) =>
        PostAsync(json => alert.WriteTo(json, experiment), cancellation);

    /// <summary>Sends a message that is about no experiment.</summary>
    public Task<HttpResult> SendTestAsync(CancellationToken cancellation) =>
        PostAsync(
            json =>
            {
                json.WriteString("id", AlertBook.CreateId());
                json.WriteString("type", "test");
                json.WriteString("at", Timestamp.Format(time.GetUtcNow()));
                json.WriteString("text", "This is a test: alerts about experiments of Edge arrive here.");
            },
            cancellation
        );

    public void Dispose() => _transport.Dispose();

    private async Task<HttpResult> PostAsync(Action<Utf8JsonWriter> writeMembers, CancellationToken cancellation)
    {
        using var body = new MemoryStream();
        await using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            writeMembers(json);
            json.WriteEndObject();
        }

        var bytes = body.ToArray();
        using var request = new HttpRequestMessage(HttpMethod.Post, options.Url)
        {
            Content = new ByteArrayContent(bytes)
            {
                Headers = { ContentType = new MediaTypeHeaderValue("application/json") },
            },
        };
        request.Headers.TryAddWithoutValidation("User-Agent", DestinationChecker.UserAgent);
        if (options.Secret.Length > 0)
        {
            request.Headers.Add(
                BodySignature.HeaderName,
                BodySignature.Of([options.Secret], time.GetUtcNow(), bytes)
            );
        }

        return await _transport.SendAsync(request, cancellation);
    }
}
