using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Edge.Tests.Requests.Ingestion;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>
/// Requests to every route of the native binary, management included, with a valid key: well formed with odd parts, or
/// with damaged bytes, over connections that are kept while the server keeps them. Nothing is an error of the service
/// but a deliberate 503, 501 (a transfer coding it does not have) and 505 (a version of HTTP), nothing is reported as an exception,
/// and no memory stays behind. EDGE_FUZZ_REQUESTS sets how many, 20,000 unless it does; EDGE_FUZZ_SEED repeats a run.
/// </summary>
public class DamagedRequestTests(ITestOutputHelper output)
{
    private const int RequestsDefault = 20_000;
    private const int Senders = 48;

    /// <summary>What the resident memory may grow by between the first quarter of the requests and the last.</summary>
    private const long GrowthBytesMax = 96L << 20;

    [Fact]
    public async Task EveryRoute_DamagedRequests_AreAnsweredOrRefused()
    {
        var requests = FuzzSetting.Number("EDGE_FUZZ_REQUESTS", RequestsDefault);
        var seed = FuzzSetting.Number("EDGE_FUZZ_SEED", Environment.TickCount & 0xFFFFFF);
        using var data = new TempDirectory();
        string[] keys =
        [
            await SampleBodies.CreateKeyAsync(data.Path, "pictify"),
            await SampleBodies.CreateKeyAsync(data.Path, "artie"),
            await SampleBodies.CreateKeyAsync(data.Path, "millimetric-sk"),
            await SampleBodies.CreateKeyAsync(data.Path, "traffical"),
            await SampleBodies.CreateKeyAsync(data.Path, "traffical-pk"),
        ];
        await using var edge = await EdgeProcess.StartAsync(
            data.Path,
            ["--demo"],
            [
                ("EDGE__API__REQUESTSPERMINUTE", "1000000"),
                ("EDGE__API__WRONGKEYSPERMINUTE", "0"),
                ("EDGE__INGEST__ADDRESSPERMINUTE", "0"),
                ("EDGE__INGEST__MILLIMETRICPERSECOND", "0"),
            ]
        );
        var statuses = new SortedDictionary<int, int>();

        await SendAsync(0, requests / 4);
        var before = FuzzSetting.ResidentBytes(edge.Pid);
        await SendAsync(1, requests - (requests / 4));
        var growth = FuzzSetting.ResidentBytes(edge.Pid) - before;

        output.WriteLine(
            $"seed {seed}, {requests} requests: "
                + string.Join(", ", statuses.Select(status => $"{status.Value} x {status.Key}"))
                + $"; memory grew by {growth >> 10} KiB"
        );
        Assert.All([200, 201, 302, 400, 401, 404, 405], status => Assert.Contains(status, statuses.Keys));
        Assert.InRange(growth, long.MinValue, GrowthBytesMax);
        Assert.True((await edge.Client.GetAsync("/readyz")).IsSuccessStatusCode);
        Assert.Equal(0, await edge.StopAsync());
        Assert.DoesNotContain("xception", await edge.Error, StringComparison.Ordinal);

        Task SendAsync(int part, int count) =>
            Task.WhenAll(
                Enumerable
                    .Range(0, Senders)
                    .Select(sender =>
                        Task.Run(async () =>
                        {
                            var mutator = new RequestMutator(seed + (part * Senders) + sender, keys);
                            using var connection = new FuzzConnection(edge.Address);
                            for (var i = sender; i < count; i += Senders)
                            {
                                var request = mutator.Next();
                                var status = await connection.AskAsync(request);
                                lock (statuses)
                                {
                                    statuses[status] = statuses.GetValueOrDefault(status) + 1;
                                }

                                Assert.False(
                                    status >= 500 && status is not (501 or 503 or 505),
                                    $"seed {seed}: {status} to\n{Encoding.Latin1.GetString(request)}"
                                );
                                Assert.False(edge.HasExited, $"seed {seed}: ended by\n{Encoding.Latin1.GetString(request)}");
                            }
                        })
                    )
            );
    }
}

