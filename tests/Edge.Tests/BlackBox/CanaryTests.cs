using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>
/// Visitors with known addresses, direct and forwarded, IPv4, IPv6 and v4-mapped; then no form of any of them may be in
/// anything the native binary wrote or said. EDGE_CANARY_REQUESTS sets how many; a million takes minutes.
/// </summary>
public sealed class CanaryTests
{
    private const int DefaultRequests = 6_000;
    private const int Batch = 50;
    private const int Connections = 6;

    private static readonly (string Kind, string Scope)[] StatingKinds =
    [
        ("millimetric-sk", "ingest"),
        ("traffical", "sdk:write"),
        ("artie", "facts"),
        ("pictify", "facts"),
    ];

    private static readonly byte[] StatusLine = [.. "HTTP/1.1 "u8];

    [Theory]
    [InlineData("daily")]
    [InlineData("ratchet")]
    public async Task Addresses_OfVisitors_AreNowhere(string mode)
    {
        using var directory = new TempDirectory();
        var database = directory["geo.mmdb"];
        File.WriteAllBytes(
            database,
            new GeoFileWriter { IsV6 = true }
                .Add("203.0.113.0/24", GeoFileWriter.City("FR", "Nîmes", "OCC", "Europe/Paris"))
                .Add("2001:db8::/32", GeoFileWriter.Country("JP"))
                .Build()
        );
        // Rules of the verdict look at the address too.
        File.WriteAllText(
            directory["rules.json"],
            """
            {"rules":[{"id":"canary_network","verdict":"scanner","scope":"click","certainty":"probable","mode":"enforced",
              "networks":["198.51.100.0/24","203.0.113.0/24","2001:db8::/32"]}]}
            """
        );
        var data = directory["data"];
        var keys = await CreateKeysAsync(data);
        var requests = int.TryParse(Environment.GetEnvironmentVariable("EDGE_CANARY_REQUESTS"), out var asked)
            ? asked
            : DefaultRequests;
        await using var edge = await EdgeProcess.StartAsync(
            data,
            ["--demo"],
            [
                ("EDGE__CLIENTADDRESS__TRUSTEDPROXIES", "127.0.0.1"),
                ("EDGE__GEO__DATABASE", database),
                ("EDGE__GEO__COUNTRYHEADER", "CF-IPCountry"),
                ("EDGE__PRIVACY__ADDRESSHASH", mode),
                ("EDGE__AUTOMATION__RULESFILE", directory["rules.json"]),
            ]
        );

        var share = requests / Connections / Batch * Batch;
        await Task.WhenAll(
            Enumerable.Range(0, Connections).Select(connection => SendAsync(edge.Address, connection, share))
        );
        await SendOddOnesAsync(edge.Address);
        await SendStatedOnesAsync(edge, keys);
        // The stop gives sinks two seconds, which is too short for a million events.
        await edge.UntilForwardedAsync();
        var said = await edge.Client.GetStringAsync("/metrics") + await edge.Client.GetStringAsync("/ledger");
        var stored = JsonDocument
            .Parse(await edge.Client.GetStringAsync("/ledger"))
            .RootElement.GetProperty("received")
            .GetInt64();
        Assert.Equal(0, await edge.StopAsync());
        said += await edge.Output + await edge.Error;

        Assert.True(stored >= Connections * share, $"only {stored} events were received");
        var (events, withHash, withCity, judged) = (0L, 0L, 0L, 0L);
        foreach (var line in Forwarded.Read(data))
        {
            events++;
            if (line.Contains("\"ip_hash\":\"", StringComparison.Ordinal))
            {
                withHash++;
            }

            if (line.Contains("\"city\":\"Nîmes\"", StringComparison.Ordinal))
            {
                withCity++;
            }

            if (line.Contains("\"verdict_reason\":\"canary_network\"", StringComparison.Ordinal))
            {
                judged++;
            }
        }
        Assert.Equal((stored, stored), (events, withHash));
        Assert.True(judged > 0, "no event was judged by its network");
        Assert.True(withCity > 0, "no event has a city: the addresses did not arrive");
        Assert.Empty(AddressTraces.In(said));
        Assert.Equal(stored, JournalNumbers.Blank(data));
        Assert.Empty(Directory.GetFiles(data, "*", SearchOption.AllDirectories).SelectMany(AddressTraces.InFile));
    }

