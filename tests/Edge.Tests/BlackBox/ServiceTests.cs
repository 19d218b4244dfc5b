using System.Net;
using System.Text;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>Start, stop, crash and configuration of the native binary, as an operator meets them.</summary>
public class ServiceTests
{
    [Fact]
    public async Task Sigterm_WhileServing_ExitsZeroWithEverythingForwarded()
    {
        using var data = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(data.Path);
        for (var i = 0; i < 50; i++)
        {
            await edge.Client.GetAsync($"/s/demo-ab/pixel.gif?u=stop-{i}");
        }

        Assert.Equal(0, await edge.StopAsync());
        Assert.Equal(50, Forwarded.Lines(data.Path).Length);
    }

    [Fact]
    public async Task Sigterm_ThenStart_ForwardsNothingTwice()
    {
        using var data = new TempDirectory();
        await using (var first = await EdgeProcess.StartAsync(data.Path))
        {
            for (var i = 0; i < 20; i++)
            {
                await first.Client.GetAsync($"/s/demo-ab/pixel.gif?u=first-{i}");
            }

            await first.StopAsync();
        }
        await using var second = await EdgeProcess.StartAsync(data.Path);
        await second.Client.GetAsync("/s/demo-ab/click?u=last");
        await second.StopAsync();

        Assert.Equal(21, Forwarded.Lines(data.Path).Length);
    }

    [Fact]
    public async Task Kill9_AfterAckDisk_LosesNothingAndDuplicatesShareTheirId()
    {
        using var data = new TempDirectory();
        const int Cycles = 5,
            PerCycle = 40;
        for (var cycle = 0; cycle < Cycles; cycle++)
        {
            await using var edge = await EdgeProcess.StartAsync(data.Path, environment: [("EDGE__ACK__PIXEL", "disk")]);
            await Task.WhenAll(
                Enumerable
                    .Range(0, PerCycle)
                    .Select(async i =>
                    {
                        using var request = new HttpRequestMessage(HttpMethod.Get, "/s/demo-ab/pixel.gif");
                        request.Headers.TryAddWithoutValidation("Referer", $"https://ledger.example/{cycle}-{i}");
                        using var answer = await edge.Client.SendAsync(request);
                        Assert.Equal("disk", Assert.Single(answer.Headers.GetValues("Edge-Ack")));
                    })
            );
            await edge.KillAsync();
        }
        await using var last = await EdgeProcess.StartAsync(data.Path);
        await last.StopAsync();

        var events = Forwarded
            .Lines(data.Path)
            .Select(line => System.Text.Json.JsonDocument.Parse(line).RootElement)
            .ToArray();
        var byReferrer = events
            .GroupBy(e => e.Text("referrer"))
            .ToDictionary(g => g.Key, g => g.Select(e => e.Text("id")).Distinct().Count());
        Assert.Equal(Cycles * PerCycle, byReferrer.Count);
        Assert.All(byReferrer.Values, ids => Assert.Equal(1, ids));
    }