/// <summary>
/// Makes requests of all routes, two of three with odd parts, and damages the bytes of every other one. Equal seeds make
/// equal requests. Not thread safe.
/// </summary>
internal sealed class RequestMutator
{
    private const int DamagesMax = 4;

    /// <summary>So few that what one request creates another finds.</summary>
    private const int Experiments = 40;

    private static readonly string[] Methods =
    [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get", "TRACE", "CONNECT", "G\u00e9T", "",
    ];

    private static readonly string[] Parts =
    [
        "", "/", "//", "/..", "/%2e%2e", "%00", "%", "%zz", "%C3%A9", "\u00fc", "?", "#", "/demo-ab", "%2Fclick", ".gif", "\\",
        new string('a', 300), new string('/', 70), "constructor", "__proto__", ";x=1", "pixel.gif", "click", "resolve", "events",
        "%F0%9F%98%80", "\u00f0\u009f\u0098\u0080", " ", "..;/", "api", "results.csv", "DEMO-AB", "demo%2Dab", "demo-ab.",
    ];

    private static readonly string[] Queries =
    [
        "u=1", "u=", "u=%00", "u=\u00e9", "u=" + new string('x', 3_000), "variant=b", "variant=%ff", "utm_source=news&utm_medium=",
        "url=//evil.example", "referrer=https://%C3%A9.example", "&&&=&", "u=*|UNIQID|*", "u={{x}}", "sig=1&exp=99999999999999999999",
        "limit=-1", "limit=99999999999999999999", "page=0&pageSize=1000000", "status=running&type=ab_test", "hours=0", "s=\"'<>",
    ];

    private static readonly string[] Headers =
    [
        "Content-Length: 5", "Content-Length: -1", "Content-Length: +1", "Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked",
        "Content-Encoding: gzip", "Content-Encoding: br", "Content-Type: text/plain", "Content-Type: application/json; charset=utf-16",
        "Content-Type: multipart/form-data; boundary=x", "Authorization: Bearer", "Authorization: Bearer nonsense",
        "Authorization: Basic eDp5", "Expect: 100-continue", "Connection: close", "Connection: upgrade", "Upgrade: h2c",
        "Accept: text/html", "Accept-Language: zh-Hant-TW,*;q=0.\u00e9", "User-Agent: \u00e9\u0001", "User-Agent:",
        "User-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X)", "Referer: https://m\u00c3\u00bcller.example/?q=%",
        "Referer: \u0080\u0081", "Origin: null", "Origin: https://\u00e9.example", "X-Forwarded-For: 1.2.3.4, ,::1",
        "Forwarded: for=\"[::1\";by=_x", "If-None-Match: *", "If-Match: \"1\"", "Sec-Purpose: prefetch;prerender", "DNT: 1", "Sec-GPC: 1",
        "Cookie: " + "a=b; c=".PadRight(4_000, 'z'), "Range: bytes=0-", "Edge-Debug: x", "Host: other", "Host:", "X: " + "\t y",
        " folded", "no colon", "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: x-a, x-b",
    ];

    private static readonly byte[] Context = """{"context":{"targetingKey":"u-1","plan":"team","n":{"m":[1]}}}"""u8.ToArray();

    private static readonly byte[] Decide = """{"unitKey":"u-1","experiments":["fuzz-1"],"context":{"plan":"team"}}"""u8.ToArray();

    private readonly Random _random;
    private readonly string[] _keys;
    private readonly Func<byte[]>[] _routes;
    private readonly BodyMutator _bodies;

