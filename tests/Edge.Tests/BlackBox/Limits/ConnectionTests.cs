using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox.Limits;

/// <summary>More connections than there are descriptors, silent ones, and many from one address.</summary>
public class ConnectionTests
{
    /// <summary>What a client waits for a pixel at most, while the service is being attacked.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(1_024, 1_500)]
    [InlineData(256, 256)]
    [InlineData(64, 64)]
    public async Task OpenFiles_Short_LimitConnectionsAndNothingElse(int soft, int hard)
    {
        using var data = new TempDirectory();
        var binary = LimitedEdge.Script(data, $"ulimit -Sn {soft}; ulimit -Hn {hard}");
        await using var edge = await EdgeProcess.StartAsync(
            data["data"],
            environment: [("EDGE__JOURNAL__SEGMENTBYTES", "2097152")],
            binary: binary
        );
        using var silent = await SilentClients.OpenAsync(edge.Address, 1_600);

        for (var i = 0; i < 20; i++)
        {
            await PixelOnNewConnectionAsync(edge.Address);
        }

        // Enough for segments beyond the first: a new one needs descriptors too.
        for (var i = 0; i < 5_000; i++)
        {
            (await edge.Client.GetAsync($"/s/demo-ab/pixel.gif?u={i}")).EnsureSuccessStatusCode();
        }

        var metrics = await Wait.ForAsync(
            () => edge.Client.GetStringAsync("/metrics"),
            page => Value(page, "edge_journal_segments") > 1
        );
        Assert.Equal(hard, Value(metrics, "process_max_fds"));
        Assert.InRange(Value(metrics, "edge_connections_max"), 8, hard - 32);
        Assert.InRange(Value(metrics, "edge_connections"), 1, Value(metrics, "edge_connections_max"));
        Assert.Equal(0, Value(metrics, "edge_events_dropped_total{reason=\"journal_fault\"}"));
        Assert.Equal(0, await edge.StopAsync());
        Assert.Contains($"{hard} open files", await edge.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OpenFiles_TooFewForAnyConnection_AreRefusedInOneLine()
    {
        using var data = new TempDirectory();
        var binary = LimitedEdge.Script(data, "ulimit -n 48");
        await using var edge = EdgeProcess.Launch(data["data"], binary: binary);

        Assert.Equal(1, await edge.ExitCodeWithinAsync(Wait.Limit));
        Assert.StartsWith("edge serve: the limit of 48 open files", await edge.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Segment_WithoutADescriptor_IsLikeAFullDisk()
    {
        using var data = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(
            data.Path,
            environment:
            [
                ("EDGE__JOURNAL__PAGEBYTES", "65536"),
                ("EDGE__JOURNAL__SEGMENTBYTES", "1048576"),
                ("EDGE__JOURNAL__MEMORYBYTES", "524288"),
            ]
        );
        // One connection that stays open: the kernel gives no descriptor for another one either.
        using var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 1 })
        {
            BaseAddress = edge.Address,
        };
        var filler = new string('x', 1_500);
        await PixelAsync(client, filler);
        LimitOpenFiles(edge.Pid, soft: 3);

        await Wait.ForAsync(
            async () =>
            {
                for (var i = 0; i < 500; i++)
                {
                    await PixelAsync(client, filler);
                }

                return await client.GetStringAsync("/readyz").ContinueWith(ready => ready.IsFaulted);
            },
            isRefused => isRefused
        );
        Assert.False(edge.HasExited);
        LimitOpenFiles(edge.Pid, soft: 1_000);

        await Wait.ForAsync(
            () => client.GetStringAsync("/readyz").ContinueWith(ready => ready.IsCompletedSuccessfully),
            isReady => isReady
        );
        await PixelAsync(client, filler);
        Assert.Equal(0, await edge.StopAsync());
    }

    [Theory]
    [InlineData("")]
    [InlineData("GET /s/demo-ab/pixel.gif HTTP/1.1\r\nHost: e\r\nX-Never-Ending: ")]
    public async Task Connection_WithoutARequest_IsClosedOnceTheHeaderTimeoutHasPassed(string beginning)
    {
        using var data = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(
            data.Path,
            environment: [("EDGE__HTTP__HEADERSTIMEOUTMS", "1000"), ("EDGE__HTTP__KEEPALIVETIMEOUTMS", "3600000")]
        );
        using var client = new TcpClient();
        await client.ConnectAsync(edge.Address.Host, edge.Address.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(beginning));

        Assert.True(await EndsAsync(stream, isDripping: beginning.Length > 0));

        await PixelOnNewConnectionAsync(edge.Address);
        Assert.Equal(0, await edge.StopAsync());
    }

    [Fact]
    public async Task House_FullOfSilentConnections_ServesNewcomers()
    {
        using var data = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(
            data.Path,
            environment:
            [
                ("EDGE__HTTP__MAXCONNECTIONS", "32"),
                ("EDGE__HTTP__MAXPERADDRESSPERCENT", "100"),
                ("EDGE__HTTP__HEADERSTIMEOUTMS", "600000"),
                ("EDGE__HTTP__KEEPALIVETIMEOUTMS", "3600000"),
            ]
        );
        using var silent = await SilentClients.OpenAsync(edge.Address, 200);

        for (var i = 0; i < 20; i++)
        {
            await PixelOnNewConnectionAsync(edge.Address);
        }

        var metrics = await edge.Client.GetStringAsync("/metrics");
        Assert.True(Value(metrics, "edge_connections_lost_total{reason=\"shed\"}") >= 100, metrics);
        Assert.InRange(Value(metrics, "edge_connections"), 1, 32);
    }

    [Fact]
    public async Task Address_WithItsShare_MakesRoomFromItsOwnConnections()
    {
        using var data = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(
            data.Path,
            environment:
            [
                ("EDGE__HTTP__MAXCONNECTIONS", "40"),
                ("EDGE__HTTP__MAXPERADDRESSPERCENT", "25"),
                ("EDGE__HTTP__HEADERSTIMEOUTMS", "600000"),
            ]
        );
        using var honest = await SilentClients.OpenAsync(edge.Address, 8, "127.0.0.3");
        using var greedy = await SilentClients.OpenAsync(edge.Address, 100, "127.0.0.2");

        await PixelOnNewConnectionAsync(edge.Address);
        var metrics = await edge.Client.GetStringAsync("/metrics");

        // The eight, the ten that one address may have, and those that ask here.
        Assert.InRange(Value(metrics, "edge_connections"), 8 + 10 + 1, 8 + 10 + 4);
        Assert.True(Value(metrics, "edge_connections_lost_total{reason=\"shed\"}") >= 90, metrics);
    }

    [Fact]
    public async Task Listener_ThatAcceptsNoMore_EndsTheProcessWithItsOwnCode()
    {
        using var data = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(data.Path);

        // Shut down by the hand of another process: every accept fails from then on, and not for want of anything.
        using (var listener = ForeignSocket.Take(edge.Pid, edge.Address.Port))
        {
            listener.Shutdown();
        }

        Assert.Equal(4, await edge.ExitCodeWithinAsync(Wait.Limit));
        Assert.Contains("Connections can no longer be accepted", await edge.Error, StringComparison.Ordinal);
    }

    private static async Task PixelAsync(HttpClient client, string filler)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/s/demo-ab/pixel.gif");
        request.Headers.TryAddWithoutValidation("Referer", $"https://example.org/{filler}");
        (await client.SendAsync(request)).EnsureSuccessStatusCode();
    }

    private static async Task PixelOnNewConnectionAsync(Uri address)
    {
        using var client = new HttpClient { BaseAddress = address, Timeout = Patience };
        (await client.GetAsync("/s/demo-ab/pixel.gif")).EnsureSuccessStatusCode();
    }

    /// <summary>Whether the service ends the connection, while one byte after the other comes or none.</summary>
    private static async Task<bool> EndsAsync(NetworkStream stream, bool isDripping)
    {
        var clock = Stopwatch.StartNew();
        var end = ReadToEndAsync(stream);
        while (!end.IsCompleted && clock.Elapsed < Patience)
        {
            try
            {
                await Task.WhenAny(end, Task.Delay(100));
                if (isDripping)
                {
                    await stream.WriteAsync("x"u8.ToArray());
                }
            }
            catch (IOException)
            {
                return true;
            }
        }
        return end.IsCompleted;
    }

    private static async Task ReadToEndAsync(NetworkStream stream)
    {
        try
        {
            var buffer = new byte[4_096];
            while (await stream.ReadAsync(buffer) > 0)
            {
                // An answer that says why is as good as none.
            }
        }
        catch (IOException)
        {
            // A reset is an end too.
        }
    }

    private static void LimitOpenFiles(int pid, int soft)
    {
        using var process = Process.Start("prlimit", ["--pid", $"{pid}", $"--nofile={soft}:"])!;
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    private static long Value(string metrics, string name) =>
        long.Parse(
            metrics
                .Split('\n')
                .Single(line => line.StartsWith(name + " ", StringComparison.Ordinal))
                .AsSpan(name.Length + 1),
            CultureInfo.InvariantCulture
        );
}
