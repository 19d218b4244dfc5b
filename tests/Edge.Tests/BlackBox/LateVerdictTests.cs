using System.Globalization;
using System.Text;
using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>
/// Bursts of clicks against the native binary: corrections in journal and sinks, results without the clicks, and with them
/// again after a visit.
/// </summary>
public class LateVerdictTests(LateVerdictTests.BurstEdge site) : IClassFixture<LateVerdictTests.BurstEdge>
{
    private const string Chrome =
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";

    private static int _numbers;

    // One message for each test: the class is made anew for each of them.
    private readonly string _unit = Next("reader-");

    [Fact]
    public async Task Burst_OfAMessage_IsTakenBackInResultsAndFile()
    {
        var (links, address) = (await MessageAsync(3), NewAddress());
        await FollowAsync(address, links);

        var corrections = await CorrectionsAsync(links, 3);
        Assert.All(
            corrections,
            static e =>
                Assert.Equal(
                    ("click", "human", "scanner", "our_burst", "probable", ""),
                    (e.Text("event"), e.Text("verdict_before"), e.Text("verdict"), e.Text("verdict_reason"), e.Text("verdict_certainty"), e.Text("verdict_shadow"))
                )
        );
        Assert.Single(corrections.Select(static e => e.Text("message_hash")).Distinct());
        var clicks = ClicksOf(links);
        Assert.Equal(
            clicks.Select(static e => e.Text("id")).Order(StringComparer.Ordinal),
            corrections.Select(static e => e.Text("corrects")).Order(StringComparer.Ordinal)
        );
        foreach (var link in links)
        {
            await UntilAsync(link.Uid, clicks: 0, scanners: 1);
        }

        Assert.Matches("edge_late_verdicts_total{rule=\"our_burst\",mode=\"enforced\"} [3-9]", await site.Edge.Client.GetStringAsync("/metrics"));
    }

    [Fact]
    public async Task Visit_BehindABurst_GivesItsClicksBack()
    {
        var (links, address) = (await MessageAsync(3), NewAddress());
        await FollowAsync(address, links);
        await CorrectionsAsync(links, 3);
        using var visit = Request(HttpMethod.Post, "/s/events?u=somebody", address);
        visit.Content = new StringContent($$"""{"event":"view","experiment":"{{links[0].Slug}}"}""", Encoding.UTF8, "application/json");
        using var answer = await site.Edge.Client.SendAsync(visit);
        Assert.True(answer.IsSuccessStatusCode, $"{answer.StatusCode}");

        var corrections = await CorrectionsAsync(links, 6);
        Assert.All(
            corrections[3..],
            static e => Assert.Equal(("scanner", "human", "somebody_was_there"), (e.Text("verdict_before"), e.Text("verdict"), e.Text("verdict_reason")))
        );
        foreach (var link in links)
        {
            await UntilAsync(link.Uid, clicks: 1, scanners: 0);
        }
    }

    [Fact]
    public async Task Decoy_ThatIsFetched_TakesBackWhatItsMessageHas()
    {
        var links = await MessageAsync(1);
        var decoys = await MessageAsync(1, ""","decoy":true""");
        await FollowAsync(NewAddress(), links[0]);
        await FollowAsync(NewAddress(), decoys[0]);

        var corrections = await CorrectionsAsync([.. links, .. decoys], 2);
        Assert.All(corrections, static e => Assert.Equal(("scanner", "decoy", "certain"), (e.Text("verdict"), e.Text("verdict_reason"), e.Text("verdict_certainty"))));
        await UntilAsync(links[0].Uid, clicks: 0, scanners: 1);
    }

    [Fact]
    public async Task Person_WhoFollowsTwoLinks_IsLeftAlone()
    {
        var (links, address) = (await MessageAsync(2), NewAddress());
        await FollowAsync(address, links);
        // A burst that comes later has been judged, so this one has been looked at.
        var later = await MessageAsync(3, unit: Next("reader-"));
        await FollowAsync(NewAddress(), later);
        await CorrectionsAsync(later, 3);

        Assert.Empty(Corrections(links));
    }

