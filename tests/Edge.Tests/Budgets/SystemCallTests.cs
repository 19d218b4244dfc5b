using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Budgets;

/// <summary>
/// System calls of an event loop for a request: one that receives, one that sends, and a share of one that waits. The
/// process is halted while the requests are sent, so that it finds all of them at once however busy the machine is.
/// </summary>
public class SystemCallTests(ITestOutputHelper output)
{
    private const int Connections = 250;
    private const int Waves = 8;

    /// <summary>Calls for a request: two, and the share of one that waits for the requests of a wave.</summary>
    private const double CallsMax = 2.1;

    /// <summary>Calls of any other kind: somebody else had a lock, which a busy machine makes more frequent.</summary>
    private const double OtherCallsMax = 0.2;

    private static readonly string[] SocketCalls = ["recvfrom", "sendto", "epoll_wait", "epoll_pwait"];

    /// <summary>
    /// What a signal costs with which the collector halts a thread. How often it asks again depends on how slowly a traced
    /// thread gets on, not on requests.
    /// </summary>
    private static readonly string[] CollectorCalls = ["rt_sigreturn", "getpid", "gettid"];

    [Theory]
    [InlineData("pixel.gif")]
    [InlineData("click")]
    public async Task Request_OnAnEventLoop_TakesTwoSystemCalls(string path)
    {
        using var data = new TempDirectory();
        // One loop, so that the connections of a wave are not divided.
        await using var edge = await EdgeProcess.StartAsync(data["data"], environment: [("DOTNET_PROCESSOR_COUNT", "1")]);
        using var clients = await KeptConnections.OpenAsync(edge.Address, Connections, $"/s/demo-ab/{path}");
        await clients.AskAllAsync();
        using var trace = await Trace.StartAsync(LoopsOf(edge.Pid), data["calls"]);

        for (var i = 0; i < Waves; i++)
        {
            await SignalAsync(edge.Pid, "STOP");
            await clients.SendAllAsync();
            await SignalAsync(edge.Pid, "CONT");
            await clients.ReadAllAsync();
        }

        var calls = await trace.StopAsync();
        const double Requests = Waves * Connections;
        output.WriteLine($"{Requests} requests: {string.Join(", ", calls.Select(call => $"{call.Key} {call.Value}"))}");
        var own = SocketCalls.Sum(calls.GetValueOrDefault);
        var all = calls.Values.Sum() - CollectorCalls.Sum(calls.GetValueOrDefault);
        Assert.InRange(own / Requests, 2, CallsMax);
        Assert.InRange((all - own) / Requests, 0, OtherCallsMax);
    }

    /// <summary>The threads that are event loops.</summary>
    private static int[] LoopsOf(int pid) =>
        [
            .. Directory
                .GetDirectories($"/proc/{pid}/task")
                .Where(task => File.ReadAllText(Path.Combine(task, "comm")).StartsWith("Event loop", StringComparison.Ordinal))
                .Select(task => int.Parse(Path.GetFileName(task), CultureInfo.InvariantCulture)),
        ];

    private static async Task SignalAsync(int pid, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{pid}"]);
        await kill.WaitForExitAsync();
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>Counts the system calls of threads.</summary>
    private sealed class Trace : IDisposable
    {
        private readonly Process _strace;
        private readonly string _file;

        private Trace(Process strace, string file)
        {
            _strace = strace;
            _file = file;
        }

        public static async Task<Trace> StartAsync(int[] threads, string file)
        {
            Assert.NotEmpty(threads);
            var start = new ProcessStartInfo("strace", ["-c", "-o", file]) { RedirectStandardError = true };
            foreach (var thread in threads)
            {
                start.ArgumentList.Add("-p");
                start.ArgumentList.Add($"{thread}");
            }

            Process strace;
            try
            {
                strace = Process.Start(start)!;
            }
            catch (System.ComponentModel.Win32Exception)
            {
                Assert.Skip("needs strace: apt-get install strace");
                throw;
            }

            var trace = new Trace(strace, file);
            foreach (var _ in threads)
            {
                var line = await strace.StandardError.ReadLineAsync();
                if (line?.Contains("attached", StringComparison.Ordinal) is not true)
                {
                    trace.Dispose();
                    Assert.Skip($"needs the right to trace processes: {line}");
                }
            }

            return trace;
        }

        /// <summary>Ends it; how often each call was made.</summary>
        public async Task<Dictionary<string, long>> StopAsync()
        {
            await SignalAsync(_strace.Id, "INT");
            await _strace.WaitForExitAsync();
            // % time, seconds, usecs/call, calls, errors if any, syscall.
            return File.ReadLines(_file)
                .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Where(words =>
                    words.Length >= 5
                    && words[^1] != "total"
                    && double.TryParse(words[0], CultureInfo.InvariantCulture, out _)
                )
                .ToDictionary(words => words[^1], words => long.Parse(words[3], CultureInfo.InvariantCulture));
        }

        public void Dispose()
        {
            if (!_strace.HasExited)
            {
                _strace.Kill();
            }

            _strace.Dispose();
        }
    }

    /// <summary>Connections that are kept alive, on each of which the same request is made again and again.</summary>
    private sealed class KeptConnections : IDisposable
    {
        private readonly List<Socket> _sockets = [];
        private readonly byte[] _request;
        private readonly byte[] _buffer = new byte[4 << 10];

        private KeptConnections(string path) =>
            _request = Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: edge.example\r\nUser-Agent: curl/8\r\n\r\n");

        public static async Task<KeptConnections> OpenAsync(Uri address, int count, string path)
        {
            var connections = new KeptConnections(path);
            for (var i = 0; i < count; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                connections._sockets.Add(socket);
                await socket.ConnectAsync(IPAddress.Loopback, address.Port);
            }

            return connections;
        }

        public async Task AskAllAsync()
        {
            await SendAllAsync();
            await ReadAllAsync();
        }

        public async Task SendAllAsync()
        {
            foreach (var socket in _sockets)
            {
                await socket.SendAsync(_request);
            }
        }

        /// <summary>Reads one answer from each; an answer is small and comes in one piece.</summary>
        public async Task ReadAllAsync()
        {
            using var deadline = new CancellationTokenSource(Wait.Limit);
            foreach (var socket in _sockets)
            {
                var length = await socket.ReceiveAsync(_buffer, deadline.Token);
                Assert.StartsWith("HTTP/1.1 ", Encoding.ASCII.GetString(_buffer, 0, length), StringComparison.Ordinal);
            }
        }

        public void Dispose() => _sockets.ForEach(socket => socket.Dispose());
    }
}