    [Theory]
    [InlineData("text", "x=203.0.113.9;")]
    [InlineData("text with port", "198.51.100.200:4711")]
    [InlineData("mapped", "::ffff:203.0.113.9")]
    [InlineData("mapped in groups", "::ffff:cb00:7109")]
    [InlineData("IPv6", "[2001:db8:cafe::1]")]
    [InlineData("IPv6 in full", "2001:0db8:cafe:0000:0000:0000:0000:0001")]
    [InlineData("hexadecimal", "\"cb007109\"")]
    [InlineData("upper case", "0X:CB007109,")]
    [InlineData("IPv6 in hexadecimal", "20010db8cafe00000000000000000001")]
    [InlineData("decimal", "\"a\":3405803785}")]
    [InlineData("direct", "127.77.88.3")]
    public void Traces_InText_AreFound(string row, string text) => Assert.True(AddressTraces.In(text).Any(), row);

    [Theory]
    [InlineData("big endian", "aacb007107")]
    [InlineData("little endian", "077100cb")]
    [InlineData("16 bytes", "0020010db8cafe0000000000000000000100")]
    public void Traces_InBinary_AreFound(string row, string hex) =>
        Assert.True(AddressTraces.In(Convert.FromHexString(hex)).Any(), row);

    [Fact]
    public void Traces_AcrossChunksOfAFile_AreFound()
    {
        using var directory = new TempDirectory();
        var file = new byte[(4 << 20) + 100];
        Encoding.ASCII.GetBytes("198.51.100.7").CopyTo(file, (4 << 20) - 5);
        File.WriteAllBytes(directory["file"], file);

        Assert.NotEmpty(AddressTraces.InFile(directory["file"]));
    }

    [Theory]
    [InlineData("within a hash", "9c2fcb0071095f7f4e3b1a6d8c9e0f1a")]
    [InlineData("within a number", "13405803785")]
    [InlineData("other network", "203.0.114.9 2001:db8:beef::1 3405804032")]
    public void Traces_InInnocentText_AreNotFound(string row, string text) =>
        Assert.True(!AddressTraces.In(text).Any(), row);

    /// <summary>Keys of every API, in this order, with and without the right to state facts of visitors.</summary>
    private static async Task<string[]> CreateKeysAsync(string data)
    {
        var keys = new List<string>();
        foreach (var (kind, scope) in StatingKinds)
        {
            keys.Add(await CreateAsync(kind, "--scope", scope, "--scope", "facts"));
            keys.Add(await CreateAsync(kind));
        }

        return [.. keys];

        async Task<string> CreateAsync(string kind, params string[] more)
        {
            var (exitCode, output, error) = await EdgeProcess.RunAsync(
                ["keys", "create", "--kind", kind, "--data-dir", data, .. more]
            );
            Assert.True(exitCode == 0, error);
            return output.Trim();
        }
    }

    /// <summary>Servers that state addresses of their visitors, right and wrong ones, in every API.</summary>
    private static async Task SendStatedOnesAsync(EdgeProcess edge, string[] keys)
    {
        const string Time = "\"timestamp\":\"2026-05-16T00:00:00Z\"";
        string[] stated = ["203.0.113.9", "2001:db8:cafe::1", "::ffff:203.0.113.9", "203.0.113.9, 198.51.100.7", "x203.0.113.9"];
        foreach (var address in stated)
        {
            var context = $$"""{"ip":"{{address}}","user_agent":"Firefox/{{address}}"}""";
            string[] names = ["\"context\"", "\"c\\u006fntext\""];
            foreach (var name in names)
            {
                (string Path, string Body)[] sent =
                [
                    ("/v1/track", $$"""{"event":"x",{{name}}:{{context}} }"""),
                    (
                        "/v1/events",
                        $$"""{"events":[{"type":"track","event":"x","unitKey":"u","orgId":"o","projectId":"default","env":"e",{{Time}},{{name}}:{{context}} }]}"""
                    ),
                    ("/v1/bulk-track", $$"""[{"event":"x","properties":{},{{Time}},{{name}}:{{context}} }]"""),
                    ("/s/events?u=reader", $$"""{"event":"view","experiment":"demo-ab",{{name}}:{{context}} }"""),
                ];
                for (var i = 0; i < keys.Length; i++)
                {
                    using var request = new HttpRequestMessage(HttpMethod.Post, sent[i / 2].Path)
                    {
                        Content = new StringContent(sent[i / 2].Body, Encoding.UTF8, "application/json"),
                    };
                    request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", keys[i]);
                    using var answer = await edge.Client.SendAsync(request);
                    Assert.InRange((int)answer.StatusCode, 200, 400);
                }
            }
        }
    }

