using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>
/// What event loops answer and what the server answers: the same requests go to a service with
/// <c>http.transport=loops</c> and to one with <c>sockets</c>; answers and recorded events are compared.
/// </summary>
public partial class LaneTests
{
    private const int AtOnce = 16;

    private const int QuietMs = 1_000;

    /// <summary>Requests that are made up of sound and odd parts.</summary>
    private const int MadeUp = 2_000;

    private static readonly string[] Lines =
    [
        "GET /s/demo-ab/pixel.gif HTTP/1.1",
        "HEAD /s/demo-ab/pixel.gif HTTP/1.1",
        "GET /s/demo-ab/click HTTP/1.1",
        "HEAD /s/demo-ab/click HTTP/1.1",
        "GET /s/demo-smart/click?utm_source=news&u=reader-7 HTTP/1.1",
        "GET /s/demo-smart/click HTTP/1.1",
        "GET /s/demo-schedule/click?u= HTTP/1.1",
        "GET /s/demo-ab/pixel.gif?u=*%7CUNIQID%7C* HTTP/1.1",
        "GET /s/demo-ab/click?variant=b&gclid=1&a=%C3%BC&b=\"<>\\^`{|} HTTP/1.1",
        "GET /s/demo-ab/click?variant=zzz HTTP/1.1",
        "GET /s/demo-ab/click?utm_source=m\u00c3\u00bcller HTTP/1.1",
        "GET /s/demo-ab/pixel.gif?u=\u00e4\u00ff\u0080 HTTP/1.1",
        "GET /s/demo-\u00c3\u00bcb/pixel.gif HTTP/1.1",
        "G\u00c3T /s/demo-ab/pixel.gif HTTP/1.1",
        "GET /s/unknown-one/pixel.gif HTTP/1.1",
        "GET /s/unknown-one/click HTTP/1.1",
        "GET /s/DEMO-AB/pixel.gif HTTP/1.1",
        "GET /s/demo-ab/pixel.gif/ HTTP/1.1",
        "GET //s//demo-ab//click HTTP/1.1",
        "GET /s/demo%2Dab/click HTTP/1.1",
        "GET /s/demo-ab/resolve HTTP/1.1",
        "GET /s//pixel.gif HTTP/1.1",
        "GET /s/pixel.gif HTTP/1.1",
        "GET /s/demo-ab/pixel.gif#x HTTP/1.1",
        "GET http://edge.example/s/demo-ab/click HTTP/1.1",
        "GET /s/demo-ab/click HTTP/1.0",
        "GET /s/demo-ab/click HTTP/2.0",
        "GET  /s/demo-ab/click HTTP/1.1",
        "get /s/demo-ab/click HTTP/1.1",
        "POST /s/demo-ab/click HTTP/1.1",
        "OPTIONS /s/demo-ab/pixel.gif HTTP/1.1",
        "DELETE /s/demo-ab/pixel.gif HTTP/1.1",
        "GET /healthz HTTP/1.1",
    ];

    private static readonly string[] Hosts =
    [
        "Host: edge.example", "Host: edge.example", "Host: edge.example", "Host: edge.example:8080", "host:edge.example",
        "Host: 127.0.0.1", "Host: [::1]:80", "Host:", "Host: a b", "Host: edge.example\r\nHost: edge.example", "X-No-Host: 1",
    ];

