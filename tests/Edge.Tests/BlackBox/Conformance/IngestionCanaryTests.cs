using System.Net;
using System.Net.Sockets;
using System.Text;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox.Conformance;

/// <summary>
/// Senders with known addresses through all four APIs, good and bad requests; then no form of an address and no key may
/// be in anything the native binary wrote or said (reliability 3.13, 3.10).
/// </summary>
public class IngestionCanaryTests(ConformanceEdge edge) : IClassFixture<ConformanceEdge>
{
    private const int Rounds = 8;

    private static readonly (string Path, string Key, string Body)[] Requests =
    [
        ("/s/events", "", """{"event":"impression","experiment":"demo-ab","variantId":"a"}"""),
        ("/s/events", "", """{"event":"view","experiment":"demo-ab","source":"sdk"}"""),
        (
            "/s/events",
            "",
            """[{"event":"view","experiment":"unknown"},{"event":"click","experiment":"demo-ab","writeKey":"<write>"},{}]"""
        ),
        ("/s/events", "pictify", """{"event":"view","experiment":"demo-ab"}"""),
        ("/s/events", "", "{"),
        (
            "/v1/events",
            "traffical",
            """{"events":[{"type":"decision","unitKey":"u","timestamp":"2026-05-21T10:30:00Z","layers":[]},{}]}"""
        ),
        ("/v1/events/batch", "traffical", "{}"),
        ("/v1/track", "sk", """{"event":"e","url":"https://shop.example/?gclid=1"}"""),
        ("/v1/track", "pk", """{"event":"e"}"""),
        ("/v1/track", "sk-wrong", """{"event":"e"}"""),
        ("/v1/track", "sk", """{"event":""}"""),
        ("/v1/track", "artie", """{"event":"e","properties":{},"timestamp":"2025-10-29T22:00:00Z"}"""),
        ("/v1/track?key={pk}", "", """{"event":"e"}"""),
        ("/v1/bulk-track", "artie", """[{"event":"e","properties":{},"timestamp":"2025-10-29T22:00:00Z"}]"""),
        ("/v1/bulk-track", "artie", "[{}]"),
        ("/v1/bulk-track", "artie-wrong", "[{}]"),
        ("/v1/nowhere", "artie", "{}"),
    ];

    [Fact]
    public async Task AddressesAndKeys_OfSenders_AreNowhere()
    {
        var before = await edge.AppendedAsync();
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var (path, key, body) in Requests)
            {
                foreach (var forwarded in Senders(round))
                {
                    await edge.SendAsync(
                        "POST",
                        path,
                        key,
                        edge.WithSecrets(Encoding.UTF8.GetBytes(body)),
                        path.Contains('?') ? "text/plain" : "application/json",
                        $"X-Forwarded-For: {forwarded}",
                        "Origin: https://shop.example",
                        $"X-Real-IP: 203.0.113.{round}",
                        "X-Write-Key: {write}"
                    );
                }
                await SendDirectAsync(path, key, body);
            }
        }
        var stored = await edge.AppendedAsync() - before;
        await edge.AllForwardedAsync("any");
        var said = await edge.Edge.Client.GetStringAsync("/metrics") + await edge.Edge.Client.GetStringAsync("/ledger");
        Assert.Equal(0, await edge.Edge.StopAsync());
        said += await edge.Edge.Output + await edge.Edge.Error;

        Assert.True(stored >= Rounds * 40, $"only {stored} events were stored");
        Assert.All(
            Forwarded.Read(edge.DataDir),
            line => Assert.Contains("\"ip_hash\":\"", line, StringComparison.Ordinal)
        );
        var files = Directory.GetFiles(edge.DataDir, "*", SearchOption.AllDirectories);
        Assert.Empty(AddressTraces.In(said));
        Assert.Empty(files.SelectMany(AddressTraces.InFile));
        foreach (var secret in edge.Secrets)
        {
            var needle = Encoding.ASCII.GetBytes(secret);
            Assert.DoesNotContain(secret, said, StringComparison.Ordinal);
            Assert.DoesNotContain(files, file => File.ReadAllBytes(file).AsSpan().IndexOf(needle) >= 0);
        }
    }

    /// <summary>Values of the forwarded header a trusted proxy may send, each with a canary.</summary>
    private static string[] Senders(int round) =>
        [
            $"203.0.113.{round}",
            $"198.51.100.{round}:4711",
            $"{AddressTraces.V6Network}{round:x}::1",
            $"::ffff:203.0.113.{round}",
            $"192.0.2.1, [::ffff:198.51.100.{round}]:80",
            $"203.0.113.{round} and more",
            $"[{AddressTraces.V6Network}:1",
        ];

    /// <summary>The same request without a proxy, from an address of the loopback network that is a canary.</summary>
    private async Task SendDirectAsync(string path, string key, string body)
    {
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Bind(new IPEndPoint(new IPAddress([.. AddressTraces.V4Networks[2], 5]), 0));
        await client.ConnectAsync(IPAddress.Loopback, edge.Edge.Address.Port);
        var content = edge.WithSecrets(Encoding.UTF8.GetBytes(body));
        var head =
            $"POST {path.Replace("{pk}", edge.SecretOf("pk"), StringComparison.Ordinal)} HTTP/1.1\r\nHost: e\r\nConnection: close\r\nOrigin: https://shop.example\r\n"
            + $"Content-Type: {(path.Contains('?') ? "text/plain" : "application/json")}\r\nAuthorization: Bearer {edge.SecretOf(key)}\r\nContent-Length: {content.Length}\r\n\r\n";
        await client.SendAsync((byte[])[.. Encoding.ASCII.GetBytes(head), .. content]);
        var buffer = new byte[4_096];
        while (await client.ReceiveAsync(buffer) > 0)
        {
            // Only that it was answered matters here.
        }
    }
}
