using System.Text;
using System.Text.Json;
using Edge.Enrichment.Verdicts;
using Edge.Fleet;
using Edge.Settings;
using Edge.Tests.Fleet;
using Edge.Tests.Statistics;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox.Fleets;

/// <summary>An origin and its edges, as native binaries on loopback.</summary>
public class FleetTests
{
    private static async Task<JsonElement> RolloutAsync(TestFleet fleet, string method, string? body = null)
    {
        var (status, json) = await TestFleet.AskAsync(fleet.Origin, method, "/fleet/rollout", body, fleet.Key);
        Assert.True(status == 200, $"{status} {json}");
        return json;
    }

    internal const string PersonAgent =
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";

    private static readonly string[] Units = [.. Enumerable.Range(0, 40).Select(i => $"unit-{i}")];

    [Fact]
    public async Task Change_AtTheOrigin_AppearsAtTheEdges()
    {
        await using var fleet = await TestFleet.StartAsync();
        var uid = await fleet.StartExperimentAsync("spring");
        var a = await fleet.StartEdgeAsync("edge-a");
        var b = await fleet.StartEdgeAsync("edge-b");

        // What was there before the edges, and what comes while they wait.
        await fleet.StartExperimentAsync("summer");
        foreach (var edge in (EdgeProcess[])[a, b])
        {
            await TestFleet.UntilServedAsync(edge, "spring");
            await TestFleet.UntilServedAsync(edge, "summer");
        }

        foreach (var unit in Units)
        {
            Assert.Equal(
                await TestFleet.ResolveAsync(a, "spring", unit),
                await TestFleet.ResolveAsync(b, "spring", unit)
            );
        }

        Assert.Equal(200, (await fleet.AskAsync("POST", $"/{uid}/pause")).Status);
        Assert.Equal(200, (await fleet.AskAsync("DELETE", $"/{uid}")).Status);
        await Wait.ForAsync(() => TestFleet.ResolveAsync(a, "spring", "x"), answer => answer is null);
        await Wait.ForAsync(() => TestFleet.ResolveAsync(b, "spring", "x"), answer => answer is null);
        Assert.NotNull(await TestFleet.ResolveAsync(b, "summer", "x"));

        var (status, listed) = await TestFleet.AskAsync(fleet.Origin, "GET", "/fleet/nodes", key: fleet.Key);
        Assert.Equal(200, status);
        var names = listed.GetProperty("nodes").EnumerateArray().Select(node => node.Text("name"));
        Assert.Equal(["edge-a", "edge-b"], names);
        await TestFleet.UntilMetricAsync(fleet.Origin, "edge_fleet_nodes_behind", behind => behind == 0);
        Assert.Equal(2, await TestFleet.MetricAsync(fleet.Origin, "edge_fleet_nodes{state=\"connected\"}"));
        Assert.Equal(
            await TestFleet.MetricAsync(fleet.Origin, "edge_fleet_catalog_version"),
            await TestFleet.MetricAsync(a, "edge_fleet_catalog_version")
        );
    }

