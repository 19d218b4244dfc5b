using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox.Limits;

/// <summary>
/// Thousands of connections at the event loops: idle ones, slow ones and ones that come and go. The other tests would
/// wait for it, so it runs when they are done.
/// </summary>
[Collection(nameof(MemoryTests))]
public class CrowdTests(ITestOutputHelper output)
{
    private const int Idle = 5_000;
    private const int Slow = 500;
    private const int Comers = 8;

    /// <summary>Descriptors of a process beside those of the crowd.</summary>
    private const int OwnDescriptors = 1_000;

    /// <summary>Connections that wait to be accepted, at most; the kernel holds no more than 128 on some machines.</summary>
    private const int AtOnce = 64;

    /// <summary>A kilobyte for each that came and went would be more.</summary>
    private const long MemorySlackBytes = 64 << 20;

    private static readonly TimeSpan Drip = TimeSpan.FromMilliseconds(100);
    private static readonly byte[] Request = "GET /s/demo-ab/pixel.gif HTTP/1.1\r\nHost: edge.example\r\n\r\n"u8.ToArray();

    [Fact]
    public async Task Crowd_OfIdleSlowAndRestlessClients_CostsNobodyAPixelAndLeavesNothing()
    {
        using var data = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(
            data["data"],
            environment:
            [
                ("EDGE__HTTP__HEADERSTIMEOUTMS", "120000"),
                ("EDGE__HTTP__KEEPALIVETIMEOUTMS", "3600000"),
                ("EDGE__HTTP__MAXPERADDRESSPERCENT", "100"),
            ]
        );
        var count = Math.Min(Idle, Math.Min(OpenFilesMax(), await ConnectionsMaxAsync(edge)) - Slow - OwnDescriptors);
        Assert.SkipWhen(count < 100, "needs more open files: ulimit -Hn");
        // A first crowd, so that memory is compared once everything that stays has been made.
        await (await IdleClients.OpenAsync(edge.Address, count)).CloseAsync(edge);
        var descriptorsBefore = Descriptors(edge.Pid);
        var memoryBefore = FuzzSetting.ResidentBytes(edge.Pid);

        var clock = Stopwatch.StartNew();
        var idle = await IdleClients.OpenAsync(edge.Address, count);
        var opened = clock.Elapsed;
        using var slowAreDone = new CancellationTokenSource();
        var restless = Enumerable.Range(0, Comers).Select(i => ComeAndGoAsync(edge.Address, i, slowAreDone.Token)).ToArray();
        var steady = AskAsync(edge, slowAreDone.Token);
        await Task.WhenAll(Enumerable.Range(0, Slow).Select(_ => DripAsync(edge.Address)));
        await slowAreDone.CancelAsync();
        var (asked, slowest) = await steady;
        var gone = (await Task.WhenAll(restless)).Sum();
        var memoryMost = FuzzSetting.ResidentBytes(edge.Pid);
        await idle.AskAllAsync();
        await idle.CloseAsync(edge);

        output.WriteLine(
            $"{count} idle, opened in {opened.TotalSeconds:F1} s; {Slow} slow, {gone} that came and went; meanwhile {asked} pixels, "
                + $"the slowest in {slowest.TotalMilliseconds:F0} ms; {memoryBefore >> 20} MiB before, {memoryMost >> 20} meanwhile, "
                + $"{FuzzSetting.ResidentBytes(edge.Pid) >> 20} after; {clock.Elapsed.TotalSeconds:F1} s"
        );
        Assert.True(asked > 0 && gone > 0);
        await Wait.UntilAsync(
            () => Descriptors(edge.Pid) <= descriptorsBefore + 8,
            () => $"{Descriptors(edge.Pid)} descriptors, {descriptorsBefore} before"
        );
        Assert.InRange(FuzzSetting.ResidentBytes(edge.Pid), 0, memoryBefore + MemorySlackBytes);
        // One pixel each from the first crowd, two from the second.
        var pixels = (3 * count) + Slow + gone + asked;
        await Wait.ForAsync(
            () => edge.Client.GetStringAsync("/metrics"),
            page => page.Contains($"edge_events_stored_total {pixels}\n", StringComparison.Ordinal),
            page => $"{page.Split('\n').Single(line => line.StartsWith("edge_events_stored_total ", StringComparison.Ordinal))}, not {pixels}"
        );
        Assert.Equal(0, await edge.StopAsync());
    }

    /// <summary>Opens a connection, asks for a pixel, is answered and goes, politely or not, until told to stop.</summary>
    private static async Task<int> ComeAndGoAsync(Uri address, int number, CancellationToken until)
    {
        var count = 0;
        while (!until.IsCancellationRequested)
        {
            using var socket = await ConnectAsync(address);
            await AskAsync(socket);
            if ((number + count++) % 2 == 0)
            {
                // A reset instead of an end.
                socket.LingerState = new LingerOption(true, 0);
            }
        }

        return count;
    }