    private static readonly string[] Headers =
    [
        "User-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
        "User-Agent: curl/8.5.0",
        "user-agent:   Googlebot/2.1   ",
        "User-Agent:",
        "User-Agent: one\r\nUser-Agent: two",
        "User-Agent: \u00e4\u00f6\u00fc",
        "Referer: https://www.google.com/",
        "Referer: https://m\u00c3\u00bcller.example/",
        "Referer: https://m\u00fcller.example/",
        "Referer:\r\nReferer: https://second.example/",
        "Accept-Language: de-DE,de;q=0.9",
        "Accept-Language: fr\r\nAccept-Language: en",
        "X-Forwarded-For: 203.0.113.7",
        "X-Forwarded-For: 203.0.113.7, 198.51.100.1\r\nX-Forwarded-For: 2001:db8::1",
        "x-forwarded-for: nonsense",
        "Sec-Purpose: prefetch",
        "Sec-Purpose: prefetch;prerender",
        "Purpose: preview",
        "X-Moz: prefetch",
        "Origin: https://shop.example",
        "Cookie: a=1; b=2",
        "Accept: */*",
        "X-Tab: a\tb",
        "X-Folded: a\r\n b",
        "X-Null: a\0b",
        "X-Bell: a\u0007b",
        "X-Space : a",
        ": nameless",
        "no-colon",
        "X-Long: " + "LONG",
        "Content-Length: 0",
        "Content-Length: 5",
        "Transfer-Encoding: chunked",
        "Expect: 100-continue",
        "Upgrade: h2c",
        "Connection: close",
        "Connection: Keep-Alive",
        "Connection: close, x",
        "Connection: upgrade",
        "Edge-Debug: nonsense",
    ];

    [Fact]
    public async Task Request_OfAnyMake_IsAnsweredAndRecordedAlike()
    {
        await using var pair = await Pair.StartAsync();
        var requests = Enumerable.Range(0, MadeUp).Select(MakeUp).ToArray();

        var differences = await pair.CompareAsync(requests.Select(request => new Sending(request, request.Length)));

        Assert.True(differences.Count == 0, $"{differences.Count}, e.g.\n{differences.FirstOrDefault()}");
        await pair.AssertEventsAlikeAsync();
    }

