using System.Diagnostics;
using Xunit;

namespace Edge.Tests.Support;

/// <summary>A real proxy in front of Edge, on a loopback port of its own; stopped by pid.</summary>
internal sealed class FrontProxy : IAsyncDisposable
{
    private readonly Process _process;

    private FrontProxy(Process process, Uri address)
    {
        _process = process;
        Address = address;
    }

    public Uri Address { get; }

    public static Uri FreeAddress() => new($"http://127.0.0.1:{EdgeProcess.FreePort()}");

    /// <summary>Starts the proxy, and waits until Edge answers through it. Skips the test where there is none.</summary>
    /// <param name="binary">Its path.</param>
    /// <param name="arguments">So that it stays in the foreground.</param>
    /// <param name="address">Where its configuration lets it listen.</param>
    public static async Task<FrontProxy> StartAsync(string binary, string[] arguments, Uri address)
    {
        Assert.SkipUnless(File.Exists(binary), $"needs {binary}: apt-get install {Path.GetFileName(binary)}");
        var start = new ProcessStartInfo(binary, arguments) { RedirectStandardError = true, UseShellExecute = false };
        start.Environment["HOME"] = Path.GetTempPath();
        var proxy = new FrontProxy(Process.Start(start)!, address);
        var messages = proxy._process.StandardError.ReadToEndAsync();
        using var client = new HttpClient { BaseAddress = address };
        await Wait.ForAsync(
            async () =>
            {
                Assert.False(proxy._process.HasExited, proxy._process.HasExited ? await messages : "");
                try
                {
                    using var answer = await client.GetAsync("/sdk.js");
                    return answer.IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    // Not listening yet.
                    return false;
                }
            },
            isReady => isReady
        );
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
