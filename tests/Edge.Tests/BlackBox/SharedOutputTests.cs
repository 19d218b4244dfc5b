using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>Two services whose file sinks have one directory.</summary>
public class SharedOutputTests
{
    [Fact]
    public async Task Service_WhoseOutputAnotherWrites_WaitsUntilItEndsAndLosesNothing()
    {
        using var place = new TempDirectory();
        await using var first = await StartAsync(place, "first");
        await SendAsync(first);
        await UntilAsync(place, "first");
        await using var second = await StartAsync(place, "second");
        await SendAsync(second);

        await Wait.ForAsync(
            () => Task.FromResult(second.ErrorSoFar),
            static log => log.Contains("is written to by another service", StringComparison.Ordinal)
        );
        await Wait.ForAsync(
            () => second.Client.GetStringAsync("/metrics"),
            static page => page.Contains("edge_sink_pending{sink=\"file\"} 1\n", StringComparison.Ordinal)
        );
        await SendAsync(first);
        await UntilAsync(place, "first", "first");
        await first.KillAsync();
        await UntilAsync(place, "first", "first", "second");

        await using var again = await StartAsync(place, "first");
        await SendAsync(again);
        Assert.Equal(0, await second.StopAsync());
        await UntilAsync(place, "first", "first", "first", "second");
    }

    [Fact]
    public async Task Check_OfTwoSinksWithOneDirectory_IsAnError()
    {
        using var place = new TempDirectory();
        (string, string)[] environment =
        [
            ("EDGE__SINKS__SECOND__TYPE", "file"),
            ("EDGE__SINKS__SECOND__DIRECTORY", place["data", "..", "data", "forwarded"]),
        ];

        var check = await EdgeProcess.RunAsync(["check", "--data-dir", place["data"]], environment);
        var serve = await EdgeProcess.RunAsync(["serve", "--data-dir", place["data"]], environment);

        const string Problem = "sinks.second.directory and sinks.file.directory are one directory, ";
        Assert.Equal((1, 1), (check.ExitCode, serve.ExitCode));
        Assert.Contains(Problem, check.Output, StringComparison.Ordinal);
        Assert.Contains(Problem, serve.Error, StringComparison.Ordinal);
    }

    private static Task<EdgeProcess> StartAsync(TempDirectory place, string node) =>
        EdgeProcess.StartAsync(
            place[node],
            environment: [("EDGE__SINKS__FILE__DIRECTORY", place["out"]), ("EDGE__NODE", node)]
        );

    private static async Task SendAsync(EdgeProcess edge)
    {
        using var pixel = await edge.Client.GetAsync("/s/demo-ab/pixel.gif");
        pixel.EnsureSuccessStatusCode();
    }

    private static Task<string[]> UntilAsync(TempDirectory place, params string[] nodes) =>
        Wait.ForAsync(() => Task.FromResult(Nodes(place["out"])), found => found.SequenceEqual(nodes), found => string.Join(" ", found));

    /// <summary>
    /// The nodes of the events in all files, sorted. What was written right before a kill may come again, with the same id.
    /// </summary>
    private static string[] Nodes(string directory) =>
        [
            .. Directory
                .GetFiles(directory, "*.ndjson")
                .SelectMany(File.ReadAllLines)
                .Select(static line => JsonDocument.Parse(line).RootElement)
                .DistinctBy(static json => json.GetProperty("id").GetString())
                .Select(static json => json.GetProperty("node").GetString()!)
                .Order(StringComparer.Ordinal),
        ];
}
