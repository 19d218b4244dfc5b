using System.IO.Compression;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Edge.Tests.Support;

/// <summary>One request as it arrived.</summary>
/// <param name="Batch">Header Edge-Batch.</param>
/// <param name="Raw">The body on the wire.</param>
/// <param name="Text">The body, decompressed.</param>
/// <param name="Headers">All headers.</param>
internal sealed record ReceivedRequest(
    string Batch,
    byte[] Raw,
    string Text,
    IReadOnlyDictionary<string, string> Headers
)
{
    public string[] Lines => Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}

/// <summary>What a receiver does with a request.</summary>
/// <param name="Status">Its answer; 0 never answers, -1 breaks the connection after the request was taken.</param>
/// <param name="Takes">Whether the events count as taken.</param>
/// <param name="Body">Text of the answer.</param>
internal sealed record ScriptedAnswer(int Status, bool Takes, string Body = "")
{
    public static readonly ScriptedAnswer Ok = new(200, Takes: true);

    public (string Name, string Value)[] Headers { get; init; } = [];
}

/// <summary>
/// A real HTTP server on a loopback port of its own that takes batches as it is told to. Thread safe.
/// </summary>
internal sealed class HttpReceiver : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly WebApplication _app;
    private readonly List<ReceivedRequest> _all = [];
    private readonly List<ReceivedRequest> _taken = [];

    private HttpReceiver()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = 256 << 20);
        _app = builder.Build();
        _app.Run(HandleAsync);
    }

    /// <summary>Decides about each request; takes everything at first. May be replaced at any time.</summary>
    public Func<ReceivedRequest, ScriptedAnswer> Script { get; set; } = static _ => ScriptedAnswer.Ok;

    public Uri Url { get; private set; } = null!;

    /// <summary>Every request that arrived whole, in order.</summary>
    public ReceivedRequest[] All
    {
        get
        {
            lock (_lock)
            {
                return [.. _all];
            }
        }
    }

    /// <summary>The requests that were taken, in order.</summary>
    public ReceivedRequest[] Taken
    {
        get
        {
            lock (_lock)
            {
                return [.. _taken];
            }
        }
    }

    public string[] Lines => [.. Taken.SelectMany(request => request.Lines)];

    public static async Task<HttpReceiver> StartAsync()
    {
        var receiver = new HttpReceiver();
        await receiver._app.StartAsync();
        var address = receiver
            ._app.Services.GetRequiredService<IServer>()
            .Features.Get<IServerAddressesFeature>()!
            .Addresses.Single();
        receiver.Url = new Uri(address + "/events");
        return receiver;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private async Task HandleAsync(HttpContext context)
    {
        var raw = new MemoryStream();
        await context.Request.Body.CopyToAsync(raw);
        var text = raw.ToArray();
        if (context.Request.Headers.ContentEncoding == "gzip")
        {
            var plain = new MemoryStream();
            await new GZipStream(new MemoryStream(text), CompressionMode.Decompress).CopyToAsync(plain);
            text = plain.ToArray();
        }
        var headers = context.Request.Headers.ToDictionary(
            header => header.Key,
            header => header.Value.ToString(),
            StringComparer.OrdinalIgnoreCase
        );
        var request = new ReceivedRequest(
            headers.GetValueOrDefault("Edge-Batch", ""),
            raw.ToArray(),
            Encoding.UTF8.GetString(text),
            headers
        );
        ScriptedAnswer answer;
        lock (_lock)
        {
            answer = Script(request);
            _all.Add(request);
            if (answer.Takes)
            {
                _taken.Add(request);
            }
        }
        switch (answer.Status)
        {
            case 0:
                await Task.Delay(Timeout.Infinite, context.RequestAborted)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return;
            case -1:
                context.Abort();
                return;
        }
        context.Response.StatusCode = answer.Status;
        foreach (var (name, value) in answer.Headers)
        {
            context.Response.Headers[name] = value;
        }

        await context.Response.WriteAsync(answer.Body);
    }
}