    public RequestMutator(int seed, string[] keys)
    {
        _random = new Random(seed);
        _keys = keys;
        _bodies = new BodyMutator(
            _random.Next(),
            [.. SampleBodies.Artie, .. SampleBodies.Millimetric, .. SampleBodies.Traffical, .. SampleBodies.Pictify, Definition(0)]
        );
        string[] reads =
        [
            "/s/demo-ab/pixel.gif", "/s/demo-ab/click", "/s/demo-smart/click", "/s/demo-ab/resolve", "/s/demo-smart/resolve",
            "/s/demo-ab.png", "/s/demo-ab.jpg", "/healthz", "/readyz", "/metrics", "/ledger", "/sdk.js", "/openapi.json", "/", "/s/none/click",
        ];
        string[] managed =
        [
            "/ui/", "/ui/session", "/ui/share/none/results", "/system", "/experiments/api/summaries",
            "/experiments/api", "/experiments/api/quota", "/experiments/api/audit", "/experiments/api/demo-ab",
            "/experiments/api/demo-ab/results", "/experiments/api/demo-ab/results.csv", "/experiments/api/demo-ab/series",
            "/experiments/api/demo-ab/recomputations", "/experiments/api/demo-ab/shares", "/experiments/api/demo-ab/uniques",
            "/experiments/api/demo-smart/results", "/experiments/api/none",
        ];
        string[] moves = ["start", "pause", "complete", "explain", "recompute", "start?dryRun=true"];
        _routes =
        [
            () => Request("GET", Any(reads)),
            () => Request("GET", Any(reads)),
            () => Request("POST", Any(["/s/demo-ab/pixel.gif", "/s/demo-ab/click"]), body: "ping"u8.ToArray()),
            () => Request("POST", "/s/events", body: Any(SampleBodies.Pictify)),
            () => Request("POST", "/v1/bulk-track", 1, Any(SampleBodies.Artie)),
            () => Request("POST", "/v1/track", 1, Any(SampleBodies.ArtieSingle)),
            () => Request("POST", "/v1/track", 2, Any(SampleBodies.Millimetric)),
            () => Request("POST", Any(["/v1/events", "/v1/events/batch"]), 3, Any(SampleBodies.Traffical)),
            () => Request("GET", Any(managed), 0),
            () => Request("POST", "/experiments/api", 0, Definition(_random.Next(Experiments))),
            () => Request("PUT", $"/experiments/api/fuzz-{_random.Next(Experiments)}", 0, Definition(_random.Next(Experiments))),
            () => Request("PATCH", $"/experiments/api/fuzz-{_random.Next(Experiments)}", 0, "{\"name\":\"x\"}"u8.ToArray()),
            () => Request("POST", $"/experiments/api/fuzz-{_random.Next(Experiments)}/{Any(moves)}", 0, "{}"u8.ToArray()),
            () => Request("DELETE", $"/experiments/api/fuzz-{_random.Next(Experiments)}", 0),
            () => Request("POST", Any(["/experiments/api/validate", "/experiments/api/explain", "/experiments/api/occurrences"]), 0, Definition(0)),
            () => Request("POST", Any(["/experiments/api/demo-ab/shares", "/system/sinks/none/pause"]), 0, "{\"days\":1}"u8.ToArray()),
            () => Request("POST", Any(["/ofrep/v1/evaluate/flags", "/ofrep/v1/evaluate/flags/fuzz-1", "/ofrep/v1/evaluate/flags/none"]), 4, Context),
            () => Request("POST", "/v1/decide", 4, Decide),
            () => Request("GET", Any(["/receipts/none", "/receipts/0198c2a4-7d3e-7a10-8000-3f9b1c2d4e5f", "/receipts/"]), _random.Next(4)),
            () => Request("OPTIONS", Any(["/v1/track", "/s/events", "/s/demo-ab/resolve"])),
        ];
    }

    public byte[] Next()
    {
        var request = Any(_routes)();
        if (_random.Next(2) == 0)
        {
            for (var damages = _random.Next(1, DamagesMax + 1); damages > 0; damages--)
            {
                request = Damage(request);
            }
        }

        return request;
    }

    private static byte[] Definition(int number) =>
        Encoding.UTF8.GetBytes(
            $$"""
            {"name":"Fuzz {{number}}","slug":"fuzz-{{number}}","type":"ab_test","goalConfig":{"type":"click_through",
            "destinationUrl":"https://example.com/{{number}}"},"variants":[{"id":"a","name":"A","weight":5000,"isDefault":true},
            {"id":"b","name":"B","weight":5000,"destinationUrl":"https://example.com/b"}]}
            """
        );