    /// <summary>Sends a request byte by byte and is answered.</summary>
    private static async Task DripAsync(Uri address)
    {
        using var socket = await ConnectAsync(address);
        for (var i = 0; i < Request.Length - 1; i++)
        {
            await socket.SendAsync(Request.AsMemory(i, 1));
            await Task.Delay(Drip);
        }

        await socket.SendAsync(Request.AsMemory(Request.Length - 1));
        await ReadAnswerAsync(socket);
    }

    /// <summary>Asks for a pixel again and again; how often, and the longest that an answer took.</summary>
    private static async Task<(int Count, TimeSpan Slowest)> AskAsync(EdgeProcess edge, CancellationToken until)
    {
        var count = 0;
        var slowest = TimeSpan.Zero;
        using var socket = await ConnectAsync(edge.Address);
        while (!until.IsCancellationRequested)
        {
            var started = Stopwatch.GetTimestamp();
            await AskAsync(socket);
            var took = Stopwatch.GetElapsedTime(started);
            slowest = took > slowest ? took : slowest;
            count++;
            await Task.Delay(1, CancellationToken.None);
        }

        return (count, slowest);
    }

    private static async Task AskAsync(Socket socket)
    {
        await socket.SendAsync(Request);
        await ReadAnswerAsync(socket);
    }

    /// <summary>Reads a pixel to its last byte.</summary>
    private static async Task ReadAnswerAsync(Socket socket)
    {
        var buffer = new byte[2_048];
        var length = 0;
        using var deadline = new CancellationTokenSource(Wait.Limit);
        while (length == 0 || buffer[length - 1] != ';' || !buffer.AsSpan(0, length).EndsWith("\x01\x00;"u8))
        {
            var read = await socket.ReceiveAsync(buffer.AsMemory(length), deadline.Token);
            Assert.True(read > 0, $"the connection ended after {length} bytes");
            length += read;
        }

        Assert.StartsWith("HTTP/1.1 200 ", Encoding.ASCII.GetString(buffer, 0, length), StringComparison.Ordinal);
    }

    private static async Task<Socket> ConnectAsync(Uri address)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, address.Port);
        return socket;
    }

    /// <summary>Most connections that the service takes, which depends on its open files and memory.</summary>
    private static async Task<int> ConnectionsMaxAsync(EdgeProcess edge)
    {
        const string Name = "edge_connections_max ";
        var page = await edge.Client.GetStringAsync("/metrics");
        var line = page.Split('\n').Single(each => each.StartsWith(Name, StringComparison.Ordinal));
        return int.Parse(line.AsSpan(Name.Length), CultureInfo.InvariantCulture);
    }

    private static int Descriptors(int pid) => Directory.GetFiles($"/proc/{pid}/fd").Length;

    /// <summary>Most files that this process may have open; the runtime has raised its soft limit to the hard one.</summary>
    private static int OpenFilesMax()
    {
        var line = File.ReadLines("/proc/self/limits").Single(each => each.StartsWith("Max open files", StringComparison.Ordinal));
        var soft = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3];
        return int.TryParse(soft, CultureInfo.InvariantCulture, out var max) ? max : int.MaxValue;
    }

    /// <summary>Connections that have had a pixel and stay.</summary>
    private sealed class IdleClients
    {
        private readonly List<Socket> _sockets = [];

        public static async Task<IdleClients> OpenAsync(Uri address, int count)
        {
            var clients = new IdleClients();
            while (clients._sockets.Count < count)
            {
                var next = await Task.WhenAll(
                    Enumerable
                        .Range(0, Math.Min(AtOnce, count - clients._sockets.Count))
                        .Select(async _ =>
                        {
                            var socket = await ConnectAsync(address);
                            await AskAsync(socket);
                            return socket;
                        })
                );
                clients._sockets.AddRange(next);
            }

            return clients;
        }

        /// <summary>Each is still served.</summary>
        public async Task AskAllAsync()
        {
            foreach (var some in _sockets.Chunk(AtOnce))
            {
                await Task.WhenAll(some.Select(AskAsync));
            }
        }

        /// <summary>Closes all, and waits until the service has too.</summary>
        public async Task CloseAsync(EdgeProcess edge)
        {
            _sockets.ForEach(socket => socket.Dispose());
            await Wait.UntilAsync(() => Descriptors(edge.Pid) < OwnDescriptors / 4, () => $"{Descriptors(edge.Pid)} descriptors");
        }
    }
}
