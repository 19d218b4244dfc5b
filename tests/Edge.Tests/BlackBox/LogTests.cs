using System.Diagnostics;
using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>What the service says on standard error.</summary>
public class LogTests
{
    [Fact]
    public async Task Log_OfAService_IsJsonThatNamesVersionDirectoryFilesAndProxies()
    {
        using var data = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(data.Path);
        var version = (await EdgeProcess.RunAsync(["version"])).Output.Split(' ')[1];
        var file = Path.Combine(data.Path, "experiments", "demo-ab.json");
        var original = await File.ReadAllTextAsync(file);
        for (var i = 0; i < 3; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/s/demo-ab/pixel.gif");
            request.Headers.Add("X-Forwarded-For", "203.0.113.7");
            _ = await edge.Client.SendAsync(request);
        }

        await File.WriteAllTextAsync(file, original.Replace("\"name\": \"", "\"name\": \"New ", StringComparison.Ordinal));
        await WaitForAsync(edge, 203);
        File.Delete(file);
        await WaitForAsync(edge, 204);
        var metrics = await edge.Client.GetStringAsync("/metrics");
        Assert.Equal(0, await edge.StopAsync());

        var lines = (await edge.Error)
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement)
            .ToArray();
        var started = Assert.Single(lines, line => IdOf(line) == 100);
        Assert.Equal(version, started.GetProperty("version").GetString());
        Assert.Equal(Path.GetFullPath(data.Path), started.GetProperty("dataDir").GetString());
        Assert.Contains("\nedge_forwarded_header_untrusted_total 3\n", metrics, StringComparison.Ordinal);
        Assert.Equal("warning", Assert.Single(lines, line => IdOf(line) == 109).GetProperty("level").GetString());
        Assert.Equal("demo-ab", Assert.Single(lines, line => IdOf(line) == 203).GetProperty("slug").GetString());
        Assert.Equal("demo-ab.json", Assert.Single(lines, line => IdOf(line) == 204).GetProperty("file").GetString());
        Assert.DoesNotContain("203.0.113.7", await edge.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("json", "warning", false)]
    [InlineData("text", "info", true)]
    public async Task Settings_OfTheLog_DecideFormAndLeast(string format, string level, bool hasStart)
    {
        using var data = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(
            data.Path,
            environment: [("EDGE__LOGGING__FORMAT", format), ("EDGE__LOGGING__LEVEL", level)]
        );
        Assert.Equal(0, await edge.StopAsync());

        Assert.Equal(hasStart, (await edge.Error).Contains("Z info     100 Edge ", StringComparison.Ordinal));
        Assert.DoesNotContain("{\"", await edge.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Log_OnATerminal_IsText()
    {
        using var data = new TempDirectory();
        var port = EdgeProcess.FreePort();
        var start = new ProcessStartInfo("script", ["-qec", "exec \"$EDGE\" serve", "/dev/null"])
        {
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
            Environment =
            {
                ["EDGE"] = EdgeBinary.Path,
                ["EDGE__DATADIR"] = data.Path,
                ["EDGE__URLS"] = $"http://127.0.0.1:{port}",
            },
        };
        using var terminal = Process.Start(start)!;
        var seen = "";
        while (!seen.Contains(" 100 Edge ", StringComparison.Ordinal))
        {
            seen +=
                await terminal.StandardOutput.ReadLineAsync().WaitAsync(Wait.Limit)
                ?? throw new InvalidOperationException($"ended: {seen}");
        }

        // Not Ctrl+C, which a program that was started in the background ignores.
        var children = await File.ReadAllTextAsync($"/proc/{terminal.Id}/task/{terminal.Id}/children");
        using var kill = Process.Start("kill", children.Trim());
        await terminal.WaitForExitAsync().WaitAsync(Wait.Limit);
        Assert.DoesNotContain("\"eventId\"", seen, StringComparison.Ordinal);
    }

    private static int IdOf(JsonElement line) => line.GetProperty("eventId").GetInt32();

    private static async Task WaitForAsync(EdgeProcess edge, int id) =>
        await Wait.UntilAsync(
            () => edge.ErrorSoFar.Contains($"\"eventId\":{id},", StringComparison.Ordinal),
            () => edge.ErrorSoFar
        );
}
