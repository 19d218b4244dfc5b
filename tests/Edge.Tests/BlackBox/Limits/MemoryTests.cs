using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Edge.Tests.Support;
using Xunit;
using static Edge.Tests.Support.Packing;

namespace Edge.Tests.BlackBox.Limits;

/// <summary>
/// The smallest memory that is supported, in a control group as a container has it, with the default settings.
/// <c>EDGE_MEMORY_MINUTES</c> makes the runs longer; <c>docs/security.md</c> has the figures of ten minutes. They take
/// both processors, so they run when the other tests are done.
/// </summary>
[Collection(nameof(MemoryTests))]
public class MemoryTests(ITestOutputHelper output)
{
    private const int Clients = 900;
    private const string Event =
        """{"event":"order","properties":{"amount":12.5,"currency":"EUR"},"timestamp":"2025-10-29T22:00:00Z"}""";

    /// <summary>How long a client that wants to know whether the process lives waits before it asks again.</summary>
    private static readonly TimeSpan Try = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Time =
        Environment.GetEnvironmentVariable("EDGE_MEMORY_MINUTES") is { Length: > 0 } minutes
            ? TimeSpan.FromMinutes(double.Parse(minutes, CultureInfo.InvariantCulture))
            : TimeSpan.FromSeconds(12);

    [Fact]
    public async Task SixtyFourMebibytes_CarryPixelsAndClicks()
    {
        using var group = MemoryGroup.Create(64 << 20);
        using var data = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(
            data["data"],
            binary: LimitedEdge.Script(data, group.Join)
        );
        var clock = Stopwatch.StartNew();
        long visits = 0,
            unanswered = 0;

        await Task.WhenAll(
            Enumerable
                .Range(0, 100)
                .Select(async i =>
                {
                    while (clock.Elapsed < Time / 2)
                    {
                        foreach (var path in (string[])["pixel.gif", "click"])
                        {
                            if (await TryGetAsync(edge.Client, $"/s/demo-ab/{path}?u={i}") is { } status)
                            {
                                Assert.Equal(path == "click" ? HttpStatusCode.Redirect : HttpStatusCode.OK, status);
                                Interlocked.Increment(ref visits);
                            }
                            else
                            {
                                Interlocked.Increment(ref unanswered);
                            }
                        }
                    }
                })
        );

        Assert.False(edge.HasExited, edge.ErrorSoFar);
        var metrics = await edge.Client.GetStringAsync("/metrics");
        Assert.Equal(0, await edge.StopAsync());
        output.WriteLine($"{visits} visits in {clock.Elapsed.TotalSeconds:F0} s, {unanswered} lost connections");
        // Where the disk is slower than this, events are dropped, and counted; the visitors have their answers.
        var dropped = metrics
            .Split('\n')
            .Where(line => line.StartsWith("edge_events_dropped_total{", StringComparison.Ordinal))
            .Sum(line => long.Parse(line.AsSpan(line.LastIndexOf(' ') + 1), CultureInfo.InvariantCulture));
        Assert.InRange(await StoredAsync(data["data"]) + dropped, visits, visits + unanswered);
        Assert.True(visits > 100 * unanswered, $"{visits} visits, {unanswered} lost connections");
        Assert.Contains("http.maxConnections", await edge.Error, StringComparison.Ordinal);
    }

    /// <summary>
    /// The binary is read from the disk within the group, as in a container: its pages are part of the memory.
    /// </summary>
    [Fact]
    public async Task SixtyFourMebibytes_RefuseBodiesInsteadOfEnding()
    {
        using var group = MemoryGroup.Create(64 << 20);
        using var data = new TempDirectory();
        var key = (
            await EdgeProcess.RunAsync(["keys", "create", "--kind", "artie", "--data-dir", data["data"]])
        ).Output.Trim();
        await using var edge = await EdgeProcess.StartAsync(
            data["data"],
            environment: [("EDGE__HTTP__MAXPERADDRESSPERCENT", "100")],
            binary: LimitedEdge.Script(data, $"{group.Join}\ncp {EdgeBinary.Path} {data["edge"]}", data["edge"])
        );
        var body = new Body("valid", Array(2_260), 2_260, IsGzip: false, IsKeyless: false);

        var (answers, slowest) = await PostUntilTheEndAsync(edge, senders: 80, body, key, takenMin: 1);

        var stored = await StoredAsync(data["data"]);
        output.WriteLine(
            $"{stored} events stored; slowest /healthz {slowest.TotalMilliseconds:F0} ms; "
                + string.Join(", ", answers.OrderBy(pair => pair.Key).Select(pair => $"{pair.Value} x {pair.Key}"))
        );
        var (taken, unknown) = (answers.GetValueOrDefault(200), answers.GetValueOrDefault(0));
        Assert.InRange(stored, taken * body.Events, (taken + unknown + answers.GetValueOrDefault(500)) * body.Events);
        Assert.True(taken > 0 && answers[503] > 10 * unknown, $"{unknown} without an answer");
    }