    private byte[] Request(string method, string path, int? key = null, byte[]? body = null)
    {
        var isOdd = _random.Next(3) > 0;
        if (isOdd && _random.Next(4) == 0)
        {
            method = Any(Methods);
        }

        while (isOdd && _random.Next(4) == 0)
        {
            path = path.Insert(_random.Next(path.Length + 1), Any(Parts));
        }

        for (var separator = '?'; _random.Next(3) == 0; separator = '&')
        {
            path += separator + Any(Queries);
        }

        if (isOdd && body is not null && _random.Next(2) == 0)
        {
            body = _bodies.Next();
        }

        var head = new StringBuilder($"{method} {path} HTTP/1.{(isOdd && _random.Next(20) == 0 ? "0" : "1")}\r\nHost: edge\r\n");
        if (key is { } number)
        {
            head.Append($"Authorization: Bearer {(_random.Next(12) == 0 ? Any(_keys) : _keys[number])}\r\n");
        }

        if (body is not null)
        {
            head.Append($"Content-Type: application/json\r\nContent-Length: {body.Length}\r\n");
        }

        while (isOdd && _random.Next(3) == 0)
        {
            head.Append(Any(Headers)).Append("\r\n");
        }

        return [.. Encoding.Latin1.GetBytes(head.Append("\r\n").ToString()), .. body ?? []];
    }

    private byte[] Damage(byte[] request)
    {
        var at = _random.Next(request.Length);
        var count = Math.Min(_random.Next(1, 20), request.Length - at);
        switch (_random.Next(5))
        {
            case 0:
                request[at] ^= (byte)(1 << _random.Next(8));
                return request;
            case 1:
                request[at] = (byte)_random.Next(256);
                return request;
            case 2:
                return [.. request[..at], .. request[(at + count)..]];
            case 3:
                return [.. request[..at], .. request[at..(at + count)], .. request[at..]];
            default:
                return [.. request[..at], (byte)_random.Next(256), .. request[at..]];
        }
    }

    private T Any<T>(T[] choices) => choices[_random.Next(choices.Length)];
}

/// <summary>A connection that is kept while the server keeps it and what was asked is known to be answered.</summary>
internal sealed class FuzzConnection(Uri address) : IDisposable
{
    /// <summary>A damaged request may announce more than it has; the server then waits, and this side goes on.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(100);

    private readonly byte[] _buffer = new byte[64 << 10];
    private TcpClient? _client;

    /// <summary>The status of the answer; 0 when there was none.</summary>
    public async Task<int> AskAsync(byte[] request)
    {
        using var patience = new CancellationTokenSource(Wait.Limit);
        try
        {
            if (_client is null)
            {
                _client = new TcpClient { NoDelay = true };
                await _client.ConnectAsync(address.Host, address.Port, patience.Token);
            }

            var stream = _client.GetStream();
            await stream.WriteAsync(request, patience.Token);
            patience.CancelAfter(Patience);
            var length = 0;
            while (length < _buffer.Length)
            {
                var read = await stream.ReadAsync(_buffer.AsMemory(length), patience.Token);
                length += read;
                var head = _buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
                if (read == 0 || head >= 0)
                {
                    return Finish(Encoding.Latin1.GetString(_buffer, 0, length), head, read == 0);
                }
            }
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            // The server closed, or waits for the rest.
        }

        Dispose();
        return 0;
    }

    public void Dispose()
    {
        _client?.Dispose();
        _client = null;
    }

    /// <summary>Keeps the connection only when the answer is there as a whole and leaves it open.</summary>
    private int Finish(string answer, int head, bool isClosed)
    {
        var status = RawHttp.Status(answer);
        var isWhole =
            head >= 0
            && answer.AsSpan(0, head).IndexOf("\r\nContent-Length: ", StringComparison.Ordinal) is var at and >= 0
            && int.TryParse(
                answer.AsSpan(at + 18, answer.AsSpan(at + 18).IndexOf('\r')),
                CultureInfo.InvariantCulture,
                out var body
            )
            && answer.Length == head + 4 + body
            && !answer.AsSpan(0, head).Contains("Connection: close", StringComparison.Ordinal);
        if (isClosed || !isWhole)
        {
            Dispose();
        }

        return status;
    }
}
