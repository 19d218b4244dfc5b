using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>Commands that operators use beside the running service.</summary>
public sealed class OperatorCommandTests(ManagedEdge site) : IClassFixture<ManagedEdge>
{
    [Fact]
    public async Task Tail_WhileEventsCome_PrintsThemAndRefusals()
    {
        var (_, slug) = await site.CreateAsync("", "start");
        using var tail = StartTail("--json");
        var lines = new ConcurrentQueue<string>();

        // Until it has joined, events go by.
        var reading = ReadAsync(tail, lines);
        var seen = await Wait.ForAsync(
            async () =>
            {
                using var pixel = await site.Edge.Client.GetAsync($"/s/{slug}/pixel.gif?u=tail");
                using var refused = await site.Edge.Client.PostAsync("/s/events", new StringContent("{"));
                return lines.ToArray();
            },
            seen => seen.Any(line => IsOf(line, slug)) && seen.Any(static line => line.Contains("curl", StringComparison.Ordinal))
        );

        var json = JsonDocument.Parse(seen.First(line => IsOf(line, slug))).RootElement;
        Assert.Equal("impression", json.GetProperty("type").GetString());
        tail.Kill();
        await reading;
    }

    [Fact]
    public async Task Tail_WithoutAKeyOrWithAWrongOne_SaysWhatIsMissing()
    {
        var url = site.Edge.Address.ToString();

        var without = await EdgeProcess.RunAsync(["tail", "--url", url], [("EDGE_KEY", "")]);
        var wrong = await EdgeProcess.RunAsync(["tail", "--url", url], [("EDGE_KEY", "mk_wrong")]);
        var filter = await EdgeProcess.RunAsync(["tail", "--url", url, "--type", "x"], [("EDGE_KEY", site.Key)]);

        Assert.Equal(2, without.ExitCode);
        Assert.Contains("EDGE_KEY", without.Error, StringComparison.Ordinal);
        Assert.Equal(1, wrong.ExitCode);
        Assert.Contains("answered 401", wrong.Error, StringComparison.Ordinal);
        Assert.Equal(1, filter.ExitCode);
        Assert.Contains("answered 400", filter.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Journal_WhileServing_IsReadBesideTheService()
    {
        var (_, slug) = await site.CreateAsync("", "start");
        (await site.Edge.Client.GetAsync($"/s/{slug}/pixel.gif")).EnsureSuccessStatusCode();

        var stat = await EdgeProcess.RunAsync(["journal", "stat", "--data-dir", site.DataDir]);
        var verify = await EdgeProcess.RunAsync(["journal", "verify", "--data-dir", site.DataDir]);

        Assert.True(stat.ExitCode == 0, stat.Error);
        Assert.True(JsonDocument.Parse(stat.Output).RootElement.GetProperty("in_use").GetBoolean());
        Assert.True(verify.ExitCode == 0, verify.Output + verify.Error);
        Assert.Contains(" 0 problems", verify.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Capacity_InABoundedTime_MeasuresAndLeavesNothing()
    {
        using var data = new TempDirectory();
        Assert.SkipUnless(new DriveInfo(data.Path).AvailableFreeSpace > 5L << 30, "needs 5 GiB of free space");

        var (exitCode, output, error) = await EdgeProcess.RunAsync(
            ["capacity", "--seconds", "1", "--data-dir", data.Path]
        );

        Assert.True(exitCode == 0, error);
        Assert.Matches(@"^events    [1-9]\d* a second stored by one thread, [1-9]\d\d bytes each, ", output);
        Assert.Matches(@"\nprocessor \d+\.\d us for an event", output);
        Assert.Matches(@"\ncommit    \d+\.\d\d ms in the middle, ", output);
        Assert.Empty(Directory.GetFileSystemEntries(data.Path));
    }

    private static bool IsOf(string line, string slug) => line.Contains($"\"experiment\":\"{slug}\"", StringComparison.Ordinal);

    private static async Task ReadAsync(Process tail, ConcurrentQueue<string> lines)
    {
        while (await tail.StandardOutput.ReadLineAsync() is { } line)
        {
            lines.Enqueue(line);
        }
    }

    private Process StartTail(params string[] more)
    {
        var start = new ProcessStartInfo(EdgeBinary.Path, ["tail", "--url", site.Edge.Address.ToString(), .. more])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        start.Environment["EDGE_KEY"] = site.Key;
        return Process.Start(start)!;
    }
}
