using System.Net;
using System.Net.Sockets;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>Which address answers what, and what happens when an address cannot be listened on.</summary>
public class ListenerTests
{
    [Fact]
    public async Task AdminListener_OnThePublicPortOfAnotherAddress_IsToldApart()
    {
        using var data = new TempDirectory();
        var address = new Uri($"http://127.0.0.1:{EdgeProcess.FreePort()}");
        var admin = new Uri($"http://127.0.0.2:{address.Port}");
        await using var edge = await EdgeProcess.StartAsync(
            data.Path,
            ["--demo", "--admin-urls", admin.ToString()],
            admin: admin,
            address: address
        );

        Assert.Equal(
            [HttpStatusCode.OK, HttpStatusCode.NotFound, HttpStatusCode.NotFound, HttpStatusCode.OK],
            [
                await StatusAsync(edge.Client, new Uri(address, "/s/demo-ab/pixel.gif")),
                await StatusAsync(edge.Client, new Uri(address, "/metrics")),
                await StatusAsync(edge.Client, new Uri(admin, "/s/demo-ab/pixel.gif")),
                await StatusAsync(edge.Client, new Uri(admin, "/metrics")),
            ]
        );
    }

    [Fact]
    public async Task AdminListener_SocketFileOfAKilledProcess_IsTakenOver()
    {
        using var data = new TempDirectory();
        var path = data["admin.sock"];
        using var client = ClientOf(path);
        await using (var killed = EdgeProcess.Launch(data.Path, ["--demo", "--admin-urls", "http://unix:" + path]))
        {
            await UntilReadyAsync(client);
            await killed.KillAsync();
        }

        Assert.True(File.Exists(path));
        await using var edge = EdgeProcess.Launch(data.Path, ["--demo", "--admin-urls", "http://unix:" + path]);
        await UntilReadyAsync(client);

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, new Uri("http://localhost/metrics")));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(client, new Uri("http://localhost/s/demo-ab/click")));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(edge.Client, new Uri(edge.Address, "/metrics")));
        var (exitCode, output, _) = await EdgeProcess.RunAsync(["healthcheck", "--url", "http://unix:" + path]);
        Assert.Equal((0, "ready\n"), (exitCode, output));
        var (second, _, error) = await EdgeProcess.RunAsync([
            "serve",
            "--data-dir",
            data["other"],
            "--urls",
            "http://unix:" + path,
        ]);
        Assert.Equal(1, second);
        Assert.Contains("another process listens", error, StringComparison.Ordinal);
    }

    /// <summary>However close together two are started on a port, one serves and the other says in one line why not.</summary>
    [Fact]
    public async Task Serve_TwoAtOnceOnOnePort_OneServes()
    {
        for (var pair = 0; pair < 25; pair++)
        {
            using var data = new TempDirectory();
            var address = new Uri($"http://127.0.0.1:{EdgeProcess.FreePort()}");
            await using var one = EdgeProcess.Launch(data["one"], address: address);
            await using var two = EdgeProcess.Launch(data["two"], address: address);
            static bool Serves(EdgeProcess edge) => edge.ErrorSoFar.Contains("\"eventId\":100,", StringComparison.Ordinal);
            await Wait.UntilAsync(
                () => (one.HasExited || Serves(one)) && (two.HasExited || Serves(two)),
                () => $"{one.ErrorSoFar}\n{two.ErrorSoFar}"
            );

            Assert.True(Serves(one) != Serves(two), $"pair {pair}: {one.ErrorSoFar}\n{two.ErrorSoFar}");
            var other = Serves(one) ? two : one;
            Assert.Equal(1, await other.ExitCodeWithinAsync(Wait.Limit));
            var line = Assert.Single(
                (await other.Error).Split('\n', StringSplitOptions.RemoveEmptyEntries),
                static line => !line.StartsWith('{')
            );
            Assert.Contains(address.Port.ToString(), line, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("http://127.0.0.l:8080")]
    [InlineData("http://127.0.0.1:8080/x")]
    [InlineData("http://localhost:0")]
    [InlineData("http://192.0.2.1:8080")]
    [InlineData("http://unix:/nowhere/at/all.sock")]
    [InlineData("http://unix:{file}")]
    public async Task Serve_AddressThatCannotBeHad_ExitsOneWithOneLine(string urls)
    {
        using var data = new TempDirectory();
        await File.WriteAllTextAsync(data["file"], "kept");
        urls = urls.Replace("{file}", data["file"], StringComparison.Ordinal);

        var (exitCode, output, error) = await EdgeProcess.RunAsync([
            "serve",
            "--data-dir",
            data["data"],
            "--urls",
            urls,
        ]);

        Assert.Equal((1, ""), (exitCode, output));
        // What was logged before stands in lines of JSON.
        var line = Assert.Single(
            error.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            static line => !line.StartsWith('{')
        );
        Assert.Contains(urls, line, StringComparison.Ordinal);
        Assert.Equal("kept", await File.ReadAllTextAsync(data["file"]));
    }

    [Theory]
    [InlineData("dataDir {file}", "--data-dir", "'{file}' is a file, not a directory")]
    [InlineData("api.firstKeyFile {nowhere}/key", "api.firstKeyFile", "No such file or directory")]
    [InlineData("config {nowhere}", "--config names the file to read", "Could not find a part of the path")]
    public async Task Serve_SettingThatCannotBeUsed_IsNamedWithCauseAndRemedy(
        string setting,
        string remedy,
        string cause
    )
    {
        using var data = new TempDirectory();
        await File.WriteAllTextAsync(data["file"], "");
        string Of(string text) =>
            text.Replace("{file}", data["file"], StringComparison.Ordinal)
                .Replace("{nowhere}", data["no", "where"], StringComparison.Ordinal);
        var (name, value) = (setting.Split(' ')[0], Of(setting.Split(' ')[1]));
        string[] arguments = name == "config" ? ["--config", value] : [];

        var (exitCode, _, error) = await EdgeProcess.RunAsync(
            ["serve", "--urls", "http://127.0.0.1:0", .. arguments],
            [
                ("EDGE__DATADIR", name == "dataDir" ? value : data["data"]),
                ("EDGE__API__FIRSTKEYFILE", name == "api.firstKeyFile" ? value : ""),
            ]
        );

        Assert.Equal(1, exitCode);
        var line = Assert.Single(
            error.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            static line => !line.StartsWith('{')
        );
        Assert.Contains(value, line, StringComparison.Ordinal);
        Assert.Contains(remedy, line, StringComparison.Ordinal);
        Assert.Contains(Of(cause), line, StringComparison.Ordinal);
        Assert.DoesNotContain(".;", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Demo_OnEveryAddressWithPagesOfItsOwn_PrintsCommandsThatWork()
    {
        using var data = new TempDirectory();
        var (port, admin) = (EdgeProcess.FreePort(), EdgeProcess.FreePort());
        await using var edge = await EdgeProcess.StartAsync(
            data.Path,
            ["--demo", "--admin-urls", $"http://[::]:{admin}"],
            [("EDGE__API__LISTENER", "admin")],
            new Uri($"http://127.0.0.1:{admin}"),
            address: new Uri($"http://0.0.0.0:{port}")
        );
        Assert.Equal(0, await edge.StopAsync());

        var guide = await edge.Output;
        Assert.Contains($"curl -i http://127.0.0.1:{port}/s/demo-ab/click", guide, StringComparison.Ordinal);
        Assert.Contains($"demo-traffic --url http://127.0.0.1:{port}\n", guide, StringComparison.Ordinal);
        Assert.Contains($"curl http://127.0.0.1:{admin}/metrics", guide, StringComparison.Ordinal);
        Assert.Contains($"\" http://127.0.0.1:{admin}/experiments/api", guide, StringComparison.Ordinal);
        Assert.DoesNotContain("0.0.0.0", guide, StringComparison.Ordinal);
        Assert.DoesNotContain("[::]", guide, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ManagementApi_OnTheAdminListener_IsNotPublic()
    {
        using var data = new TempDirectory();
        var admin = new Uri($"http://127.0.0.1:{EdgeProcess.FreePort()}");
        await using var edge = await EdgeProcess.StartAsync(
            data.Path,
            ["--demo", "--admin-urls", admin.ToString()],
            [("EDGE__API__LISTENER", "admin")],
            admin
        );

        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(edge.Client, new Uri(edge.Address, "/experiments/api")));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(edge.Client, new Uri(admin, "/experiments/api")));
    }

    [Fact]
    public async Task PublicPages_Closed_AreNotFoundAndHealthStays()
    {
        using var data = new TempDirectory();
        await using var edge = EdgeProcess.Launch(data.Path, environment: [("EDGE__HTTP__PUBLICPAGES", "ledger")]);
        await Wait.ForAsync(
            async () => (await EdgeProcess.RunAsync(["healthcheck", "--url", edge.Address + "healthz"])).ExitCode,
            exitCode => exitCode == 0
        );

        foreach (var (page, status) in new[] { ("healthz", 200), ("ledger", 200), ("readyz", 404), ("metrics", 404) })
        {
            Assert.Equal(status, (int)await StatusAsync(edge.Client, new Uri(edge.Address, page)));
        }
    }

    [Fact]
    public async Task Ledger_OfAFailingSink_NamesItsHostToOperatorsAlone()
    {
        const string Host = "clickhouse-7.internal.invalid";
        using var data = new TempDirectory();
        var admin = data["admin.sock"];
        (string, string)[] sink =
        [
            ("EDGE__SINKS__WAREHOUSE__TYPE", "http"),
            ("EDGE__SINKS__WAREHOUSE__URL", $"https://{Host}/events"),
        ];

        await using (var edge = await EdgeProcess.StartAsync(data.Path, environment: sink))
        {
            await edge.Client.GetAsync("/s/demo-ab/pixel.gif");
            var ledger = await Wait.ForAsync(
                () => edge.Client.GetStringAsync("/ledger"),
                text => text.Contains("last_error_at", StringComparison.Ordinal)
            );
            Assert.DoesNotContain(Host, ledger, StringComparison.Ordinal);
            Assert.DoesNotContain(Host, await edge.Client.GetStringAsync("/metrics"), StringComparison.Ordinal);
            Assert.DoesNotContain(Host, await edge.Client.GetStringAsync("/readyz"), StringComparison.Ordinal);
        }

        using var client = ClientOf(admin);
        await using var again = EdgeProcess.Launch(data.Path, ["--admin-urls", "http://unix:" + admin], sink);
        await UntilReadyAsync(client);
        await Wait.ForAsync(
            () => client.GetStringAsync(new Uri("http://localhost/ledger")),
            text => text.Contains(Host, StringComparison.Ordinal)
        );
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client, Uri address)
    {
        using var answer = await client.GetAsync(address);
        return answer.StatusCode;
    }

    private static Task<HttpStatusCode> UntilReadyAsync(HttpClient client) =>
        Wait.ForAsync(
            async () =>
            {
                try
                {
                    return await StatusAsync(client, new Uri("http://localhost/readyz"));
                }
                catch (HttpRequestException)
                {
                    return HttpStatusCode.ServiceUnavailable;
                }
            },
            status => status == HttpStatusCode.OK
        );

    private static HttpClient ClientOf(string socketPath) =>
        new(
            new SocketsHttpHandler
            {
                UseProxy = false,
                ConnectCallback = async (_, cancellation) =>
                {
                    var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellation);
                    return new NetworkStream(socket, ownsSocket: true);
                },
            }
        );
}
