using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox.Fleets;

/// <summary>A standalone node becomes the origin of a fleet, in the steps of <c>docs/fleet.md</c>.</summary>
public class MoveToFleetTests
{
    private const string Slug = "moved";

    private static readonly (string Name, string Value)[] Fleet =
    [
        ("EDGE__FLEET__ID", TestFleet.Id),
        ("EDGE__FLEET__SECRET", TestFleet.Secret),
    ];

    private static readonly (string Name, string Value)[] Origin = [.. Fleet, ("EDGE__ROLE", "origin"), ("EDGE__NODE", "origin")];

    [Fact]
    public async Task Standalone_BecomesTheOrigin_AndNoLinkIsDeadMeanwhile()
    {
        using var data = new TempDirectory();
        var originAddress = new Uri($"http://127.0.0.1:{EdgeProcess.FreePort()}");
        var (exitCode, output, error) = await EdgeProcess.RunAsync(
            ["keys", "create", "--kind", "pictify", "--data-dir", data["standalone"]]
        );
        Assert.True(exitCode == 0, error);
        var key = output.Trim();
        await using var standalone = await EdgeProcess.StartAsync(data["standalone"], []);
        var uid = await CreateAsync(standalone, key, Slug);
        await VisitAsync(standalone, "first");
        await UntilSeenAsync(standalone, key, uid, impressions: 1, clicks: 1);
        var choice = await TestFleet.ResolveAsync(standalone, Slug, "somebody");

        // An origin with a copy gives the edges their first catalog, and goes again.
        Directory.CreateDirectory(data["copy", "experiments"]);
        foreach (var file in Directory.GetFiles(data["standalone", "experiments"]))
        {
            File.Copy(file, data["copy", "experiments", Path.GetFileName(file)]);
        }

        File.Copy(data["standalone", "keys.json"], data["copy", "keys.json"]);
        await using var edge = EdgeProcess.Launch(
            data["edge"],
            [],
            [.. Fleet, ("EDGE__ROLE", "edge"), ("EDGE__NODE", "edge-a"), ("EDGE__FLEET__ORIGINURL", originAddress.ToString())]
        );
        await using (var copy = await EdgeProcess.StartAsync(data["copy"], [], Origin, address: originAddress))
        {
            await TestFleet.UntilServedAsync(edge, Slug);
            Assert.Equal(0, await copy.StopAsync());
        }

        // Visitors come to the edge now; what they do waits there. The standalone node is asked no longer.
        await VisitAsync(edge, "second");
        Assert.Equal(choice, await TestFleet.ResolveAsync(edge, Slug, "somebody"));
        Assert.Equal(0, await standalone.StopAsync());
        await using var origin = await EdgeProcess.StartAsync(data["standalone"], [], Origin, address: originAddress);

        await UntilSeenAsync(origin, key, uid, impressions: 2, clicks: 2);
        await CreateAsync(origin, key, "later");
        await TestFleet.UntilServedAsync(edge, "later");
        Assert.Equal(choice, await TestFleet.ResolveAsync(edge, Slug, "somebody"));
        Assert.Equal(0, await TestFleet.MetricAsync(edge, "edge_fleet_refusing"));
    }

    private static async Task<string> CreateAsync(EdgeProcess node, string key, string slug)
    {
        var (status, created) = await TestFleet.AskAsync(node, "POST", "/experiments/api", ManagedEdge.AbTest(slug), key);
        Assert.True(status == 201, created.ToString());
        var uid = created.GetProperty("experiment").GetProperty("uid").GetString()!;
        Assert.Equal(200, (await TestFleet.AskAsync(node, "POST", $"/experiments/api/{uid}/start", key: key)).Status);
        return uid;
    }

    private static async Task VisitAsync(EdgeProcess node, string unit)
    {
        foreach (var (path, expected) in new[] { ("pixel.gif", 200), ("click", 302) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/s/{Slug}/{path}?u={unit}");
            request.Headers.TryAddWithoutValidation("User-Agent", FleetTests.PersonAgent);
            using var answer = await node.Client.SendAsync(request);
            Assert.Equal(expected, (int)answer.StatusCode);
        }
    }

    private static Task<(int Status, JsonElement Json)> UntilSeenAsync(EdgeProcess node, string key, string uid, long impressions, long clicks) =>
        Wait.ForAsync(
            () => TestFleet.AskAsync(node, "GET", $"/experiments/api/{uid}/results", key: key),
            answer => Sum(answer.Json, "impressions") == impressions && Sum(answer.Json, "clicks") == clicks,
            answer => answer.Json.ToString()
        );

    private static long Sum(JsonElement results, string counter) =>
        results
            .GetProperty("results")
            .GetProperty("variants")
            .EnumerateArray()
            .Sum(variant => variant.GetProperty(counter).GetInt64());
}
