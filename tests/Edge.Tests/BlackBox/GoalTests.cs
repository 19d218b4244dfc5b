using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>
/// What the native binary makes of views, conversions and named events. The shortest window is a minute, so each test
/// waits that long for its trials.
/// </summary>
public class GoalTests(GoalTests.GoalEdge edge) : IClassFixture<GoalTests.GoalEdge>
{
    private const string Page = "https://shop.example";

    private const string Browser =
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";

    [Fact]
    public async Task Conversion_OfAPage_SucceedsForTheUnitThatViewed()
    {
        var (uid, slug) = await StartAsync("""{"type":"conversion"}""");
        for (var i = 0; i < 10; i++)
        {
            await ReportAsync("view", slug, $"?u=reader-{i}");
        }

        await ReportAsync("view", slug, "?u=reader-1");
        await ReportAsync("conversion", slug, "?u=reader-1");
        await ReportAsync("conversion", slug, "?u=reader-2");
        await ReportAsync("conversion", slug, "?u=reader-2");
        await ReportAsync("conversion", slug, "?u=stranger");
        await VisitAsync($"/s/{slug}/click?u=reader-3");
        // A server with a key, whatever its user agent is.
        await SendAsync(
            "/s/events?u=reader-4",
            $$"""{"event":"conversion","experiment":"{{slug}}"}""",
            edge.Key,
            agent: "curl/8.5.0"
        );

        Assert.Equal((10, 3), await TrialsAsync(uid, 10));
    }

    [Fact]
    public async Task Event_OfAnyApi_SucceedsForTheUnitOfItsSender()
    {
        var (uid, slug) = await StartAsync("""{"type":"event","event":"signup"}""");
        var secret = edge.Secret;
        for (var i = 1; i <= 4; i++)
        {
            await VisitAsync($"/s/{slug}/pixel.gif?u=reader-{i}");
        }

        await ReportAsync("view", slug, ""); // a page without u: address and browser

        await TrackAsync(secret, """{"event":"signup","user_id":"reader-1"}""");
        await TrackAsync(secret, """{"event":"login","user_id":"reader-2"}""");
        await TrackAsync(secret, """{"event":"signup","anonymous_id":"page"}""", Page);
        await SendAsync(
            "/v1/events",
            """{"events":[{"type":"track","event":"signup","unitKey":"reader-3","orgId":"o","projectId":"default","env":"e","timestamp":"2026-05-16T00:00:00Z"}]}""",
            edge.Traffical
        );
        // Artie's events name nobody; the address may.
        await SendAsync(
            "/v1/bulk-track?u=reader-4",
            """[{"event":"signup","timestamp":"2026-05-16T00:00:00Z","properties":{}}]""",
            edge.Artie
        );

        var tracked = await Forwarded.WaitForAsync(
            edge.DataDir,
            e => e.Text("event") == "signup" && e.Text("user_id") == "reader-1" && e.Text("goals").Contains(uid, StringComparison.Ordinal)
        );
        Assert.Equal(1, tracked.GetProperty("goals").GetArrayLength());
        var (trials, successes) = await TrialsAsync(uid, 5);
        Assert.Equal((5, 4), (trials, successes));
    }

    [Fact]
    public async Task Value_OfAnEvent_IsComparedByItsMean_AndTheSlugNamesTheExperiment()
    {
        var (uid, slug) = await StartAsync("""{"type":"value","event":"order","property":"total"}""");
        var secret = edge.Secret;
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

        var waiting = (await edge.SendAsync("GET", $"/{slug}/results")).Json.GetProperty("results");
        Assert.Equal(JsonValueKind.Null, waiting.GetProperty("leader").ValueKind);
        Assert.Equal((8, 2), await TrialsAsync(slug, 8));
        var results = (await edge.SendAsync("GET", $"/{slug}/results")).Json.GetProperty("results");
        Assert.Equal(uid, results.Text("uid"));
        // 40 over 8 trials, whichever variant they were shown.
        var sum = results
            .GetProperty("variants")
            .EnumerateArray()
            .Where(v => v.GetProperty("trials").GetInt32() > 0)
            .Sum(v => v.GetProperty("posteriorMean").GetDouble() * v.GetProperty("trials").GetInt32());
        Assert.InRange(sum, 39, 46);

        using var request = new HttpRequestMessage(HttpMethod.Get, $"/experiments/api/{slug}/results.csv?by=day");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", edge.Key);
        using var table = await edge.Edge.Client.SendAsync(request);
        var lines = (await table.Content.ReadAsStringAsync()).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("text/csv", table.Content.Headers.ContentType?.MediaType);
        Assert.Equal("time,variant,impressions,clicks,trials,successes", lines[0]);
        Assert.Equal(8, lines[1..].Sum(line => int.Parse(line.Split(',')[2], System.Globalization.CultureInfo.InvariantCulture)));
    }

