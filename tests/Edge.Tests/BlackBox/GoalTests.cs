using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>
/// What the native binary makes of views, conversions and named events. The shortest window is a minute, and each test
/// waits that long for its trials: one class a goal, so that they wait together.
/// </summary>
public abstract class GoalTests(GoalTests.GoalEdge edge) : IClassFixture<GoalTests.GoalEdge>
{
    protected const string Page = "https://shop.example";

    protected GoalEdge Edge { get; } = edge;

    private const string Browser =
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";

    protected async Task<(string Uid, string Slug)> StartAsync(string goal)
    {
        var slug = ManagedEdge.NewSlug();
        var created = await Edge.SendAsync(
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
        await Edge.SendAsync("POST", $"/{uid}/start");
        return (uid, slug);
    }

    /// <summary>Trials and successes of all variants, once there are as many trials.</summary>
    protected async Task<(int Trials, int Successes)> TrialsAsync(string uid, int trials)
    {
        var results = await Wait.ForAsync(
            async () => (await Edge.SendAsync("GET", $"/{uid}/results")).Json.GetProperty("results"),
            results => results.GetProperty("totals").GetProperty("trials").GetInt32() >= trials
        );
        Assert.NotEqual(JsonValueKind.Null, results.GetProperty("leader").ValueKind);
        Assert.False(results.GetProperty("recommendation").GetString()!.StartsWith("Nobody", StringComparison.Ordinal));
        var totals = results.GetProperty("totals");
        return (totals.GetProperty("trials").GetInt32(), totals.GetProperty("successes").GetInt32());
    }

    protected Task ReportAsync(string type, string slug, string query) =>
        SendAsync($"/s/events{query}", $$"""{"event":"{{type}}","experiment":"{{slug}}"}""", null, Page);

    protected Task TrackAsync(string key, string body, string? origin = null) =>
        SendAsync("/v1/track", body, key, origin);

    protected async Task VisitAsync(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("User-Agent", Browser);
        using var answer = await Edge.Edge.Client.SendAsync(request);
        Assert.InRange((int)answer.StatusCode, 200, 302);
    }

    protected async Task SendAsync(
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

        using var answer = await Edge.Edge.Client.SendAsync(request);
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
