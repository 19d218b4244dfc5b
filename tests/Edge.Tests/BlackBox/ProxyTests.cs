using System.Net;
using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>A real nginx in front, which appends to the <c>Forwarded</c> header that it was sent.</summary>
public class ProxyTests
{
    /// <summary>Where the client connects from; loopback too, and not the address of the proxy.</summary>
    private static readonly IPAddress Client = IPAddress.Parse("127.0.0.9");

    [Fact]
    public async Task Nginx_AppendingForwarded_ClientCannotChooseItsAddress()
    {
        string[] forged =
        [
            "for=6.6.6.6",
            "for=6.6.6.6;x=\"",
            "for=6.6.6.6;x=\"a, b",
            "for=6.6.6.6;x=\"\\",
            "for=127.0.0.1, for=6.6.6.6;host=\"",
            "\"",
            ",,;,",
            "for=\"[::1",
        ];
        using var site = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(
            site["data"],
            environment:
            [
                ("EDGE__CLIENTADDRESS__TRUSTEDPROXIES", "127.0.0.1"),
                ("EDGE__CLIENTADDRESS__HEADER", "forwarded"),
            ]
        );
        await using var nginx = await Nginx.StartAsync(site["nginx"], edge.Address);

        // Straight, so that the socket says the address, and then through nginx.
        Assert.Equal(200, await VisitAsync(edge.Address, "for=6.6.6.6"));
        foreach (var header in forged)
        {
            Assert.Equal(200, await VisitAsync(nginx.Address, header));
        }

        await edge.StopAsync();
        var hashes = Forwarded
            .Lines(site["data"])
            .Select(line => JsonDocument.Parse(line).RootElement.Text("ip_hash"))
            .ToArray();
        Assert.Equal(forged.Length + 1, hashes.Length);
        Assert.Single(hashes.Distinct());
    }

    private static async Task<int> VisitAsync(Uri address, string forwarded) =>
        RawHttp.Status(
            await RawHttp.SendAsync(
                address,
                "GET /s/demo-ab/pixel.gif HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                    + $"User-Agent: Mozilla/5.0\r\nForwarded: {forwarded}\r\n\r\n",
                Client
            )
        );
}