    /// <summary>
    /// The journal's memory is small, so appends wait for the disk; those that wait must not hold every thread, or the
    /// commit that ends their wait finds none.
    /// </summary>
    [Fact]
    public async Task SixtyFourMebibytes_GoOnAnsweringSendersOfArrays()
    {
        using var group = MemoryGroup.Create(64 << 20);
        using var data = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(
            data["data"],
            environment: [("EDGE__HTTP__MAXPERADDRESSPERCENT", "100"), ("EDGE__INGEST__ADDRESSPERMINUTE", "0")],
            binary: LimitedEdge.Script(data, $"{group.Join}\ncp {EdgeBinary.Path} {data["edge"]}", data["edge"])
        );
        var one = $$$"""{"event":"conversion","experiment":"demo-ab","metadata":{"a":"{{{new string('x', 400)}}}"}}""";
        var events = Encoding.ASCII.GetBytes($"[{string.Join(',', Enumerable.Repeat(one, 100))}]");
        var body = new Body("keyless", events, 100, IsGzip: false, IsKeyless: true);

        var (answers, slowest) = await PostUntilTheEndAsync(edge, senders: 40, body, "", takenMin: 40 * 5);

        var (taken, unknown) = (answers.GetValueOrDefault(200), answers.GetValueOrDefault(0));
        output.WriteLine($"slowest /healthz {slowest.TotalMilliseconds:F0} ms; {taken} x 200, {unknown} without an answer");
        Assert.True(taken >= 40 * 5 && taken > 10 * unknown, $"{taken} x 200, {unknown} without an answer");
    }

    [Fact]
    public async Task TwoHundredFiftySixMebibytes_CarryNineHundredSendersOfBodies()
    {
        using var group = MemoryGroup.Create(256 << 20);
        using var data = new TempDirectory();
        var key = (
            await EdgeProcess.RunAsync(["keys", "create", "--kind", "artie", "--data-dir", data["data"]])
        ).Output.Trim();
        await using var edge = await EdgeProcess.StartAsync(
            data["data"],
            environment: [("EDGE__INGEST__ADDRESSPERMINUTE", "0"), ("EDGE__JOURNAL__MAXBYTES", $"{1L << 40}")],
            binary: LimitedEdge.Script(data, group.Join)
        );
        var bodies = Bodies();
        var clock = Stopwatch.StartNew();
        var answers = new ConcurrentDictionary<string, int>();
        long acknowledged = 0,
            unknown = 0;
        using var handler = new SocketsHttpHandler { UseProxy = false };
        using var client = new HttpClient(handler) { BaseAddress = edge.Address, Timeout = Wait.Limit };

        var health = WatchHealthAsync(edge, clock);
        await Task.WhenAll(
            Enumerable
                .Range(0, Clients)
                .Select(async i =>
                {
                    var random = new Random(i);
                    while (clock.Elapsed < Time)
                    {
                        var body = bodies[random.Next(bodies.Length)];
                        var status = await PostAsync(client, body, key);
                        answers.AddOrUpdate($"{body.Name} {status}", 1, static (_, count) => count + 1);
                        if (status == 200)
                        {
                            Interlocked.Add(ref acknowledged, body.Events);
                        }
                        else if (status == 0)
                        {
                            Interlocked.Add(ref unknown, body.Events);
                        }
                    }
                })
        );

        var slowest = await health;
        Assert.True(await edge.StopAsync() == 0, await edge.Error);
        var stored = await StoredAsync(data["data"]);
        output.WriteLine(
            $"{acknowledged} events acknowledged, {unknown} without an answer, {stored} stored; "
                + $"slowest /healthz {slowest.TotalMilliseconds:F0} ms; "
                + string.Join(", ", answers.OrderBy(pair => pair.Key).Select(pair => $"{pair.Value} x {pair.Key}"))
        );
        Assert.True(acknowledged > 0);
        Assert.InRange(stored, acknowledged, acknowledged + unknown);
    }