    [Fact]
    public async Task Rollout_ToOneEdge_IsWidenedAndTakenBack()
    {
        await using var fleet = await TestFleet.StartAsync();
        var uid = await fleet.StartExperimentAsync("spring");
        var a = await fleet.StartEdgeAsync("edge-a");
        var b = await fleet.StartEdgeAsync("edge-b");
        await TestFleet.UntilServedAsync(a, "spring");
        await TestFleet.UntilServedAsync(b, "spring");

        // One edge first; the other one keeps what it has, also when the origin was restarted.
        await RolloutAsync(fleet, "PUT", """{"nodes":["edge-a"]}""");
        await fleet.StartExperimentAsync("summer");
        await TestFleet.UntilServedAsync(a, "summer");
        await fleet.StopAsync(fleet.Origin);
        await fleet.StartOriginAsync();
        var seen = await Wait.ForAsync(
            () => TestFleet.AskAsync(fleet.Origin, "GET", "/fleet/nodes", key: fleet.Key),
            answer => answer.Json.GetProperty("nodes").GetArrayLength() == 2
        );
        Assert.Equal(
            [("edge-a", false), ("edge-b", true)],
            seen.Json.GetProperty("nodes").EnumerateArray().Select(node => (node.Text("name"), node.GetProperty("held").GetBoolean()))
        );
        Assert.Equal(1, await TestFleet.MetricAsync(fleet.Origin, "edge_fleet_nodes_held"));
        Assert.Null(await TestFleet.ResolveAsync(b, "summer", "x"));

        // Undone in one call, for the one that had it.
        var undone = await RolloutAsync(fleet, "PUT", """{"share":0}""");
        Assert.Equal(["experiment/"], undone.GetProperty("changes").EnumerateArray().Select(name => name.GetString()![..11]));
        await Wait.ForAsync(() => TestFleet.ResolveAsync(a, "summer", "x"), answer => answer is null);
        Assert.NotNull(await TestFleet.ResolveAsync(a, "spring", "x"));

        // And at last for all.
        await RolloutAsync(fleet, "PUT", """{"share":1}""");
        await TestFleet.UntilServedAsync(a, "summer");
        await TestFleet.UntilServedAsync(b, "summer");

        // A change that everybody has already: the fleet is put back to an edition of before.
        var good = (await RolloutAsync(fleet, "GET")).GetProperty("newest").GetProperty("version").GetInt64();
        Assert.Equal(200, (await fleet.AskAsync("POST", $"/{uid}/pause")).Status);
        Assert.Equal(200, (await fleet.AskAsync("DELETE", $"/{uid}")).Status);
        await Wait.ForAsync(() => TestFleet.ResolveAsync(b, "spring", "x"), answer => answer is null);
        var past = (await RolloutAsync(fleet, "GET")).GetProperty("editions").EnumerateArray();
        Assert.Contains(good, past.Select(edition => edition.GetProperty("version").GetInt64()));
        await RolloutAsync(fleet, "PUT", $$"""{"share":0,"version":{{good}}}""");
        await TestFleet.UntilServedAsync(a, "spring");
        await TestFleet.UntilServedAsync(b, "spring");

        var (status, refused) = await TestFleet.AskAsync(
            fleet.Origin,
            "PUT",
            "/fleet/rollout",
            $$"""{"share":0,"version":{{good}},"x":1}""",
            fleet.Key
        );
        Assert.Equal(400, status);
        Assert.Equal(
            ["x"],
            refused.GetProperty("errors").EnumerateArray().Select(error => error.Text("field"))
        );
        var (_, audit) = await fleet.AskAsync("GET", "/audit");
        Assert.Equal(4, audit.GetProperty("entries").EnumerateArray().Count(entry => entry.Text("action") == "catalog.rollout"));
    }

    [Fact]
    public async Task Rollout_ChangedByManyAtOnce_IsAnsweredToEach()
    {
        await using var fleet = await TestFleet.StartAsync(("EDGE__API__REQUESTSPERMINUTE", "100000"));
        var changes = Enumerable.Range(0, 8).Select(async one =>
        {
            for (var i = 0; i < 40; i++)
            {
                var share = (one + i) % 2;
                var answer = await RolloutAsync(fleet, "PUT", $$"""{"share":{{share}}}""");
                // What the change came to, and not the next one.
                Assert.Equal(share, answer.GetProperty("share").GetInt32());
            }
        });

        await Task.WhenAll(changes);
    }

    /// <summary>Each edge closes a link by its own count; of what the others have taken it hears from the origin.</summary>
    [Fact]
    public async Task Link_ThatOneEdgeHasExhausted_IsClosedOnTheOthers()
    {
        await using var fleet = await TestFleet.StartAsync();
        const string Limit = ""","linkConfig":{"maxClicks":5,"exhaustedUrl":"https://example.com/over"}""";
        await fleet.StartExperimentAsync("sale", Limit);
        var a = await fleet.StartEdgeAsync("edge-a");
        var b = await fleet.StartEdgeAsync("edge-b");
        await TestFleet.UntilServedAsync(a, "sale");
        await TestFleet.UntilServedAsync(b, "sale");
        Assert.NotEqual("https://example.com/over", await LookAsync(b));

        for (var i = 0; i < 5; i++)
        {
            Assert.NotEqual("https://example.com/over", await ClickAsync(a, $"unit-{i}"));
        }

        Assert.Equal("https://example.com/over", await ClickAsync(a, "late"));
        await Wait.ForAsync(() => LookAsync(b), location => location == "https://example.com/over");
        Assert.Equal("https://example.com/over", await ClickAsync(b, "later"));

        static Task<string?> ClickAsync(EdgeProcess edge, string unit) => LocationAsync(edge, unit, HttpMethod.Get);

        // Somebody who asks for the head alone takes no click.
        static Task<string?> LookAsync(EdgeProcess edge) => LocationAsync(edge, "x", HttpMethod.Head);

        static async Task<string?> LocationAsync(EdgeProcess edge, string unit, HttpMethod method)
        {
            using var request = new HttpRequestMessage(method, $"/s/sale/click?u={unit}");
            request.Headers.TryAddWithoutValidation("User-Agent", PersonAgent);
            request.Headers.TryAddWithoutValidation("Accept-Language", "en");
            using var answer = await edge.Client.SendAsync(request);
            return answer.Headers.Location?.ToString();
        }
    }

