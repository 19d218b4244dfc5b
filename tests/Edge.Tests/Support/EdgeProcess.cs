using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Edge.Tests.Support;

/// <summary>
/// The native binary serving on a free loopback port with a data directory of its own; what a user would start. Stopped
/// by pid.
/// </summary>
internal sealed class EdgeProcess : IAsyncDisposable
{
    private const int Sigterm = 15;
    private const int Sighup = 1;
    private const int Sigcont = 18;
    private const int Sigstop = 19;
    private const int PortMin = 15_000;
    private const uint PortCount = 15_000;

    // Test processes that run side by side begin at different places.
    private static int _ports = Environment.ProcessId * 997;

    private readonly Process _process;
    private readonly StringBuilder _errorSoFar = new();
    private readonly Task<string> _error;
    private readonly Task<string> _output;

    private EdgeProcess(Process process, Uri address)
    {
        _process = process;
        _error = ReadErrorAsync();
        _output = process.StandardOutput.ReadToEndAsync();
        Client = new HttpClient(
            new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                UseCookies = false,
                UseProxy = false,
            }
        )
        {
            BaseAddress = address,
            Timeout = Wait.Limit,
        };
    }

    public HttpClient Client { get; }

    public Uri Address => Client.BaseAddress!;

    public int Pid => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Everything written to stderr; complete once the process has ended.</summary>
    public Task<string> Error => _error;

    /// <summary>What was written to stderr up to now.</summary>
    public string ErrorSoFar
    {
        get
        {
            lock (_errorSoFar)
            {
                return _errorSoFar.ToString();
            }
        }
    }

    /// <summary>Everything written to stdout; complete once the process has ended.</summary>
    public Task<string> Output => _output;

    /// <summary>Starts <c>edge serve</c> on <paramref name="dataDir"/> and waits until it is ready.</summary>
    public static async Task<EdgeProcess> StartAsync(
        string dataDir,
        string[]? arguments = null,
        (string Name, string Value)[]? environment = null,
        Uri? admin = null,
        Version? version = null,
        Uri? address = null,
        string? binary = null
    )
    {
        var edge = Launch(dataDir, arguments, environment, binary, address);
        if (version is not null)
        {
            edge.Client.DefaultRequestVersion = version;
            edge.Client.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        }
        if (await edge.IsReadyWithinAsync(Wait.Limit, admin))
        {
            return edge;
        }

        if (edge.HasExited)
        {
            throw new InvalidOperationException($"edge ended with {edge._process.ExitCode}: {await edge.Error}");
        }

        await edge.KillAsync();
        throw new TimeoutException($"edge was not ready within {Wait.Limit.TotalSeconds} s: {await edge.Error}");
    }

    /// <summary>Starts <c>edge serve</c> without waiting; <paramref name="binary"/> is another build than the published
    /// one,
    /// <paramref name="address"/> where it has served before, <paramref name="urls"/> what it listens on where that is
    /// not the address alone.</summary>
    public static EdgeProcess Launch(
        string dataDir,
        string[]? arguments = null,
        (string Name, string Value)[]? environment = null,
        string? binary = null,
        Uri? address = null,
        string? urls = null
    )
    {
        address ??= new Uri($"http://127.0.0.1:{FreePort()}");
        var start = Describe(
            ["serve", "--data-dir", dataDir, "--urls", urls ?? address.ToString(), .. arguments ?? ["--demo"]],
            environment,
            binary
        );
        return new EdgeProcess(Process.Start(start)!, address);
    }

    /// <summary>Waits until it is ready; false when it ended before or needs longer.</summary>
    public async Task<bool> IsReadyWithinAsync(TimeSpan time, Uri? admin = null)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < time && !HasExited)
        {
            try
            {
                if ((await Client.GetAsync(new Uri(admin ?? Address, "/readyz"))).IsSuccessStatusCode)
                {
                    return true;
                }
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
            {
                // Not listening yet, or a disk that hangs holds it up.
            }
            await Task.Delay(10);
        }
        return false;
    }

    /// <summary>Runs one command to its end, with <paramref name="input"/> on its standard input when given, in
    /// <paramref name="directory"/> or where the tests run.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(
        string[] arguments,
        (string Name, string Value)[]? environment = null,
        string? input = null,
        string directory = "",
        string? binary = null
    )
    {
        var start = Describe(arguments, environment, binary);
        start.WorkingDirectory = directory;
        start.RedirectStandardInput = input is not null;
        using var process = Process.Start(start)!;
        if (input is not null)
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }

        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var deadline = new CancellationTokenSource(Wait.Limit);
        await process.WaitForExitAsync(deadline.Token);
        return (process.ExitCode, await output, await error);
    }

    /// <summary>Waits until the file sink has taken everything stored.</summary>
    public Task UntilForwardedAsync() =>
        Wait.ForAsync(
            () => Client.GetStringAsync("/metrics"),
            page => page.Contains("edge_sink_pending{sink=\"file\"} 0\n", StringComparison.Ordinal)
        );

    /// <summary>Sends the signal of a terminal that is closed.</summary>
    public void HangUp() => _ = Kill(_process.Id, Sighup);

    /// <summary>Holds it where it is; it does nothing until it may go on.</summary>
    public void Hold() => _ = Kill(_process.Id, Sigstop);

    public void GoOn() => _ = Kill(_process.Id, Sigcont);

    /// <summary>Asks for an orderly stop and returns the exit code.</summary>
    public async Task<int> StopAsync()
    {
        _ = Kill(_process.Id, Sigterm);
        using var deadline = new CancellationTokenSource((int)Wait.Limit.TotalMilliseconds);
        await _process.WaitForExitAsync(deadline.Token);
        return _process.ExitCode;
    }

    /// <summary>The exit code once it has ended by itself; null when it has not within the time.</summary>
    public async Task<int?> ExitCodeWithinAsync(TimeSpan time)
    {
        using var deadline = new CancellationTokenSource(time);
        try
        {
            await _process.WaitForExitAsync(deadline.Token);
            return _process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>kill -9, and waits until the process is gone.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await KillAsync();
        _process.Dispose();
    }

    /// <summary>
    /// A port nobody listens on at this moment, below the range the kernel takes the ports of outgoing connections
    /// from: one of those could have it before the process under test does.
    /// </summary>
    public static int FreePort()
    {
        while (true)
        {
            var port = PortMin + (int)((uint)Interlocked.Increment(ref _ports) % PortCount);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Taken; the next one.
            }
        }
    }

    private async Task<string> ReadErrorAsync()
    {
        var buffer = new char[4_096];
        int length;
        while ((length = await _process.StandardError.ReadAsync(buffer)) > 0)
        {
            lock (_errorSoFar)
            {
                _errorSoFar.Append(buffer, 0, length);
            }
        }

        return ErrorSoFar;
    }

    private static ProcessStartInfo Describe(
        string[] arguments,
        (string Name, string Value)[]? environment,
        string? binary = null
    )
    {
        var start = new ProcessStartInfo(binary ?? EdgeBinary.Path, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var (name, value) in environment ?? [])
        {
            start.Environment[name] = value;
        }

        return start;
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int pid, int signal);
}