    [Fact]
    public async Task LongAnswer_ThatNobodyReads_HoldsNeitherBodyNorEvents()
    {
        using var data = new TempDirectory();
        var key = (
            await EdgeProcess.RunAsync(["keys", "create", "--kind", "artie", "--data-dir", data.Path])
        ).Output.Trim();
        // Room for one such array with its events, not for two.
        await using var edge = await EdgeProcess.StartAsync(
            data.Path,
            environment:
            [
                ("EDGE__INGEST__INFLIGHTBYTES", "64MiB"),
                ("EDGE__JOURNAL__MEMORYBYTES", "64MiB"),
                ("EDGE__HTTP__REQUESTTIMEOUTMS", "60000"),
            ]
        );
        var body = new Body("long", Array(90_000), 90_000, false, false);
        using var silent = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4_096 };
        await silent.ConnectAsync(edge.Address.Host, edge.Address.Port);
        var header =
            $"POST /v1/bulk-track HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
            + $"Content-Type: application/json\r\nContent-Length: {body.Bytes.Length}\r\n\r\n";
        await silent.SendAsync(Encoding.ASCII.GetBytes(header));
        for (var sent = 0; sent < body.Bytes.Length;)
        {
            sent += await silent.SendAsync(body.Bytes.AsMemory(sent));
        }

        var first = new byte[12];
        Assert.Equal(first.Length, await silent.ReceiveAsync(first));
        Assert.Equal("HTTP/1.1 200", Encoding.ASCII.GetString(first));

