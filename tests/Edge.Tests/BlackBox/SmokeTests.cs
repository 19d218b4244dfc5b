using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>
/// The shortest way through the whole binary. <c>make test-arm64</c> runs these alone, on the arm64 binary under
/// emulation: pixel, click, journal, forwarding, and the commands that read user agents and geo files.
/// </summary>
[Trait("Category", "Smoke")]
public sealed class SmokeTests
{
    [Fact]
    public async Task Visit_PixelAndClick_ReachJournalAndFiles()
    {
        using var data = new TempDirectory();
        await using (var edge = await EdgeProcess.StartAsync(data.Path))
        {
            var pixel = await edge.Client.GetAsync("/s/demo-ab/pixel.gif?u=smoke");
            var click = await edge.Client.GetAsync("/s/demo-ab/click?u=smoke");

            Assert.Equal((200, 43), ((int)pixel.StatusCode, (await pixel.Content.ReadAsByteArrayAsync()).Length));
            Assert.Equal((302, "https://example.com/landing"), ((int)click.StatusCode, $"{click.Headers.Location}"));
            await Forwarded.WaitForAsync(data.Path, line => line.Text("type") == "impression");
            await Forwarded.WaitForAsync(data.Path, line => line.Text("type") == "click");
            Assert.Equal(0, await edge.StopAsync());
        }

        var dump = await EdgeProcess.RunAsync(["journal", "dump", "--data-dir", data.Path]);
        var verify = await EdgeProcess.RunAsync(["journal", "verify", "--data-dir", data.Path]);

        Assert.Equal((0, 0), (dump.ExitCode, verify.ExitCode));
        Assert.Equal(Forwarded.Lines(data.Path), dump.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task UserAgent_OfABrowser_IsParsed()
    {
        var (exitCode, output, _) = await EdgeProcess.RunAsync(
            ["ua", "--stdin"],
            input: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\n"
        );

        var parsed = JsonDocument.Parse(output).RootElement;
        Assert.Equal((0, "Firefox"), (exitCode, parsed.GetProperty("ua").GetProperty("family").GetString()));
    }

    [Fact]
    public async Task Geo_AddressInTheFile_IsItsRecord()
    {
        using var directory = new TempDirectory();
        var file = new GeoFileWriter().Add("203.0.113.0/24", GeoFileWriter.Country("FR")).Build();
        await File.WriteAllBytesAsync(directory["country.mmdb"], file, TestContext.Current.CancellationToken);

        var (exitCode, output, _) = await EdgeProcess.RunAsync(
            ["geo", "--db", directory["country.mmdb"], "--stdin"],
            input: "203.0.113.7\n198.51.100.1\n"
        );

        Assert.Equal(0, exitCode);
        Assert.Contains("\"FR\"", output, StringComparison.Ordinal);
        Assert.EndsWith("null\n", output, StringComparison.Ordinal);
    }
}