    /// <summary>Wherever a request is divided between two sends, it is answered and recorded as if it had come whole.</summary>
    [Theory]
    [InlineData("pixel", "GET /s/demo-ab/pixel.gif?u=a%20b\u00c3\u00a4 HTTP/1.1\r\nHost: x\r\nUser-Agent: curl/8\r\nReferer: https://a.example/\r\n\r\n")]
    [InlineData("click", "GET /s/demo-smart/click?utm_source=a HTTP/1.1\r\nHost: x\r\nSec-Purpose: none\r\nAccept-Language: fr\r\n\r\n")]
    [InlineData("two pixels", "GET /s/demo-ab/pixel.gif HTTP/1.1\r\nHost: x\r\n\r\nHEAD /s/demo-ab/pixel.gif HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("pixel, then body", "GET /s/demo-ab/pixel.gif HTTP/1.1\r\nHost: x\r\n\r\nPOST /s/demo-ab/click HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nPING")]
    [InlineData("pixel, then refused", "GET /s/demo-ab/pixel.gif HTTP/1.1\r\nHost: x\r\n\r\nGET /s/demo-ab/pixel.gif HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n")]
    public async Task Request_DividedAnywhere_IsAnsweredAndRecordedAlike(string row, string request)
    {
        await using var pair = await Pair.StartAsync();
        var last = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

        var differences = await pair.CompareAsync(
            Enumerable.Range(1, request.Length).Select(at => new Sending(request + last, at))
        );

        Assert.True(differences.Count == 0, $"{row}: {differences.Count}, e.g.\n{differences.FirstOrDefault()}");
        await pair.AssertEventsAlikeAsync();
    }

    /// <summary>
    /// A pixel is a pixel also with bytes in its query that no browser sends: received whole, in parts, with more cookies
    /// than an event loop receives at once, behind other requests, and by the server.
    /// </summary>
    [Theory]
    [InlineData("whole", "", "", 0)]
    [InlineData("divided before the bytes", "", "", 30)]
    [InlineData("divided within a character", "", "", 38)]
    [InlineData("divided behind the line", "", "", 60)]
    [InlineData("large head", "", "LONG", 0)]
    [InlineData("behind a request of the server", "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "", 0)]
    [InlineData("behind one with a body", "POST /s/demo-ab/pixel.gif HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nA /\u00c3\u00bc\n", "", 0)]
    [InlineData("behind one with a large body", "POST /s/demo-ab/pixel.gif HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\nBODY", "", 0)]
    [InlineData("behind a body of its own divided", "POST /s/demo-ab/pixel.gif HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\nBODY", "", 9_120)]
    public async Task Click_WithRawUtf8InItsQuery_IsAnsweredAndRecordedAlike(string row, string before, string cookie, int at)
    {
        await using var pair = await Pair.StartAsync();
        var request =
            before.Replace("BODY", new string('b', 9_000), StringComparison.Ordinal)
            + "GET /s/demo-ab/click?utm_source=m\u00c3\u00bcller&x=\u00ff HTTP/1.1\r\nHost: x\r\n"
            + $"Cookie: {cookie.Replace("LONG", new string('c', 17_000), StringComparison.Ordinal)}\r\nConnection: close\r\n\r\n";

        var differences = await pair.CompareAsync([new Sending(request, at == 0 ? request.Length : at)]);

        Assert.True(differences.Count == 0, $"{row}: {differences.FirstOrDefault()}");
        var recorded = await Forwarded.WaitForAsync(pair.LoopsData, line => line.Text("type") == "click" && line.Text("url") is not null);
        Assert.Equal("/s/demo-ab/click?utm_source=m%C3%BCller&x=%FF", recorded.Text("url"));
        Assert.Equal("m\u00fcller", recorded.Text("source"));
        await pair.AssertEventsAlikeAsync();
    }

    /// <summary>A client that sends and never reads stops being answered, and goes on where it was when it reads.</summary>
    [Fact]
    public async Task Client_ThatReadsLate_GetsEveryAnswer()
    {
        const int Requests = 20_000;
        await using var pair = await Pair.StartAsync();
        using var client = new TcpClient();
        await client.ConnectAsync(pair.Loops.Address.Host, pair.Loops.Address.Port, TestContext.Current.CancellationToken);
        var stream = client.GetStream();
        var request = Encoding.ASCII.GetBytes("GET /s/demo-ab/pixel.gif HTTP/1.1\r\nHost: x\r\n\r\n");
        var sending = Task.Run(
            async () =>
            {
                for (var i = 0; i < Requests; i++)
                {
                    await stream.WriteAsync(request);
                }

                client.Client.Shutdown(SocketShutdown.Send);
            },
            TestContext.Current.CancellationToken
        );

        // Until the sender is stopped by full buffers, somebody else is served all the same.
        for (var i = 0; i < 20; i++)
        {
            using var other = await pair.Loops.Client.GetAsync("/s/demo-ab/pixel.gif", TestContext.Current.CancellationToken);
            Assert.Equal(200, (int)other.StatusCode);
        }

        var answers = await new StreamReader(stream, Encoding.Latin1).ReadToEndAsync(TestContext.Current.CancellationToken);
        await sending;

        Assert.Equal(Requests, Status200().Count(answers));
    }

    private static string MakeUp(int seed)
    {
        var random = new Random(seed);
        var text = new StringBuilder(Lines[random.Next(Lines.Length)]).Append("\r\n").Append(Hosts[random.Next(Hosts.Length)]);
        for (var count = random.Next(5); count > 0; count--)
        {
            var header = Headers[random.Next(Headers.Length)];
            text.Append("\r\n").Append(header.Replace("LONG", new string('x', random.Next(40_000)), StringComparison.Ordinal));
        }

        // Something behind it, so that the answer's end shows.
        return text.Append("\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").ToString();
    }

    [GeneratedRegex("Date: [^\r]*")]
    private static partial Regex Date();

    [GeneratedRegex("HTTP/1.1 200 OK")]
    private static partial Regex Status200();

    /// <summary>A request, divided at a byte.</summary>
    private sealed record Sending(string Request, int At);

    private sealed class Pair : IAsyncDisposable
    {
        private readonly TempDirectory _loops = new();
        private readonly TempDirectory _sockets = new();

        private Pair() { }

        public EdgeProcess Loops { get; private set; } = null!;

        public EdgeProcess Sockets { get; private set; } = null!;

        public string LoopsData => _loops.Path;

        public static async Task<Pair> StartAsync()
        {
            var pair = new Pair();
            pair.Loops = await StartAsync(pair._loops.Path, "loops");
            pair.Sockets = await StartAsync(pair._sockets.Path, "sockets");
            return pair;
        }

        public async Task<List<string>> CompareAsync(IEnumerable<Sending> sendings)
        {
            var differences = new List<string>();
            await Parallel.ForEachAsync(
                sendings,
                new ParallelOptions { MaxDegreeOfParallelism = AtOnce },
                async (sending, _) =>
                {
                    var loops = await SendAsync(Loops.Address, sending);
                    var sockets = await SendAsync(Sockets.Address, sending);
                    if (loops != sockets)
                    {
                        lock (differences)
                        {
                            differences.Add($"divided at {sending.At}:\n{sending.Request}\n--- loops\n{loops}\n--- sockets\n{sockets}");
                        }
                    }
                }
            );
            return differences;
        }

        public async Task AssertEventsAlikeAsync()
        {
            Assert.Equal(0, await Loops.StopAsync());
            Assert.Equal(0, await Sockets.StopAsync());
            var loops = Events(_loops.Path);
            Assert.NotEmpty(loops);
            Assert.Equal(Events(_sockets.Path), loops);
        }

        public async ValueTask DisposeAsync()
        {
            await Loops.DisposeAsync();
            await Sockets.DisposeAsync();
            _loops.Dispose();
            _sockets.Dispose();
        }

        private static Task<EdgeProcess> StartAsync(string data, string transport) =>
            EdgeProcess.StartAsync(
                data,
                ["--demo"],
                [
                    ("EDGE__HTTP__TRANSPORT", transport),
                    ("EDGE__CLIENTADDRESS__TRUSTEDPROXIES", "127.0.0.1"),
                    ("EDGE__PRIVACY__ADDRESSSALT", "one salt for both of them, 0123456789"),
                    ("EDGE__NODE", "one"),
                ]
            );

        private static async Task<string> SendAsync(Uri address, Sending sending)
        {
            var bytes = Encoding.Latin1.GetBytes(sending.Request);
            using var client = new TcpClient { NoDelay = true };
            await client.ConnectAsync(address.Host, address.Port);
            var stream = client.GetStream();
            var answer = new MemoryStream();
            try
            {
                await stream.WriteAsync(bytes.AsMemory(0, sending.At));
                if (sending.At < bytes.Length)
                {
                    // Long enough for the first part to be taken alone, most times.
                    await Task.Delay(2);
                    await stream.WriteAsync(bytes.AsMemory(sending.At));
                }

                var reading = stream.CopyToAsync(answer);
                if (await Task.WhenAny(reading, Task.Delay(QuietMs)) != reading)
                {
                    // The end of the request is taken for a body, and the server waits for the rest.
                    client.Client.Shutdown(SocketShutdown.Send);
                }

                await reading;
            }
            catch (IOException)
            {
                // What was said before the connection was reset counts.
            }

            return Date().Replace(Encoding.Latin1.GetString(answer.ToArray()), "Date: -");
        }

        /// <summary>The events without what is new in each, in an order of their own.</summary>
        private static string[] Events(string data) =>
            [
                .. Forwarded
                    .Lines(data)
                    .Select(line =>
                    {
                        var members = JsonNode.Parse(line)!.AsObject();
                        members.Remove("id");
                        members.Remove("received_at");
                        return members.ToJsonString();
                    })
                    .Order(StringComparer.Ordinal),
            ];
    }
}