    [Fact]
    public async Task SecondProcess_OnTheSameData_IsRefusedInOneLine()
    {
        using var data = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(data.Path);

        var (exitCode, _, error) = await EdgeProcess.RunAsync([
            "serve",
            "--data-dir",
            data.Path,
            "--urls",
            $"http://127.0.0.1:{EdgeProcess.FreePort()}",
        ]);

        Assert.Equal(1, exitCode);
        Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task PortInUse_AtStart_IsRefusedInOneLine()
    {
        using var data = new TempDirectory();
        using var other = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(data.Path);

        var (exitCode, _, error) = await EdgeProcess.RunAsync([
            "serve",
            "--data-dir",
            other.Path,
            "--urls",
            edge.Address.ToString(),
        ]);

        Assert.Equal(1, exitCode);
        Assert.Contains(edge.Address.Port.ToString(), error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ForwardedHeadersSwitch_Set_RefusesToStart()
    {
        using var data = new TempDirectory();

        var (exitCode, _, error) = await EdgeProcess.RunAsync(
            ["serve", "--data-dir", data.Path],
            [("ASPNETCORE_FORWARDEDHEADERS_ENABLED", "true")]
        );

        Assert.Equal(1, exitCode);
        Assert.Contains("ASPNETCORE_FORWARDEDHEADERS_ENABLED", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("frobnicate")]
    [InlineData("serve --nope")]
    [InlineData("serve --urls")]
    [InlineData("serve stray")]
    [InlineData("serve --demo=yes")]
    [InlineData("journal")]
    [InlineData("journal frob")]
    [InlineData("healthcheck --url ftp://x")]
    public async Task CommandLine_WrongUsage_ExitsTwoWithOneLine(string arguments)
    {
        var (exitCode, output, error) = await EdgeProcess.RunAsync(arguments.Split(' '));

        Assert.Equal(2, exitCode);
        Assert.Equal("", output);
        Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Theory]
    [InlineData("EDGE__JOURNAL__COMITINTERVALMS", "5", "journal.commitIntervalMs")]
    [InlineData("EDGE__JOURNAL__COMMITINTERVALMS", "0", "journal.commitIntervalMs")]
    [InlineData("EDGE__JOURNAL__PAGEBYTES", "1000000", "power of two")]
    [InlineData("EDGE__CLIENTADDRESS__TRUSTEDPROXIES", "10.0.0.0/8,example.com", "example.com")]
    [InlineData("EDGE__ACK__PIXEL", "sometimes", "memory, disk")]
    [InlineData("EDGE__URLS", "https://127.0.0.1:1", "tls.certificateFile")]
    public async Task Settings_Wrong_AreRefusedWithTheirName(string name, string value, string expected)
    {
        using var data = new TempDirectory();

        var (exitCode, _, error) = await EdgeProcess.RunAsync(["serve", "--data-dir", data.Path], [(name, value)]);

        Assert.Equal(1, exitCode);
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HelpAndVersion_Work()
    {
        var help = await EdgeProcess.RunAsync([]);
        var version = await EdgeProcess.RunAsync(["version"]);

        Assert.Equal(0, help.ExitCode);
        Assert.Contains("edge serve", help.Output, StringComparison.Ordinal);
        Assert.Equal(0, version.ExitCode);
        Assert.Matches(@"^edge \d+\.\d+\.\d+\S* commit \S+ runtime \.NET \d+", version.Output);
    }

    [Fact]
    public async Task Healthcheck_ReadyAndGone_ExitsZeroAndOne()
    {
        using var data = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(data.Path);

        var ready = await EdgeProcess.RunAsync(["healthcheck", "--url", edge.Address.ToString()]);
        await edge.StopAsync();
        var gone = await EdgeProcess.RunAsync(["healthcheck", "--url", edge.Address.ToString()]);

        Assert.Equal(0, ready.ExitCode);
        Assert.Equal(1, gone.ExitCode);
        Assert.Single(gone.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task AdminUrls_Given_MoveHealthAndMetricsThere()
    {
        using var data = new TempDirectory();
        var admin = new Uri($"http://127.0.0.1:{EdgeProcess.FreePort()}");
        await using var edge = await EdgeProcess.StartAsync(
            data.Path,
            ["--demo", "--admin-urls", admin.ToString()],
            admin: admin
        );

        var publicOnAdmin = await edge.Client.GetAsync(new Uri(admin, "/s/demo-ab/click"));
        var adminOnPublic = await edge.Client.GetAsync("/metrics");
        var metrics = await edge.Client.GetStringAsync(new Uri(admin, "/metrics"));

        Assert.Equal(HttpStatusCode.NotFound, publicOnAdmin.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, adminOnPublic.StatusCode);
        Assert.Contains("edge_requests_total", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Journal_DumpWhileStopped_ListsTheEvents()
    {
        using var data = new TempDirectory();
        await using (
            var edge = await EdgeProcess.StartAsync(data.Path, environment: [("EDGE__SINKS__FILE__ENABLED", "false")])
        )
        {
            for (var i = 0; i < 3; i++)
            {
                await edge.Client.GetAsync($"/s/demo-ab/pixel.gif?u=dump-{i}");
            }

            var running = await EdgeProcess.RunAsync(["journal", "dump", "--data-dir", data.Path]);
            Assert.Equal(1, running.ExitCode);
            await edge.StopAsync();
        }

        var (exitCode, output, _) = await EdgeProcess.RunAsync(["journal", "dump", "--data-dir", data.Path]);

        Assert.Equal(0, exitCode);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, lines.Length);
        Assert.All(
            lines,
            line => Assert.Equal("demo-ab", System.Text.Json.JsonDocument.Parse(line).RootElement.Text("experiment"))
        );
    }

    [Fact]
    public async Task ExperimentFile_Changed_IsServedWithinASecondAndABadOneKeepsTheLast()
    {
        using var data = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(data.Path);
        var file = Directory
            .GetFiles(data["experiments"])
            .Single(f => File.ReadAllText(f).Contains("\"demo-ab\"", StringComparison.Ordinal));
        var text = await File.ReadAllTextAsync(file);

        await File.WriteAllTextAsync(
            file,
            text.Replace("https://example.com/landing", "https://example.org/new", StringComparison.Ordinal)
        );
        await WaitUntilAsync(async () => await DestinationAsync() == "https://example.org/new");

        await File.WriteAllTextAsync(file, text.Replace("5000", "4000", StringComparison.Ordinal));
        await WaitUntilAsync(async () =>
            (await edge.Client.GetStringAsync("/metrics")).Contains(
                "edge_experiment_problems 1",
                StringComparison.Ordinal
            )
        );
        Assert.Equal("https://example.org/new", await DestinationAsync());

        await edge.StopAsync();
        var log = await edge.Error;
        Assert.Contains("variants", log, StringComparison.Ordinal);
        Assert.Contains(Path.GetFileName(file), log, StringComparison.Ordinal);

        async Task<string?> DestinationAsync() =>
            (await edge.Client.GetAsync("/s/demo-ab/click")).Headers.Location?.OriginalString;
    }

    [Fact]
    public async Task RawAddress_OfAnyVisitor_StandsInNoFileMetricOrMessage()
    {
        using var data = new TempDirectory();
        string[] canaries = ["203.0.113.199", "198.51.100.177", "2001:db8:cafe::199", "::ffff:192.0.2.155"];
        await using var edge = await EdgeProcess.StartAsync(
            data.Path,
            environment: [("EDGE__CLIENTADDRESS__TRUSTEDPROXIES", "127.0.0.1")]
        );
        foreach (var canary in canaries)
        {
            foreach (
                var path in new[] { "/s/demo-ab/pixel.gif", "/s/demo-ab/click", "/s/none/pixel.gif", "/s/demo-ab/frob" }
            )
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, path);
                request.Headers.TryAddWithoutValidation("X-Forwarded-For", canary);
                using var answer = await edge.Client.SendAsync(request);
            }
        }
        var metrics = await edge.Client.GetByteArrayAsync("/metrics");
        await edge.StopAsync();
        var places = Directory
            .GetFiles(data.Path, "*", SearchOption.AllDirectories)
            .Select(file => (Name: file, Bytes: File.ReadAllBytes(file)))
            .Append(("metrics", metrics))
            .Append(("stderr", Encoding.UTF8.GetBytes(await edge.Error)))
            .Append(("stdout", Encoding.UTF8.GetBytes(await edge.Output)))
            .ToArray();

        Assert.Equal(2 * canaries.Length, Forwarded.Lines(data.Path).Length);
        foreach (var canary in canaries)
        {
            var address = IPAddress.Parse(canary);
            byte[][] forms =
            [
                Encoding.ASCII.GetBytes(canary),
                Encoding.ASCII.GetBytes(address.ToString()),
                address.GetAddressBytes(),
                Encoding.ASCII.GetBytes(address.IsIPv4MappedToIPv6 ? address.MapToIPv4().ToString() : canary),
            ];
            foreach (var (name, bytes) in places)
            {
                Assert.All(forms, form => Assert.True(bytes.AsSpan().IndexOf(form) < 0, $"{canary} stands in {name}"));
            }
        }
    }

    private static Task<bool> WaitUntilAsync(Func<Task<bool>> condition) =>
        Wait.ForAsync(
            async () =>
            {
                try
                {
                    return await condition();
                }
                catch (HttpRequestException)
                {
                    // Not listening yet.
                    return false;
                }
            },
            isTrue => isTrue
        );
}
