using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox.Fleets;

/// <summary>
/// A fleet while it is upgraded node by node: the previous release's origin with edges of this one, and the reverse. Needs a build of the previous release
/// (<c>make test-mixed PREVIOUS=COMMIT</c>).
/// </summary>
public class MixedVersionTests
{
    private static readonly string? Previous = Environment.GetEnvironmentVariable("EDGE_PREVIOUS_BINARY");

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Fleet_OfTwoVersions_FollowsCountsAndIsUpgraded(bool isOriginOlder)
    {
        Assert.SkipWhen(string.IsNullOrEmpty(Previous), "EDGE_PREVIOUS_BINARY names no build of the previous release");
        await using var fleet = await TestFleet.StartWithAsync(isOriginOlder ? Previous : null);
        var uid = await fleet.StartExperimentAsync("spring");
        fleet.Binary = isOriginOlder ? null : Previous;
        var edge = await fleet.StartEdgeAsync("edge-a");
        await TestFleet.UntilServedAsync(edge, "spring");
        var before = await TestFleet.ResolveAsync(edge, "spring", "somebody");

        // What is changed reaches the edge, and what the edge has seen reaches the origin.
        await fleet.StartExperimentAsync("summer");
        await TestFleet.UntilServedAsync(edge, "summer");
        await OpenAsync(edge, "somebody");
        await Wait.ForAsync(() => fleet.AskAsync("GET", $"/{uid}/results"), answer => Impressions(answer.Json) == 1);

        // The older one is replaced where it stands.
        fleet.Binary = null;
        if (isOriginOlder)
        {
            await fleet.StopAsync(fleet.Origin);
            await fleet.StartOriginAsync();
        }
        else
        {
            await fleet.StopAsync(edge);
            edge = await fleet.StartEdgeAsync("edge-a");
        }

        Assert.Equal(before, await TestFleet.ResolveAsync(edge, "spring", "somebody"));
        await fleet.StartExperimentAsync("autumn");
        await TestFleet.UntilServedAsync(edge, "autumn");
        await OpenAsync(edge, "another");
        await Wait.ForAsync(() => fleet.AskAsync("GET", $"/{uid}/results"), answer => Impressions(answer.Json) == 2);
    }

    private static async Task OpenAsync(EdgeProcess edge, string unit)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/s/spring/pixel.gif?u={unit}");
        request.Headers.TryAddWithoutValidation("User-Agent", FleetTests.PersonAgent);
        using var answer = await edge.Client.SendAsync(request);
        Assert.Equal(200, (int)answer.StatusCode);
    }

    private static long Impressions(JsonElement results) =>
        results.GetProperty("results").GetProperty("variants").EnumerateArray().Sum(variant => variant.GetProperty("impressions").GetInt64());
}