    [Fact]
    public async Task Edge_RestartedWithoutItsOrigin_ServesTheSameChoices()
    {
        await using var fleet = await TestFleet.StartAsync();
        await fleet.StartExperimentAsync("kept");
        var sender = await fleet.CreateKeyAsync("traffical");
        var edge = await fleet.StartEdgeAsync("edge-a");
        await TestFleet.UntilServedAsync(edge, "kept");
        await UntilAcceptedAsync(edge, sender);
        var before = await ChoicesAsync(edge, "kept");
        await fleet.StopAsync(edge);
        await fleet.StopAsync(fleet.Origin);

        var again = await fleet.StartEdgeAsync("edge-a");

        Assert.Equal(before, await ChoicesAsync(again, "kept"));
        Assert.Equal(200, await SendAsync(again, sender));
        await Wait.UntilAsync(
            () => again.ErrorSoFar.Contains("The origin gives no catalog", StringComparison.Ordinal),
            () => again.ErrorSoFar
        );

        // The origin comes back, and the edge goes on following.
        await fleet.StartOriginAsync();
        await fleet.StartExperimentAsync("new");
        await TestFleet.UntilServedAsync(again, "new");
    }

    /// <summary>The fleet has a new secret, and its origin was restored from a backup: it publishes lower versions.</summary>
    [Fact]
    public async Task Edge_WithACopyOfAnotherSecret_FollowsAnOriginThatIsBehind()
    {
        await using var fleet = await TestFleet.StartAsync();
        await fleet.StartExperimentAsync("restored");
        var before = new FleetSecret(TestFleet.Id, "the secret that the fleet had before");
        var items = CatalogItems.Of(
            [ItemCodec.Of(VerdictRuleOptions.Default), ItemCodec.Of(Definitions.Running("kept"))]
        )!;
        var directory = Directory.CreateDirectory(Path.Combine(fleet.DataOf("edge-a"), "fleet"));
        new CatalogCopy(directory.FullName, TestFleet.Id).Write(EditionTag.Of(9_000_000_000_000, items, before), items);

        var edge = await fleet.StartEdgeAsync("edge-a");

        await TestFleet.UntilServedAsync(edge, "restored");
        Assert.Null(await TestFleet.ResolveAsync(edge, "kept", "x"));
        Assert.Equal(0, await TestFleet.MetricAsync(edge, "edge_fleet_refusing"));
        // And it goes on.
        await fleet.StartExperimentAsync("new");
        await TestFleet.UntilServedAsync(edge, "new");
    }

