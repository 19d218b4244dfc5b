using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>
/// Any byte sequence as path, query or header gets a GIF, a redirect to the stored place, or a 4xx; never a 5xx, never
/// the end of the process. Random requests come from a printed seed.
/// </summary>
public class HostileInputTests(ServedEdge served, ITestOutputHelper output) : IClassFixture<ServedEdge>
{
    private const int RandomRequests = 2_000;
    private const string Destination = "https://example.com/landing";

    public static TheoryData<string, string> Requests() =>
        new()
        {
            { "bare LF", "GET /s/demo-ab/pixel.gif HTTP/1.1\nHost: x\n\n" },
            { "no host", "GET /s/demo-ab/pixel.gif HTTP/1.1\r\n\r\n" },
            { "two hosts", "GET /s/demo-ab/pixel.gif HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" },
            { "obs-fold", "GET /s/demo-ab/pixel.gif HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n" },
            { "NUL in header", "GET /s/demo-ab/pixel.gif HTTP/1.1\r\nHost: x\r\nReferer: a\0b\r\n\r\n" },
            { "NUL in path", "GET /s/demo-ab\0/pixel.gif HTTP/1.1\r\nHost: x\r\n\r\n" },
            { "encoded NUL", "GET /s/demo-ab%00/pixel.gif HTTP/1.1\r\nHost: x\r\n\r\n" },
            { "invalid UTF-8 path", "GET /s/%ff%fe/pixel.gif HTTP/1.1\r\nHost: x\r\n\r\n" },
            { "raw high bytes", "GET /s/\u00ff\u00fe/pixel.gif HTTP/1.1\r\nHost: x\r\n\r\n" },
            { "dot segments", "GET /s/../s/demo-ab/click HTTP/1.1\r\nHost: x\r\n\r\n" },
            { "encoded slash", "GET /s%2fdemo-ab%2fclick HTTP/1.1\r\nHost: x\r\n\r\n" },
            { "absolute form", "GET http://evil.example/s/demo-ab/click HTTP/1.1\r\nHost: evil.example\r\n\r\n" },
            { "asterisk", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n" },
            { "connect", "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n" },
            { "unknown version", "GET / HTTP/9.9\r\nHost: x\r\n\r\n" },
            { "no version", "GET /\r\n\r\n" },
            { "TLS hello", "\u0016\u0003\u0001\u0002\0\u0001\0\u0001\u00fc\u0003\u0003" },
            { "h2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" },
            {
                "TE and CL",
                "GET /s/demo-ab/click HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            },
            { "body on GET", "GET /s/demo-ab/click HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello" },
            {
                "huge length",
                "GET /s/demo-ab/click HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n"
            },
            {
                "chunk extension",
                "GET /s/demo-ab/click HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2;\nxx\r\n00\r\n0\r\n\r\n"
            },
            { "bad forwarded", "GET /s/demo-ab/pixel.gif HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ,,,[::,%%\r\n\r\n" },
            {
                "long forwarded",
                "GET /s/demo-ab/pixel.gif HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: "
                    + new string('1', 7_000)
                    + "\r\n\r\n"
            },
            {
                "Latin-1 user agent",
                "GET /s/demo-ab/pixel.gif HTTP/1.1\r\nHost: x\r\nUser-Agent: caf\u00e9\u00ff\u0080\r\n\r\n"
            },
            {
                "Latin-1 referrer",
                "GET /s/demo-ab/pixel.gif HTTP/1.1\r\nHost: x\r\nReferer: caf\u00e9\u00ff\u0080\r\n\r\n"
            },
            {
                "long user agent",
                "GET /s/demo-ab/pixel.gif HTTP/1.1\r\nHost: x\r\nUser-Agent: " + new string('x', 15_000) + "\r\n\r\n"
            },
            {
                "long referrer",
                "GET /s/demo-ab/pixel.gif HTTP/1.1\r\nHost: x\r\nReferer: " + new string('\u00e9', 15_000) + "\r\n\r\n"
            },
            {
                "headers too large",
                "GET /s/demo-ab/pixel.gif HTTP/1.1\r\nHost: x\r\nReferer: " + new string('x', 20_000) + "\r\n\r\n"
            },
            {
                "too many headers",
                "GET /s/demo-ab/pixel.gif HTTP/1.1\r\nHost: x\r\n"
                    + string.Concat(Enumerable.Repeat("A: b\r\n", 500))
                    + "\r\n"
            },
            { "line too long", "GET /s/demo-ab/pixel.gif?" + new string('a', 10_000) + " HTTP/1.1\r\nHost: x\r\n\r\n" },
        };

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task Request_KnownTrick_IsAnsweredSafely(string row, string request)
    {
        AssertSafe(row, await RawHttp.SendAsync(served.Edge.Address, request));

        await AssertServingAsync();
    }

    [Fact]
    public async Task Body_CutOffByAReset_LeavesNoErrorInTheLog()
    {
        var metrics = await served.Edge.Client.GetStringAsync("/metrics");
        for (var i = 0; i < 40; i++)
        {
            using var client = new Socket(SocketType.Stream, ProtocolType.Tcp) { LingerState = new LingerOption(true, 0) };
            await client.ConnectAsync(served.Edge.Address.Host, served.Edge.Address.Port);
            await client.SendAsync(
                Encoding.ASCII.GetBytes(
                    "POST /s/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                        + (i % 2 == 0 ? "Content-Length: 100000\r\n\r\n[" : "Transfer-Encoding: chunked\r\n\r\n1\r\n[\r\n")
                )
            );
            // Until the request is being read, so that its reader sees the reset.
            await Wait.ForAsync(() => served.Edge.Client.GetStringAsync("/metrics"), page => page != metrics);
        }

        Assert.Equal(200, (int)(await served.Edge.Client.GetAsync("/healthz")).StatusCode);
        Assert.DoesNotContain("Reading is already in progress", served.Edge.ErrorSoFar, StringComparison.Ordinal);
        Assert.DoesNotContain("\"level\":\"error\"", served.Edge.ErrorSoFar, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_RandomBytes_AreAnsweredSafely()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await Parallel.ForAsync(
            0,
            RandomRequests,
            new ParallelOptions { MaxDegreeOfParallelism = 8 },
            async (_, _) =>
            {
                byte[] request;
                lock (random)
                {
                    request = Generate(random);
                }

                AssertSafe(
                    $"seed {seed}: {Convert.ToHexString(request)}",
                    await RawHttp.SendAsync(served.Edge.Address, request)
                );
            }
        );

        await AssertServingAsync();
    }

    /// <summary>A well-formed request on a tracking route with one part replaced by random bytes.</summary>
    private static byte[] Generate(Random random)
    {
        var junk = new byte[random.Next(1, 200)];
        random.NextBytes(junk);
        var text = Encoding.Latin1.GetString(junk);
        // Line breaks end the part; a third of the requests keep them to break the framing too.
        if (random.Next(3) > 0)
        {
            text = text.Replace("\r", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal);
        }

        var (path, query, name, value) = (
            random.Next(2) == 0 ? "/s/demo-ab/pixel.gif" : "/s/demo-ab/click",
            "u=1",
            "Referer",
            "https://x.example/"
        );
        switch (random.Next(6))
        {
            case 0:
                path = "/s/" + text + "/click";
                break;
            case 1:
                path = "/" + text;
                break;
            case 2:
                query = text;
                break;
            case 3:
                name = text;
                break;
            case 4:
                (name, value) = ("User-Agent", text);
                break;
            default:
                (name, value) = (random.Next(2) == 0 ? "X-Forwarded-For" : "Sec-Purpose", text);
                break;
        }
        return Encoding.Latin1.GetBytes(
            $"GET {path}?{query} HTTP/1.1\r\nHost: x\r\n{name}: {value}\r\nConnection: close\r\n\r\n"
        );
    }

    private static void AssertSafe(string row, string answer)
    {
        var status = RawHttp.Status(answer);
        // An answer of another protocol version or none at all is a refusal as well.
        if (status == 0)
        {
            return;
        }
        // 505 is the listener's word for a protocol version that does not exist: no path, query or header is involved.
        Assert.True(status is 200 or 302 or 505 or (>= 400 and < 500), $"{row}: {status}");
        if (status == 302)
        {
            // Whatever becomes of the path, it leads to the stored destination, or from / to the page.
            Assert.Matches($"\nLocation: ({Regex.Escape(Destination)}|/ui/)\r\n", answer);
        }
    }

    private async Task AssertServingAsync() =>
        Assert.True((await served.Edge.Client.GetAsync("/readyz")).IsSuccessStatusCode);
}
