using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox.Fleets;

/// <summary>Edges that write to one ClickHouse, and an origin that counts there what never passes through it.</summary>
public sealed class ClickHouseCountsTests
{
    private const int Visitors = 12;

    private const string Browser =
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";

    [Fact]
    public async Task Results_OfTwoEdgesThatWriteToOneClickHouse_AreTheSumAndOutliveTheServer()
    {
        await using var server = await ClickHouseServer.StartAsync();
        (string, string)[] warehouse =
        [
            ("EDGE__SINKS__HOUSE__TYPE", "clickhouse"),
            ("EDGE__SINKS__HOUSE__URL", $"http://127.0.0.1:{server.Port}"),
            ("EDGE__SINKS__HOUSE__PASSWORD", ClickHouseServer.Password),
        ];
        (string, string)[] counting = [.. warehouse, ("EDGE__TALLY__SINK", "house"), ("EDGE__TALLY__REFRESHSECONDS", "1")];
        await using var fleet = await TestFleet.StartAsync(counting);
        var uid = await fleet.StartExperimentAsync("both", ",\"attributionWindowMinutes\":1440");

        // Without its tables there is nothing to count, and the answer says what to do.
        var (status, problem) = await Wait.ForAsync(
            () => fleet.AskAsync("GET", $"/{uid}/results"),
            answer => answer.Json.GetProperty("detail").GetString()!.Contains("sink init house", StringComparison.Ordinal)
        );
        Assert.Equal((503, "Service Unavailable"), (status, problem.GetProperty("title").GetString()));
        var made = await EdgeProcess.RunAsync(["sink", "init", "house", "--data-dir", fleet.OriginData], counting);
        Assert.True(made.ExitCode == 0, made.Error);

        (string, string)[] writing = [.. warehouse, ("EDGE__SINKS__HOUSE__LINGERMS", "50"), ("EDGE__SINKS__ORIGIN__ENABLED", "false")];
        var first = await fleet.StartEdgeAsync("first", writing);
        var second = await fleet.StartEdgeAsync("second", writing);
        foreach (var edge in new[] { first, second })
        {
            await TestFleet.UntilServedAsync(edge, "both");
            edge.Client.DefaultRequestHeaders.TryAddWithoutValidation("User-Agent", Browser);
            for (var i = 0; i < Visitors; i++)
            {
                // Half of the visitors come to both edges.
                var visitor = edge == first ? i : i + (Visitors / 2);
                using var seen = await edge.Client.GetAsync($"/s/both/pixel.gif?u=visitor-{visitor}");
                using var followed = await edge.Client.GetAsync($"/s/both/click?u=visitor-{visitor}");
                Assert.Equal(302, (int)followed.StatusCode);
            }
        }

        var (_, answer) = await Wait.ForAsync(
            () => fleet.AskAsync("GET", $"/{uid}/results"),
            answer => answer.Status == 200 && Total(answer.Json, "clicks") == 2 * Visitors,
            answer => answer.Json.ToString()
        );
        Assert.Equal(2 * Visitors, Total(answer, "impressions"));
        Assert.Equal(Visitors + (Visitors / 2), answer.GetProperty("results").GetProperty("openTrials").GetInt32());
        Assert.Equal(JsonValueKind.Null, answer.GetProperty("results").GetProperty("countsProblem").ValueKind);
        var metric = await TestFleet.MetricAsync(fleet.Origin, "edge_tally_age_seconds");
        Assert.InRange(metric, 0, 60);

        // What was counted last is shown for as long as the server is away.
        await server.KillAsync();
        var (_, stale) = await Wait.ForAsync(
            () => fleet.AskAsync("GET", $"/{uid}/results"),
            answer =>
                answer.Status == 200
                && answer.Json.GetProperty("results").GetProperty("countsProblem").ValueKind == JsonValueKind.String,
            answer => answer.Json.ToString()
        );
        Assert.Equal(2 * Visitors, Total(stale, "clicks"));
        Assert.Equal(200, (await fleet.AskAsync("POST", $"/{uid}/recompute")).Status);

        await fleet.StopAsync(fleet.Origin);
        await fleet.StartOriginAsync(counting);
        var (again, kept) = await Wait.ForAsync(
            () => fleet.AskAsync("GET", $"/{uid}/results"),
            answer => answer.Status == 200,
            answer => answer.Json.ToString()
        );
        Assert.Equal(200, again);
        Assert.Equal(2 * Visitors, Total(kept, "clicks"));
    }

    private static int Total(JsonElement answer, string name) =>
        answer.GetProperty("results").GetProperty("totals").GetProperty(name).GetInt32();
}
