using System.Net.Http.Headers;
using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>An experiment whose goal is what an event is worth.</summary>
public class ValueGoalTests(GoalTests.GoalEdge edge) : GoalTests(edge)
{
    [Fact]
    public async Task Value_OfAnEvent_IsComparedByItsMean_AndTheSlugNamesTheExperiment()
    {
        var (uid, slug) = await StartAsync("""{"type":"value","event":"order","property":"total"}""");
        var secret = Edge.Secret;
        for (var i = 0; i < 8; i++)
        {
            await VisitAsync($"/s/{slug}/pixel.gif?u=reader-{i}");
        }

        await TrackAsync(secret, """{"event":"order","user_id":"reader-1","properties":{"total":12.5}}""");
        await TrackAsync(secret, """{"event":"order","user_id":"reader-1","properties":{"total":7.5}}""");
        await TrackAsync(secret, """{"event":"order","user_id":"reader-2","properties":{"total":20}}""");
        await TrackAsync(secret, """{"event":"order","user_id":"reader-3","properties":{"total":"20"}}""");
        await TrackAsync(secret, """{"event":"order","user_id":"reader-4","properties":{"total":-1}}""");
        await TrackAsync(secret, """{"event":"order","user_id":"reader-5"}""");

        var waiting = (await Edge.SendAsync("GET", $"/{slug}/results")).Json.GetProperty("results");
        Assert.Equal(JsonValueKind.Null, waiting.GetProperty("leader").ValueKind);
        Assert.Equal((8, 2), await TrialsAsync(slug, 8));
        var results = (await Edge.SendAsync("GET", $"/{slug}/results")).Json.GetProperty("results");
        Assert.Equal(uid, results.Text("uid"));
        // 40 over 8 trials, whichever variant they were shown.
        var sum = results
            .GetProperty("variants")
            .EnumerateArray()
            .Where(v => v.GetProperty("trials").GetInt32() > 0)
            .Sum(v => v.GetProperty("posteriorMean").GetDouble() * v.GetProperty("trials").GetInt32());
        Assert.InRange(sum, 39, 46);

        using var request = new HttpRequestMessage(HttpMethod.Get, $"/experiments/api/{slug}/results.csv?by=day");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Edge.Key);
        using var table = await Edge.Edge.Client.SendAsync(request);
        var lines = (await table.Content.ReadAsStringAsync()).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("text/csv", table.Content.Headers.ContentType?.MediaType);
        Assert.Equal("time,variant,impressions,clicks,trials,successes,uniques", lines[0]);
        Assert.Equal(8, lines[1..].Sum(line => int.Parse(line.Split(',')[2], System.Globalization.CultureInfo.InvariantCulture)));
    }
}
