using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Edge.Tests.Support;

/// <summary>
/// The native binary serving on a free loopback port with a data directory of its own; what a user would start. Stopped by pid.
/// </summary>
internal sealed class EdgeProcess : IAsyncDisposable
{
    private const int Sigterm = 15;
    private const int StartTimeoutMs = 20_000;
    private const int StopTimeoutMs = 15_000;

    private readonly Process _process;
    private readonly Task<string> _error;
    private readonly Task<string> _output;

    private EdgeProcess(Process process, Uri address)
    {
        _process = process;
        _error = process.StandardError.ReadToEndAsync();
        _output = process.StandardOutput.ReadToEndAsync();
        Client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false })
        {
            BaseAddress = address,
            Timeout = TimeSpan.FromSeconds(10),
        };
    }

    public HttpClient Client { get; }

    public Uri Address => Client.BaseAddress!;

    public int Pid => _process.Id;

    /// <summary>Everything written to stderr; complete once the process has ended.</summary>
    public Task<string> Error => _error;

    /// <summary>Everything written to stdout; complete once the process has ended.</summary>
    public Task<string> Output => _output;

    /// <summary>Starts <c>edge serve</c> on <paramref name="dataDir"/> and waits until it is ready.</summary>
    public static async Task<EdgeProcess> StartAsync(string dataDir, string[]? arguments = null, (string Name, string Value)[]? environment = null,
        Uri? admin = null)
    {
        var address = new Uri($"http://127.0.0.1:{FreePort()}");
        var start = Describe(["serve", "--data-dir", dataDir, "--urls", address.ToString(), .. arguments ?? ["--demo"]], environment);
        var edge = new EdgeProcess(Process.Start(start)!, address);
        var clock = Stopwatch.StartNew();
        while (clock.ElapsedMilliseconds < StartTimeoutMs)
        {
            if (edge._process.HasExited)
                throw new InvalidOperationException($"edge ended with {edge._process.ExitCode}: {await edge.Error}");
            try
            {
                if ((await edge.Client.GetAsync(new Uri(admin ?? address, "/readyz"))).IsSuccessStatusCode) return edge;
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }
            await Task.Delay(10);
        }
        await edge.KillAsync();
        throw new TimeoutException($"edge was not ready within {StartTimeoutMs} ms: {await edge.Error}");
    }

    /// <summary>Runs one command to its end.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(string[] arguments, (string Name, string Value)[]? environment = null)
    {
        using var process = Process.Start(Describe(arguments, environment))!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var deadline = new CancellationTokenSource(StartTimeoutMs);
        await process.WaitForExitAsync(deadline.Token);
        return (process.ExitCode, await output, await error);
    }

    /// <summary>Asks for an orderly stop and returns the exit code.</summary>
    public async Task<int> StopAsync()
    {
        _ = Kill(_process.Id, Sigterm);
        using var deadline = new CancellationTokenSource(StopTimeoutMs);
        await _process.WaitForExitAsync(deadline.Token);
        return _process.ExitCode;
    }

    /// <summary>kill -9, and waits until the process is gone.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await KillAsync();
        _process.Dispose();
    }

    /// <summary>A port nobody listens on at this moment.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static ProcessStartInfo Describe(string[] arguments, (string Name, string Value)[]? environment)
    {
        var start = new ProcessStartInfo(EdgeBinary.Path, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var (name, value) in environment ?? []) start.Environment[name] = value;
        return start;
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int pid, int signal);
}
