using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Edge.FaultTests.Fleets;

/// <summary>
/// Stands at the address of the origin and answers whoever asks for the catalog, or sends events, with something that
/// must not be taken.
/// </summary>
internal sealed class FalseOrigin : IAsyncDisposable
{
    public const string Older = "older";

    /// <summary>What it can answer.</summary>
    public static readonly string[] Lies =
    [
        "garbage",
        "half",
        "foreign",
        "forged",
        Older,
        "page",
        "error",
        "redirect",
        "silence",
    ];

    private const int GarbageBytes = 4_096;

    private readonly WebApplication _app;
    private int _asked;

    private FalseOrigin(WebApplication app) => _app = app;

    /// <summary>How often it was asked for the catalog.</summary>
    public int Asked => Volatile.Read(ref _asked);

    /// <param name="address">Where it listens; one of this machine's.</param>
    /// <param name="lie">One of <see cref="Lies"/>.</param>
    /// <param name="older">An edition that was in force before.</param>
    /// <param name="newest">The one that is.</param>
    public static async Task<FalseOrigin> StartAsync(Uri address, string lie, byte[] older, byte[] newest)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(address.ToString());
        var app = builder.Build();
        var origin = new FalseOrigin(app);
        var document = lie switch
        {
            "garbage" => RandomBytes(),
            "half" => newest[..(newest.Length / 2)],
            "foreign" => Replace(newest, "\"fleet\":\"", "\"fleet\":\"another-"),
            // The version is signed, so that nobody can give an edition another one.
            "forged" => Replace(newest, "\"version\":", "\"version\":9"),
            Older => older,
            _ => "<html>Welcome</html>"u8.ToArray(),
        };
        app.Run(context => origin.AnswerAsync(context, lie, document));
        await app.StartAsync();
        return origin;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context, string lie, byte[] document)
    {
        if (context.Request.Path == "/fleet/catalog")
        {
            Interlocked.Increment(ref _asked);
        }

        switch (lie)
        {
            case "error":
                context.Response.StatusCode = (int)HttpStatusCode.InternalServerError;
                return;
            case "redirect":
                context.Response.Redirect("http://192.0.2.1/fleet/catalog");
                return;
            case "silence":
                await Task.Delay(Timeout.Infinite, context.RequestAborted)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return;
            default:
                context.Response.ContentLength = document.Length;
                await context.Response.Body.WriteAsync(document);
                return;
        }
    }

    private static byte[] RandomBytes()
    {
        var bytes = new byte[GarbageBytes];
        new Random(GarbageBytes).NextBytes(bytes);
        return bytes;
    }

    private static byte[] Replace(byte[] document, string text, string other)
    {
        var content = Encoding.Latin1.GetString(document);
        var at = content.IndexOf(text, StringComparison.Ordinal);
        return Encoding.Latin1.GetBytes(content[..at] + other + content[(at + text.Length)..]);
    }
}
