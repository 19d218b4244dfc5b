using System.IO.Compression;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Edge.Tests.Fleet.Following;

/// <summary>An HTTP server on a port of its own that answers an edge in whatever way it is told to.</summary>
internal sealed class ScriptedOrigin : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ScriptedOrigin()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Run(context => Script(context));
    }

    /// <summary>How it answers; may be replaced at any time.</summary>
    public RequestDelegate Script { get; set; } = static _ => Task.CompletedTask;

    public Uri Address =>
        new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    public static async Task<ScriptedOrigin> StartAsync()
    {
        var origin = new ScriptedOrigin();
        await origin._app.StartAsync();
        return origin;
    }

    /// <summary>Serves a document, in gzip, to everybody who does not name it.</summary>
    public void Serve(byte[] document, string tag) =>
        Script = async context =>
        {
            if (context.Request.Headers.IfNoneMatch.ToString().Contains(tag, StringComparison.Ordinal))
            {
                context.Response.StatusCode = 304;
                return;
            }

            await WriteAsync(context, Gzip(document));
        };

    public static Task WriteAsync(HttpContext context, byte[] gzip)
    {
        context.Response.Headers.ContentEncoding = "gzip";
        return context.Response.Body.WriteAsync(gzip).AsTask();
    }

    public static byte[] Gzip(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return packed.ToArray();
    }

    public async ValueTask DisposeAsync()
    {
        // Those it lets wait.
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }
}