    [Fact]
    public async Task Edge_WithoutAnyCatalog_IsNotReadyUntilItHasOne()
    {
        await using var fleet = await TestFleet.StartAsync();
        await fleet.StopAsync(fleet.Origin);
        var edge = fleet.LaunchEdge("edge-a");
        // It may have asked before it listens.
        await Wait.UntilAsync(
            () =>
                edge.ErrorSoFar.Contains("The origin gives no catalog", StringComparison.Ordinal)
                && edge.ErrorSoFar.Contains("started as edge", StringComparison.Ordinal),
            () => edge.ErrorSoFar
        );

        var notReady = await edge.Client.GetAsync("/readyz");
        Assert.Equal(503, (int)notReady.StatusCode);
        Assert.Contains("no catalog", await notReady.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        (string Method, string Path, string Key, string Expected)[] requests =
        [
            ("POST", "/s/events", "", "service-unavailable"),
            ("POST", "/v1/events", "traffical_sk_x", "\"error\""),
            ("POST", "/v1/decide", "traffical_sk_x", "\"error\""),
            ("POST", "/v1/track", "mm_x", "service_unavailable"),
            ("POST", "/v1/track", "artie_x", "Service unavailable."),
            ("POST", "/v1/bulk-track", "artie_x", "Service unavailable."),
            ("POST", "/ofrep/v1/evaluate/flags", "traffical_sk_x", "\"errorCode\":\"GENERAL\""),
            ("POST", "/ofrep/v1/evaluate/flags/spring", "traffical_sk_x", "\"key\":\"spring\""),
            ("GET", "/s/spring/click", "", "service-unavailable"),
            ("GET", "/s/spring/resolve", "", "service-unavailable"),
            ("GET", "/s/spring.png", "", "service-unavailable"),
        ];
        foreach (var (method, path, key, expected) in requests)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), path);
            request.Content = method == "GET" ? null : new StringContent("{}", Encoding.UTF8, "application/json");
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + key);
            request.Headers.TryAddWithoutValidation("Accept", "text/html");
            using var answer = await edge.Client.SendAsync(request);
            Assert.True((int)answer.StatusCode == 503 && answer.Headers.RetryAfter is not null, $"{path}: {answer}");
            Assert.Contains(expected, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        Assert.Equal(43, (await edge.Client.GetByteArrayAsync("/s/spring/pixel.gif")).Length);

        await fleet.StartOriginAsync();
        Assert.True(await edge.IsReadyWithinAsync(Wait.Limit), edge.ErrorSoFar);
    }

    /// <summary>The key is the fleet's; the events are kept apart by every node that stores them.</summary>
    [Fact]
    public async Task Test_OfAnEdge_IsKeptApartByTheOriginToo()
    {
        const string Metric = "edge_synthetic_events_stored_total";
        await using var fleet = await TestFleet.StartAsync();
        await fleet.StartExperimentAsync("probed");
        var mark = await Marks.SignAsync(await fleet.CreateKeyAsync("synthetic"), "probe");
        var edge = await fleet.StartEdgeAsync("edge-a", ("EDGE__SINKS__ORIGIN__FILTERS__SYNTHETIC", "include"));
        await TestFleet.UntilServedAsync(edge, "probed");
        // The key comes to the edge with an edition of its own.
        var stored = await Wait.ForAsync(
            async () =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, "/s/probed/pixel.gif?u=a");
                request.Headers.Add("Edge-Synthetic", mark);
                using var response = await edge.Client.SendAsync(request);
                return await TestFleet.MetricAsync(edge, Metric);
            },
            marked => marked > 0
        );

        await TestFleet.UntilMetricAsync(fleet.Origin, Metric, seen => seen == stored);
        Assert.Equal(stored, await TestFleet.MetricAsync(edge, Metric));
    }

    /// <summary>The key of links comes from the fleet's secret, so nobody has to set one.</summary>
    [Fact]
    public async Task SignedLink_MadeAtTheOrigin_HoldsAtTheEdge()
    {
        await using var fleet = await TestFleet.StartAsync();
        var uid = await fleet.StartExperimentAsync("signed", ""","trackingConfig":{"mode":"aggregate"}""");
        var edge = await fleet.StartEdgeAsync("edge-a");
        await TestFleet.UntilServedAsync(edge, "signed");
        var (status, made) = await fleet.AskAsync("POST", $"/{uid}/links", """{"units":["reader-1"],"variant":"b","days":1}""");
        Assert.True(status == 201, made.ToString());

        using var answer = await edge.Client.GetAsync(made.GetProperty("links")[0].Text("click"));

        Assert.Equal("https://example.com/signed", answer.Headers.Location?.OriginalString);
        Assert.Equal(1, await TestFleet.MetricAsync(edge, "edge_link_tokens_total{outcome=\"accepted\"}"));
        var click = await Forwarded.WaitForAsync(fleet.OriginData, e => e.Text("type") == "click");
        Assert.Equal(("b", "aggregate", ""), (click.Text("variant"), click.Text("unit_ignored"), click.Text("unit_hash")));
    }

    [Fact]
    public async Task Key_IssuedAndRevokedAtTheOrigin_HoldsAtTheEdge()
    {
        await using var fleet = await TestFleet.StartAsync();
        var edge = await fleet.StartEdgeAsync("edge-a");
        var sender = await fleet.CreateKeyAsync("traffical");
        await UntilAcceptedAsync(edge, sender);
        var (_, list, _) = await EdgeProcess.RunAsync(["keys", "list", "--data-dir", fleet.OriginData]);
        var id = list.Split('\n').Single(line => line.Contains("traffical", StringComparison.Ordinal)).Split('\t')[0];

        Assert.Equal(0, (await EdgeProcess.RunAsync(["keys", "revoke", id, "--data-dir", fleet.OriginData])).ExitCode);

        await Wait.ForAsync(() => SendAsync(edge, sender), status => status == 401);
    }

    [Fact]
    public async Task Events_OfTwoEdges_AreCountedAtTheOriginOnce()
    {
        await using var fleet = await TestFleet.StartAsync();
        var uid = await fleet.StartExperimentAsync("counted");
        var a = await fleet.StartEdgeAsync("edge-a");
        var b = await fleet.StartEdgeAsync("edge-b");
        await TestFleet.UntilServedAsync(a, "counted");
        await TestFleet.UntilServedAsync(b, "counted");

        foreach (var unit in Units)
        {
            await a.Client.GetAsync($"/s/counted/pixel.gif?u={unit}");
            await b.Client.GetAsync($"/s/counted/click?u={unit}");
        }

        var (impressions, clicks) = await Wait.ForAsync(
            async () => await CountsAsync(fleet, uid),
            counts => counts.Impressions >= Units.Length && counts.Clicks >= Units.Length
        );
        Assert.Equal((Units.Length, Units.Length), (impressions, clicks));

        // They come out of the origin's own sink, as the edges wrote them, and both edges hash a unit alike.
        await fleet.Origin.UntilForwardedAsync();
        var events = Forwarded.Lines(fleet.OriginData).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(2 * Units.Length, events.Select(e => e.Text("id")).Distinct().Count());
        var shown = events.Where(e => e.Text("node") == "edge-a").Select(e => (e.Text("unit_hash"), e.Text("ip_hash")));
        var clicked = events.Where(e => e.Text("node") == "edge-b").Select(e => (e.Text("unit_hash"), e.Text("ip_hash")));
        Assert.Equal(Units.Length, shown.Distinct().Count());
        Assert.Equal(shown.Order(), clicked.Order());
    }

    [Fact]
    public async Task Batch_SentAgainAfterARestartOfTheOrigin_IsStoredOnce()
    {
        await using var fleet = await TestFleet.StartAsync();
        var uid = await fleet.StartExperimentAsync("again");
        var edge = await fleet.StartEdgeAsync("edge-a");
        await TestFleet.UntilServedAsync(edge, "again");
        foreach (var unit in Units)
        {
            await edge.Client.GetAsync($"/s/again/pixel.gif?u={unit}");
        }

        await Wait.ForAsync(async () => await CountsAsync(fleet, uid), counts => counts.Impressions == Units.Length);
        await fleet.StopAsync(edge);
        await fleet.Origin.UntilForwardedAsync();
        await fleet.StopAsync(fleet.Origin);
        await fleet.StartOriginAsync();
        // A sink whose cursor is lost begins anew: every event is sent a second time.
        File.Delete(Path.Combine(fleet.DataOf("edge-a"), "cursors", "origin"));
        var again = await fleet.StartEdgeAsync("edge-a");

        await TestFleet.UntilMetricAsync(
            fleet.Origin,
            "edge_ingested_events_total{api=\"fleet\",outcome=\"repeated\"}",
            count => count == Units.Length
        );
        await again.Client.GetAsync("/s/again/pixel.gif?u=last");
        await Wait.ForAsync(async () => await CountsAsync(fleet, uid), counts => counts.Impressions > Units.Length);
        Assert.Equal(Units.Length + 1, (await CountsAsync(fleet, uid)).Impressions);
    }

    [Fact]
    public async Task TwoEdges_WithOneName_AreNoticed()
    {
        await using var fleet = await TestFleet.StartAsync();
        await fleet.StartEdgeAsync("edge-a");
        await fleet.StartEdgeAsync("edge-b", ("EDGE__NODE", "edge-a"));

        // Each change has both of them ask anew.
        var changes = 0;
        await Wait.ForAsync(
            async () =>
            {
                await fleet.StartExperimentAsync($"change-{changes++}");
                return await TestFleet.MetricAsync(fleet.Origin, "edge_fleet_nodes_duplicate");
            },
            duplicates => duplicates == 1
        );
        Assert.Contains("Two edges are named edge-a", fleet.Origin.ErrorSoFar, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Edge_WithAnotherSalt_IsNoticed()
    {
        await using var fleet = await TestFleet.StartAsync();
        await fleet.StartEdgeAsync("edge-a", ("EDGE__PRIVACY__ADDRESSSALT", "c6d1f04a9be2473581f60b7dde39a82e"));

        await TestFleet.UntilMetricAsync(fleet.Origin, "edge_fleet_nodes_other_salt", count => count == 1);
    }

    [Fact]
    public async Task Weights_AfterConversionsAtAnEdge_MoveThere()
    {
        await using var fleet = await TestFleet.StartAsync();
        var uid = await fleet.StartExperimentAsync(
            "learning",
            ""","banditConfig":{"enabled":true,"warmupImpressions":0},"attributionWindowMinutes":30"""
        );
        // Two hours ago, so that the windows have passed: half of those who saw b clicked, and nobody else.
        var ago = DateTimeOffset.UtcNow.AddHours(-2);
        await using (
            var journal = TestJournal.Open(new EdgeOptions { DataDir = fleet.DataOf("edge-a") }.ToJournalOptions())
        )
        {
            for (var unit = 1ul; unit <= 400; unit++)
            {
                var shown = new VisitEvent
                {
                    Uid = uid,
                    Unit = unit,
                    Variant = unit % 2 == 0 ? "a" : "b",
                    At = ago,
                };
                journal.Append(shown.Text());
                if (unit % 4 == 1)
                {
                    journal.Append((shown with { Type = "click", At = ago.AddMinutes(1) }).Text());
                }
            }

            await journal.Journal.CommitAsync();
        }

        var edge = await fleet.StartEdgeAsync("edge-a");
        await TestFleet.UntilServedAsync(edge, "learning");
        // Once the windows have passed.
        var weights = await Wait.ForAsync(
            async () =>
            {
                await fleet.AskAsync("POST", $"/{uid}/recompute");
                return (await fleet.AskAsync("GET", $"/{uid}")).Json.GetProperty("experiment");
            },
            experiment => experiment.GetProperty("weightsVersion").GetInt32() > 1
        );
        var version = weights.GetProperty("weightsVersion").GetInt32();

        await Wait.ForAsync(
            async () =>
            {
                await edge.Client.GetAsync($"/s/learning/pixel.gif?u=late-{Guid.NewGuid()}");
                return Forwarded.Lines(fleet.OriginData).LastOrDefault() ?? "";
            },
            line => line.Contains($"\"weights_version\":{version}", StringComparison.Ordinal)
        );
    }

    private static async Task<(long Impressions, long Clicks)> CountsAsync(TestFleet fleet, string uid)
    {
        var variants = (await fleet.AskAsync("GET", $"/{uid}"))
            .Json.GetProperty("experiment")
            .GetProperty("variants")
            .EnumerateArray()
            .ToArray();
        return (
            variants.Sum(variant => variant.GetProperty("impressions").GetInt64()),
            variants.Sum(variant => variant.GetProperty("clicks").GetInt64())
        );
    }

    private static async Task<string> ChoicesAsync(EdgeProcess edge, string slug)
    {
        var choices = new List<string?>();
        foreach (var unit in Units)
        {
            choices.Add(await TestFleet.ResolveAsync(edge, slug, unit));
        }

        Assert.True(choices.Distinct().Count() > 1);
        return string.Join('\n', choices);
    }

    private static async Task<int> SendAsync(EdgeProcess edge, string key) =>
        (await TestFleet.AskAsync(edge, "POST", "/v1/events", """{"events":[{"type":"other"}]}""", key)).Status;

    private static Task<int> UntilAcceptedAsync(EdgeProcess edge, string key) =>
        Wait.ForAsync(() => SendAsync(edge, key), status => status != 401);
}