    private async Task<(string Uid, string Slug)> StartAsync(string goal)
    {
        var slug = ManagedEdge.NewSlug();
        var created = await edge.SendAsync(
            "POST",
            "",
            $$"""
            {"name":"Goal","slug":"{{slug}}","type":"ab_test","attributionWindowMinutes":1,"goalConfig":{{goal}},
             "variants":[{"id":"a","weight":5000,"destinationUrl":"https://shop.example/a"},
                         {"id":"b","weight":5000,"destinationUrl":"https://shop.example/b"}]}
            """
        );
        Assert.True(created.Status == 201, created.Json.ToString());
        Assert.Equal(1, created.Experiment.GetProperty("attributionWindowMinutes").GetInt32());
        var uid = created.Text("uid");
        await edge.SendAsync("POST", $"/{uid}/start");
        return (uid, slug);
    }

    /// <summary>Trials and successes of all variants, once there are as many trials.</summary>
    private async Task<(int Trials, int Successes)> TrialsAsync(string uid, int trials)
    {
        var results = await Wait.ForAsync(
            async () => (await edge.SendAsync("GET", $"/{uid}/results")).Json.GetProperty("results"),
            results => results.GetProperty("totals").GetProperty("trials").GetInt32() >= trials
        );
        Assert.NotEqual(JsonValueKind.Null, results.GetProperty("leader").ValueKind);
        Assert.False(results.GetProperty("recommendation").GetString()!.StartsWith("Nobody", StringComparison.Ordinal));
        var totals = results.GetProperty("totals");
        return (totals.GetProperty("trials").GetInt32(), totals.GetProperty("successes").GetInt32());
    }

    private Task ReportAsync(string type, string slug, string query) =>
        SendAsync($"/s/events{query}", $$"""{"event":"{{type}}","experiment":"{{slug}}"}""", null, Page);

    private Task TrackAsync(string key, string body, string? origin = null) =>
        SendAsync("/v1/track", body, key, origin);

    private async Task VisitAsync(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("User-Agent", Browser);
        using var answer = await edge.Edge.Client.SendAsync(request);
        Assert.InRange((int)answer.StatusCode, 200, 302);
    }

    private async Task SendAsync(
        string path,
        string body,
        string? key,
        string? origin = null,
        string agent = Browser
    )
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        request.Headers.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        // A page has the browser's, a server its own.
        request.Headers.TryAddWithoutValidation("User-Agent", origin is null && agent == Browser ? "node" : agent);
        if (origin is not null)
        {
            request.Headers.TryAddWithoutValidation("Origin", origin);
        }

        using var answer = await edge.Edge.Client.SendAsync(request);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>A service that is asked for results all the time.</summary>
    public sealed class GoalEdge : ManagedEdge
    {
        internal string Secret { get; private set; } = "";

        internal string Traffical { get; private set; } = "";

        internal string Artie { get; private set; } = "";

        protected override async Task PrepareAsync()
        {
            Secret = await CreateKeyAsync("millimetric-sk");
            Traffical = await CreateKeyAsync("traffical");
            Artie = await CreateKeyAsync("artie");
        }

        protected override (string Name, string Value)[] Settings => [("EDGE__API__REQUESTSPERMINUTE", "1000000")];
    }
}
