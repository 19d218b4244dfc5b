using System.Net;
using System.Text;
using Edge.Tests.Support;

namespace Edge.Tests.Browser;

/// <summary>
/// Somebody's website, on an origin of its own: a host name and a port other than Edge's, so that a browser takes it
/// for another site. The query of a page says what it consists of.
/// </summary>
internal sealed class Site : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Task _serving;

    public Site()
    {
        Origin = $"http://localhost:{EdgeProcess.FreePort()}";
        _listener.Prefixes.Add(Origin + "/");
        _listener.Start();
        _serving = ServeAsync();
    }

    /// <summary>As browsers write it, without a slash.</summary>
    public string Origin { get; }

    /// <summary>The address of a page that loads the client.</summary>
    /// <param name="edge">Where from.</param>
    /// <param name="tag">Attributes of the script tag.</param>
    /// <param name="before">A script that stands before it.</param>
    public string PageWith(Uri edge, string tag, string before = "") =>
        $"{Origin}/offer?utm_source=newsletter&edge={Uri.EscapeDataString(edge.ToString())}&tag={Uri.EscapeDataString(tag)}&before={Uri.EscapeDataString(before)}";

    /// <summary>The address of a page that is this text.</summary>
    public string PageOf(string html) => $"{Origin}/page.html?html={Uri.EscapeDataString(html)}";

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _serving;
    }

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                var exchange = await _listener.GetContextAsync();
                var part = exchange.Request.QueryString;
                exchange.Response.ContentType = "text/html; charset=utf-8";
                await exchange.Response.OutputStream.WriteAsync(
                    Encoding.UTF8.GetBytes(
                        part["html"]
                            ?? $"<!doctype html><title>A page</title><script>{part["before"]}</script><script src=\"{part["edge"]}sdk.js\" {part["tag"]}></script>"
                    )
                );
                exchange.Response.Close();
            }
            catch (Exception e)
                when (e is HttpListenerException or ObjectDisposedException or InvalidOperationException)
            {
                // The browser has gone, or the listener is closed.
            }
        }
    }
}
