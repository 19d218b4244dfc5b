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
    public Task Caddy_AsDeployed_PassesVisitors() => VisitThroughAsync(StartCaddyAsync);

    [Fact]
    public Task Haproxy_AsDeployed_PassesVisitors() => VisitThroughAsync(StartHaproxyAsync);

    [Theory]
    [InlineData("caddy")]
    [InlineData("haproxy")]
    public async Task Proxy_JournalsOfAllNodesFull_StillPassesVisitors(string name)
    {
        using var site = new TempDirectory();
        var admin = FrontProxy.FreeAddress();
        (string, string)[] settings =
        [
            ("EDGE__ADMINURLS", admin.GetLeftPart(UriPartial.Authority)),
            ("EDGE__JOURNAL__MAXBYTES", "8388608"),
            ("EDGE__JOURNAL__SEGMENTBYTES", "4194304"),
            ("EDGE__JOURNAL__MEMORYBYTES", "4194304"),
            ("EDGE__JOURNAL__FREERESERVEBYTES", "0"),
            ("EDGE__SINKS__FILE__ENABLED", "false"),
            ("EDGE__SINKS__GONE__TYPE", "http"),
            ("EDGE__SINKS__GONE__URL", $"http://127.0.0.1:{EdgeProcess.FreePort()}/"),
        ];
        await using var edge = await EdgeProcess.StartAsync(site["data"], environment: settings, admin: admin);
        await FillJournalAsync(edge, admin);

        Starter start = name == "caddy" ? StartCaddyAsync : StartHaproxyAsync;
        await using var proxy = await start(site, edge.Address, admin);
        // HAProxy begins with servers that it has not checked yet.
        await Wait.ForAsync(
            async () => RawHttp.Status(await VisitAsync(proxy.Address, "click?u=1", "")),
            static status => status == 302
        );
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(302, RawHttp.Status(await VisitAsync(proxy.Address, "click?u=1", "")));
            Assert.Contains("GIF89a", await VisitAsync(proxy.Address, "pixel.gif", ""), StringComparison.Ordinal);
            await Task.Delay(100);
        }

        var metrics = await edge.Client.GetStringAsync(new Uri(admin, "/metrics"));
        Assert.Contains("\nedge_ready 0\n", metrics, StringComparison.Ordinal);
        var visitors = await edge.Client.GetAsync(new Uri(admin, "/readyz?visitors"));
        Assert.Equal(HttpStatusCode.OK, visitors.StatusCode);
        Assert.StartsWith("ready for visitors: journal full", await visitors.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(0, (await EdgeProcess.RunAsync(["healthcheck", "--url", admin.ToString()])).ExitCode);
    }

    private static Task<FrontProxy> StartCaddyAsync(TempDirectory site, Uri edge, Uri admin)
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

    private static Task<FrontProxy> StartHaproxyAsync(TempDirectory site, Uri edge, Uri admin)
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

    /// <summary>Visits until no more events are taken.</summary>
    private static async Task FillJournalAsync(EdgeProcess edge, Uri admin)
    {
        const int VisitsAtATime = 200;
        const int AttemptsMax = 500;
        var referrer = "https://site.example/" + new string('x', 1_900);
        for (var i = 0; i < AttemptsMax; i++)
        {
            if ((await edge.Client.GetAsync(new Uri(admin, "/readyz"))).StatusCode == HttpStatusCode.ServiceUnavailable)
            {
                return;
            }

            await Task.WhenAll(Enumerable.Range(0, VisitsAtATime).Select(_ => VisitOnceAsync()));
        }

        Assert.Fail("the journal does not fill");

        async Task VisitOnceAsync()
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(edge.Address, "/s/demo-ab/pixel.gif"));
            request.Headers.Add("Referer", referrer);
            using var answer = await edge.Client.SendAsync(request);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
    }

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
