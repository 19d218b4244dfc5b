using System.Net;
using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Deploy;

/// <summary>
/// The front configurations of <c>deploy/</c>, run by the real servers with their ports exchanged: visitors get their
/// pixels and links, and cannot choose their address.
/// </summary>
public class FrontConfigurationTests
{
    private const string EdgeAddress = "127.0.0.1:8080";

    /// <summary>Where the client connects from; loopback too, and not the address of the proxy.</summary>
    private static readonly IPAddress Client = IPAddress.Parse("127.0.0.9");

    private delegate Task<FrontProxy> Starter(TempDirectory site, Uri edge, Uri admin);

    [Fact]
    public Task Nginx_AsDeployed_PassesVisitors() =>
        VisitThroughAsync(
            (site, edge, _) =>
            {
                var address = FrontProxy.FreeAddress();
                var servers = Exchanged(
                    "nginx/edge.conf",
                    (EdgeAddress, edge.Authority),
                    ("listen 80;", $"listen {address.Authority};"),
                    ("listen [::]:80;", "")
                );
                return Nginx.StartAsync(site["nginx"], address, servers);
            }
        );

    [Fact]
    public Task Caddy_AsDeployed_PassesVisitors() =>
        VisitThroughAsync(
            (site, edge, admin) =>
            {
                var address = FrontProxy.FreeAddress();
                var file = site["Caddyfile"];
                var servers = Exchanged(
                    "caddy/Caddyfile",
                    (EdgeAddress, edge.Authority),
                    ("health_port 8081", $"health_port {admin.Port}"),
                    (":80 {", $"http://:{address.Port} {{\n\tbind {address.Host}")
                );
                File.WriteAllText(file, $"{{\n\tadmin off\n}}\n{servers}");
                return FrontProxy.StartAsync("/usr/bin/caddy", ["run", "--config", file, "--adapter", "caddyfile"], address);
            }
        );

    [Fact]
    public Task Haproxy_AsDeployed_PassesVisitors() =>
        VisitThroughAsync(
            (site, edge, admin) =>
            {
                var address = FrontProxy.FreeAddress();
                var file = site["haproxy.cfg"];
                File.WriteAllText(
                    file,
                    Exchanged(
                        "haproxy/haproxy.cfg",
                        (EdgeAddress, edge.Authority),
                        ("bind :80\n", $"bind {address.Authority}\n"),
                        // More than a machine of the tests may allow.
                        ("maxconn 20000", "maxconn 100"),
                        ("check port 8081", $"check port {admin.Port}")
                    )
                );
                return FrontProxy.StartAsync("/usr/sbin/haproxy", ["-db", "-f", file], address);
            }
        );

    private static async Task VisitThroughAsync(Starter start)
    {
        using var site = new TempDirectory();
        var admin = FrontProxy.FreeAddress();
        await using var edge = await EdgeProcess.StartAsync(
            site["data"],
            environment:
            [
                ("EDGE__CLIENTADDRESS__TRUSTEDPROXIES", "127.0.0.1"),
                ("EDGE__ADMINURLS", admin.GetLeftPart(UriPartial.Authority)),
            ],
            admin: admin
        );
        await using var proxy = await start(site, edge.Address, admin);

        // Straight, so that the socket says the address, and then through the proxy.
        Assert.Contains("GIF89a", await VisitAsync(edge.Address, "pixel.gif", "6.6.6.6"), StringComparison.Ordinal);
        foreach (var forged in (string[])["6.6.6.6", "6.6.6.6, 127.0.0.1", ",,", "\""])
        {
            Assert.Contains("GIF89a", await VisitAsync(proxy.Address, "pixel.gif", forged), StringComparison.Ordinal);
        }

        var click = await VisitAsync(proxy.Address, "click?u=1", "6.6.6.6");
        Assert.Equal(302, RawHttp.Status(click));
        Assert.Contains("\nlocation: https://", click.ReplaceLineEndings("\n"), StringComparison.OrdinalIgnoreCase);

        await edge.StopAsync();
        var hashes = Forwarded
            .Lines(site["data"])
            .Select(line => JsonDocument.Parse(line).RootElement.Text("ip_hash"))
            .ToArray();
        Assert.Equal(6, hashes.Length);
        Assert.Single(hashes.Distinct());
    }

    private static Task<string> VisitAsync(Uri address, string path, string forwarded) =>
        RawHttp.SendAsync(
            address,
            $"GET /s/demo-ab/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                + $"User-Agent: Mozilla/5.0\r\nX-Forwarded-For: {forwarded}\r\n\r\n",
            Client
        );

    /// <summary>A file of <c>deploy/</c> with its texts exchanged, each of which must be there.</summary>
    private static string Exchanged(string file, params (string Old, string New)[] texts)
    {
        var content = Repository.Read($"deploy/{file}");
        foreach (var (old, replacement) in texts)
        {
            Assert.Contains(old, content, StringComparison.Ordinal);
            content = content.Replace(old, replacement, StringComparison.Ordinal);
        }

        return content;
    }
}