    private async Task<Link[]> MessageAsync(int count, string more = "", string? unit = null)
    {
        var links = new Link[count];
        for (var i = 0; i < count; i++)
        {
            var (uid, slug) = await site.CreateAsync(more, "start");
            var answer = await site.SendAsync("POST", $"/{uid}/links", $$"""{"units":["{{unit ?? _unit}}"],"sentAt":"2026-05-16T19:00:00Z"}""");
            Assert.True(answer.Status == 201, answer.Json.ToString());
            links[i] = new Link(uid, slug, answer.Json.GetProperty("links")[0].Text("click"));
        }

        return links;
    }

    private async Task FollowAsync(string address, params Link[] links) =>
        await Task.WhenAll(
            links.Select(async link =>
            {
                using var request = Request(HttpMethod.Get, link.Click, address);
                using var answer = await site.Edge.Client.SendAsync(request);
                Assert.Equal(302, (int)answer.StatusCode);
            })
        );

    private static HttpRequestMessage Request(HttpMethod method, string path, string address)
    {
        var request = new HttpRequestMessage(method, path);
        request.Headers.TryAddWithoutValidation("User-Agent", Chrome);
        request.Headers.TryAddWithoutValidation("X-Forwarded-For", address);
        return request;
    }

    private static string NewAddress() => Next("198.51.100.");

    private static string Next(string prefix) =>
        string.Create(CultureInfo.InvariantCulture, $"{prefix}{Interlocked.Increment(ref _numbers)}");

    private JsonElement[] ClicksOf(Link[] links) => EventsOf(links, "click");

    private JsonElement[] Corrections(Link[] links) => EventsOf(links, "verdict");

    private JsonElement[] EventsOf(Link[] links, string type) =>
        [
            .. Forwarded
                .Lines(site.DataDir)
                .Where(line => line.Contains($"\"type\":\"{type}\"", StringComparison.Ordinal))
                .Select(static line => JsonDocument.Parse(line).RootElement)
                .Where(e => links.Any(link => e.Text("experiment_uid") == link.Uid)),
        ];

    private Task<JsonElement[]> CorrectionsAsync(Link[] links, int count) =>
        Wait.ForAsync(
            () => Task.FromResult(Corrections(links)),
            found => found.Length >= count,
            found => $"{found.Length} corrections, {ClicksOf(links).Length} clicks"
        );

    private Task<JsonElement> UntilAsync(string uid, long clicks, long scanners) =>
        Wait.ForAsync(
            async () => (await site.SendAsync("GET", $"/{uid}/results")).Json.GetProperty("results"),
            json => ClicksIn(json) == clicks && json.GetProperty("excluded").GetProperty("scanner").GetInt64() == scanners,
            static json => json.ToString()
        );

    private static long ClicksIn(JsonElement results) =>
        results.GetProperty("variants").EnumerateArray().Sum(static variant => variant.GetProperty("clicks").GetInt64());

    private sealed record Link(string Uid, string Slug, string Click);

    /// <summary>A service that takes a minute for a burst, because the machine may be busy, and any visit for one.</summary>
    public sealed class BurstEdge : ManagedEdge
    {
        protected override (string Name, string Value)[] Settings =>
            [("EDGE__AUTOMATION__RULESFILE", Path.Combine(DataDir, "rules.json"))];

        protected override async Task PrepareAsync() =>
            await File.WriteAllTextAsync(
                Path.Combine(DataDir, "rules.json"),
                """
                {"late": [
                  {"id": "visit_followed", "mode": "off"},
                  {"id": "link_burst", "mode": "off"},
                  {"id": "link_pair_after_send", "mode": "off"},
                  {"id": "every_link_once", "mode": "off"},
                  {"id": "our_burst", "verdict": "scanner", "by": "message", "certainty": "probable", "mode": "enforced", "links": 3, "withinMs": 60000},
                  {"id": "somebody_was_there", "verdict": "human", "by": "visit", "certainty": "probable", "mode": "enforced", "withinMs": 0}
                ]}
                """
            );
    }
}