        // Once, so long before the silent one is given up.
        Assert.Equal(200, await PostAsync(edge.Client, body, key));
    }

    [Fact]
    public async Task Memory_UsedUp_EndsTheProcessWithItsOwnCode()
    {
        using var data = new TempDirectory();
        var key = (
            await EdgeProcess.RunAsync(["keys", "create", "--kind", "artie", "--data-dir", data.Path])
        ).Output.Trim();
        await using var edge = await EdgeProcess.StartAsync(
            data.Path,
            environment: [("DOTNET_GCHeapHardLimit", "1400000"), ("EDGE__JOURNAL__MEMORYBYTES", "2097152")]
        );
        var body = new Body("valid", Array(100_000), 100_000, false, false);

        var senders = Enumerable.Range(0, 8).Select(_ => PostAsync(edge.Client, body, key)).ToArray();

        Assert.Equal(4, await edge.ExitCodeWithinAsync(Wait.Limit));
        await Task.WhenAll(senders);
        Assert.Contains("out of memory", await edge.Error, StringComparison.Ordinal);
    }

    /// <summary>Valid and refused bodies of every size, as they are and in gzip, with a key and without.</summary>
    private static Body[] Bodies()
    {
        var bodies = new List<Body>();
        foreach (var count in (int[])[1, 10, 100, 1_000, 5_000, 20_000, 90_000])
        {
            var valid = Array(count);
            byte[] invalid = [.. valid.AsSpan(0, valid.Length - 1), .. ",1]"u8];
            bodies.Add(new Body("valid", valid, count, IsGzip: false, IsKeyless: false));
            bodies.Add(new Body("valid gzip", Gzip(valid), count, IsGzip: true, IsKeyless: false));
            bodies.Add(new Body("invalid", invalid, 0, IsGzip: false, IsKeyless: false));
            bodies.Add(new Body("invalid gzip", Gzip(invalid), 0, IsGzip: true, IsKeyless: false));
        }
        var experiment = Encoding.ASCII.GetBytes(
            """{"event":"view","experiment":"demo-ab","metadata":{"a":"FILLER"}}""".Replace(
                "FILLER",
                new string('y', 9_000),
                StringComparison.Ordinal
            )
        );
        byte[] hundred =
        [
            .. "["u8,
            .. Enumerable.Repeat((byte[])[.. experiment, (byte)','], 99).SelectMany(e => e),
            .. experiment,
            .. "]"u8,
        ];
        bodies.Add(new Body("too large", new byte[12 << 20], 0, IsGzip: false, IsKeyless: false));
        bodies.Add(new Body("bomb", Gzip(new byte[64 << 20]), 0, IsGzip: true, IsKeyless: false));
        byte[] events = [.. "{\"events\":"u8, .. hundred, .. "}"u8];
        bodies.Add(new Body("keyless", events, 100, IsGzip: false, IsKeyless: true));
        bodies.Add(new Body("keyless garbage", new byte[2 << 20], 0, IsGzip: false, IsKeyless: true));
        return [.. bodies];
    }

    private static byte[] Array(int count) =>
        Encoding.ASCII.GetBytes($"[{string.Join(',', Enumerable.Repeat(Event, count))}]");

    /// <summary>
    /// Has senders post one body again and again, then stops the service; how often each status came, 0 for none, and
    /// the longest that <c>/healthz</c> took meanwhile.
    /// </summary>
    private static async Task<(ConcurrentDictionary<int, int> Answers, TimeSpan Slowest)> PostUntilTheEndAsync(
        EdgeProcess edge,
        int senders,
        Body body,
        string key,
        int takenMin
    )
    {
        var clock = Stopwatch.StartNew();
        var answers = new ConcurrentDictionary<int, int>();
        using var handler = new SocketsHttpHandler { UseProxy = false };
        using var client = new HttpClient(handler) { BaseAddress = edge.Address, Timeout = Wait.Limit };

        var health = WatchHealthAsync(edge, clock);
        await Task.WhenAll(
            Enumerable
                .Range(0, senders)
                .Select(async _ =>
                {
                    // A busy machine takes longer for the same.
                    while (clock.Elapsed < Time || (answers.GetValueOrDefault(200) < takenMin && clock.Elapsed < Wait.Limit))
                    {
                        answers.AddOrUpdate(await PostAsync(client, body, key), 1, static (_, count) => count + 1);
                    }
                })
        );

        var slowest = await health;
        Assert.True(await edge.StopAsync() == 0, await edge.Error);
        return (answers, slowest);
    }

    /// <summary>The status, or 0 when there was no answer.</summary>
    private static async Task<int> PostAsync(HttpClient client, Body body, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, body.IsKeyless ? "/s/events" : "/v1/bulk-track");
        request.Content = new ByteArrayContent(body.Bytes);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (body.IsGzip)
        {
            request.Content.Headers.ContentEncoding.Add("gzip");
        }

        if (!body.IsKeyless)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        try
        {
            using var answer = await client.SendAsync(request);
            return (int)answer.StatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return 0;
        }
    }

    /// <summary>The status; null when the connection was lost before the answer.</summary>
    private static async Task<HttpStatusCode?> TryGetAsync(HttpClient client, string path)
    {
        try
        {
            using var answer = await client.GetAsync(path);
            return answer.StatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return null;
        }
    }

    /// <summary>Asks again and again on connections of its own; the longest that an answer took.</summary>
    private static async Task<TimeSpan> WatchHealthAsync(EdgeProcess edge, Stopwatch clock)
    {
        var slowest = TimeSpan.Zero;
        while (clock.Elapsed < Time)
        {
            using var client = new HttpClient { BaseAddress = edge.Address, Timeout = Try };
            var asked = clock.Elapsed;
            // A client that a busy machine does not let send within the header timeout loses its connection and asks again.
            while (await TryGetAsync(client, "/healthz") is var status && status != HttpStatusCode.OK)
            {
                Assert.False(edge.HasExited, edge.ErrorSoFar);
                Assert.True(
                    clock.Elapsed - asked < Wait.Limit,
                    $"/healthz: {status?.ToString() ?? "no answer"}; {edge.ErrorSoFar}"
                );
            }
            var took = clock.Elapsed - asked;
            slowest = took > slowest ? took : slowest;
            await Task.Delay(100);
        }
        return slowest;
    }

    private static async Task<long> StoredAsync(string dataDir)
    {
        var stat = await EdgeProcess.RunAsync(["journal", "stat", "--data-dir", dataDir]);
        using var json = System.Text.Json.JsonDocument.Parse(stat.Output);
        return json.RootElement.GetProperty("committed_sequence").GetInt64();
    }

    private sealed record Body(string Name, byte[] Bytes, int Events, bool IsGzip, bool IsKeyless);
}

/// <summary>Keeps what needs the whole machine apart from the other tests.</summary>
[CollectionDefinition(nameof(MemoryTests), DisableParallelization = true)]
public class TestsAlone;