    /// <summary>
    /// Pixels and clicks, pipelined in batches on one connection; the last connection comes from a loopback address of
    /// its own, unforwarded.
    /// </summary>
    private static async Task SendAsync(Uri address, int connection, int count)
    {
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var isDirect = connection == Connections - 1;
        if (isDirect)
        {
            client.Bind(new IPEndPoint(new IPAddress([.. AddressTraces.V4Networks[2], 5]), 0));
        }

        await client.ConnectAsync(IPAddress.Loopback, address.Port);
        var buffer = new byte[65_536];
        var requests = new StringBuilder();
        for (var sent = 0; sent < count; sent += Batch)
        {
            requests.Clear();
            for (var i = sent; i < sent + Batch; i++)
            {
                requests.Append(
                    CultureInfo.InvariantCulture,
                    $"GET /s/{(i % 3 == 0 ? "demo-smart/click" : "demo-ab/pixel.gif")} HTTP/1.1\r\nHost: e\r\n"
                );
                requests.Append(
                    CultureInfo.InvariantCulture,
                    $"User-Agent: Mozilla/5.0 (X11; Linux x86_64) Firefox/{i % 40}\r\n"
                );
                if (!isDirect)
                {
                    requests.Append(CultureInfo.InvariantCulture, $"X-Forwarded-For: {VisitorOf(connection, i)}\r\n");
                }

                if (i % 7 == 0)
                {
                    requests.Append("CF-IPCountry: DE\r\n");
                }

                requests.Append("\r\n");
            }
            await client.SendAsync(Encoding.ASCII.GetBytes(requests.ToString()));
            await ReadAnswersAsync(client, buffer);
        }
    }

    /// <summary>Reads until the answers to one batch have come; a status line may be split over two reads.</summary>
    private static async Task ReadAnswersAsync(Socket client, byte[] buffer)
    {
        var kept = 0;
        for (var answers = 0; answers < Batch;)
        {
            var length = await client.ReceiveAsync(buffer.AsMemory(kept));
            Assert.True(length > 0, "the connection was closed");
            answers += buffer.AsSpan(0, kept + length).Count(StatusLine);
            // What may be the beginning of a status line, and is too short to be a whole one.
            var rest = buffer.AsSpan(0, kept + length)[Math.Max(0, kept + length - StatusLine.Length + 1)..].ToArray();
            rest.CopyTo(buffer, 0);
            kept = rest.Length;
        }
    }

    private static string VisitorOf(int connection, int i) =>
        (connection % 5) switch
        {
            0 => $"203.0.113.{i % 256}",
            1 => $"198.51.100.{i % 256}:{1_024 + i % 60_000}",
            2 => string.Create(CultureInfo.InvariantCulture, $"{AddressTraces.V6Network}{i & 0xffff:x}::{i >> 16:x}:1"),
            3 => $"::ffff:203.0.113.{i % 256}",
            _ => $"192.0.2.1, [::ffff:198.51.100.{i % 256}]:80",
        };

    /// <summary>
    /// Requests that leave the well-trodden path: other routes, other headers, refused methods, lines that are no
    /// addresses.
    /// </summary>
    private static async Task SendOddOnesAsync(Uri address)
    {
        foreach (
            var path in new[]
            {
                "/s/unknown/pixel.gif",
                "/s/demo-ab/resolve",
                "/s/demo-ab.png",
                "/nowhere",
                "/experiments/api",
            }
        )
        {
            foreach (var method in new[] { "GET", "HEAD", "POST", "DELETE" })
            {
                await RawHttp.SendAsync(
                    address,
                    $"{method} {path} HTTP/1.1\r\nHost: e\r\nConnection: close\r\nX-Forwarded-For: 203.0.113.3\r\n"
                        + "Forwarded: for=198.51.100.4\r\nX-Real-IP: 203.0.113.5\r\nTrue-Client-IP: 203.0.113.6\r\nContent-Length: 0\r\n\r\n"
                );
            }
        }
        foreach (
            var forwarded in new[]
            {
                "203.0.113.7 and more",
                "203.0.113.7.",
                "[2001:db8:cafe::1",
                "2001:db8:cafe::g",
                "unknown, 203.0.113.7",
            }
        )
        {
            await RawHttp.SendAsync(
                address,
                $"GET /s/demo-ab/pixel.gif HTTP/1.1\r\nHost: e\r\nConnection: close\r\nX-Forwarded-For: {forwarded}\r\n\r\n"
            );
        }
    }
}
