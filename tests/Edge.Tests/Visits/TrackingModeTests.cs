using System.Net;
using System.Text.Json;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Telemetry;
using Edge.Tests.Experiments;
using Edge.Tests.Support;
using Edge.Visits;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Edge.Tests.Visits;

/// <summary>What is kept of a visit, by experiment, link and browser.</summary>
public class TrackingModeTests
{
    /// <summary>Members that say something about the person.</summary>
    private static readonly string[] Personal =
    [
        "unit_hash",
        "unit_hash_prev",
        "unit_hash_stable",
        "message_hash",
        "sent_at",
        "url",
        "referrer",
        "region",
        "city",
        "time_zone",
        "device_type",
        "browser",
        "browser_version",
        "os",
        "os_version",
        "device_brand",
        "device_model",
        "ip_hash",
    ];

    public static TheoryData<string, string, string, string, string> Modes()
    {
        string[] modes = ["full", "aggregate", "off"];
        var rows = new TheoryData<string, string, string, string, string>();
        foreach (var experiment in modes)
        {
            foreach (var onSignal in modes)
            {
                foreach (var link in modes)
                {
                    rows.Add(experiment, onSignal, link, "", Stricter(experiment, link));
                    rows.Add(experiment, onSignal, link, "Sec-GPC", Stricter(experiment, onSignal, link));
                    rows.Add(experiment, onSignal, link, "DNT", Stricter(experiment, onSignal, link));
                }
            }
        }

        return rows;

        string Stricter(params string[] all) => all.MaxBy(mode => Array.IndexOf(modes, mode))!;
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public async Task Visit_OfSeveralModes_IsKeptByTheStrictest(
        string mode,
        string onSignal,
        string linkMode,
        string signal,
        string kept
    )
    {
        var entry = Entry($$"""{"mode":"{{mode}}","onSignal":"{{onSignal}}"}""");
        using var directory = new TempDirectory();
        await using var journal = TestJournal.Open(directory.Path);
        var clock = new TestClock(new DateTimeOffset(2026, 5, 16, 0, 10, 0, TimeSpan.Zero));
        var site = new VisitSite(journal, clock);
        var tracking = Enum.Parse<TrackingMode>(linkMode, ignoreCase: true);
        var terms = new LinkTerms("b", tracking, clock.GetUtcNow().AddHours(-1), null);
        var token = site.Links.Create(terms.ClaimsOf(entry), "reader-1");

        foreach (var kind in new[] { VisitKind.Impression, VisitKind.Click })
        {
            var context = Request($"?u={token}&utm_source=news", signal);
            var outcome = site.Record(context, entry, kind, out var sequence);

            Assert.Equal(kept == "off" ? Outcome.Untracked : Outcome.Recorded, outcome);
            Assert.Equal(kept == "off", sequence == 0);
        }

        await journal.Journal.CommitAsync();
        var events = journal.ReadAll().Select(read => JsonDocument.Parse(read.Payload).RootElement).ToArray();
        Assert.Equal(kept == "off" ? 0 : 2, events.Length);
        foreach (var e in events)
        {
            Assert.Equal(("b", "human"), (e.Text("variant"), e.Text("verdict")));
            Assert.Equal(kept == "full" ? "" : "aggregate", e.Text("unit_ignored"));
            Assert.Equal(kept == "full", Personal.Any(member => e.TryGetProperty(member, out _)));
        }

        if (kept == "full")
        {
            Assert.Equal("2026-05-15T23:10:00.000Z", events[0].Text("sent_at"));
            Assert.Equal("/s/link/click?utm_source=news", events[1].Text("url"));
        }
    }

    [Fact]
    public async Task SignedLink_OfAUnit_IsTheUnitThatTheParameterNames()
    {
        var entry = Entry("{}");
        using var directory = new TempDirectory();
        await using var journal = TestJournal.Open(directory.Path);
        var site = new VisitSite(journal, TimeProvider.System);
        var terms = new LinkTerms(null, TrackingMode.Full, DateTimeOffset.UtcNow, null);
        for (var i = 0; i < 20; i++)
        {
            var token = site.Links.Create(terms.ClaimsOf(entry), $"reader-{i}");
            site.Record(Request($"?u={token}"), entry, VisitKind.Impression, out _);
            site.Record(Request($"?u=reader-{i}"), entry, VisitKind.Click, out _);
            Assert.Equal(site.Show(Request($"?u=reader-{i}"), entry), site.Show(Request($"?u={token}"), entry));
        }

        await journal.Journal.CommitAsync();
        var events = journal.ReadAll().Select(read => JsonDocument.Parse(read.Payload).RootElement).ToArray();
        foreach (var pair in events.Chunk(2))
        {
            Assert.Equal(pair[0].Text("unit_hash"), pair[1].Text("unit_hash"));
            Assert.Equal(pair[0].Text("variant"), pair[1].Text("variant"));
        }
    }

    [Theory]
    [InlineData("damaged", "link_damaged", false)]
    [InlineData("unknown", "link_unknown_key", false)]
    [InlineData("foreign", "link_foreign", true)]
    [InlineData("expired", "link_expired", true)]
    public async Task SignedLink_ThatDoesNotHold_IsCountedWithoutItsUnit(string row, string ignored, bool hasUnit)
    {
        var entry = Entry("{}");
        using var directory = new TempDirectory();
        await using var journal = TestJournal.Open(directory.Path);
        var clock = new TestClock(new DateTimeOffset(2026, 5, 16, 12, 0, 0, TimeSpan.Zero));
        var site = new VisitSite(journal, clock);
        var others = new LinkTokens([], "another salt");
        var now = clock.GetUtcNow();
        var terms = new LinkTerms("b", TrackingMode.Full, now.AddDays(-2), row == "expired" ? now.AddDays(-1) : null);
        var claims = terms.ClaimsOf(row == "foreign" ? Entry("{}", "exp_other") : entry);
        var token = (row == "unknown" ? others : site.Links).Create(claims, "reader-1");
        token = row == "damaged" ? token[..^5] + (token[^5] == 'A' ? 'B' : 'A') + token[^4..] : token;

        site.Record(Request("?u=" + token), entry, VisitKind.Click, out _);
        site.Record(Request(""), entry, VisitKind.Click, out _);
        await journal.Journal.CommitAsync();

        var events = journal.ReadAll().Select(read => JsonDocument.Parse(read.Payload).RootElement).ToArray();
        Assert.Equal(ignored, events[0].Text("unit_ignored"));
        Assert.Equal(hasUnit ? events[1].Text("unit_hash") : "", events[0].Text("unit_hash"));
        Assert.Equal(hasUnit, events[0].TryGetProperty("ip_hash", out _));
        Assert.Equal(events[1].Text("variant"), events[0].Text("variant"));
    }

    private static DefaultHttpContext Request(string query, string signal = "")
    {
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = IPAddress.Parse("203.0.113.7");
        context.Request.QueryString = new QueryString(query);
        context.Request.Headers.UserAgent =
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";
        context.Request.Headers.Referer = "https://mail.example/";
        if (signal.Length > 0)
        {
            context.Request.Headers[signal] = "1";
        }

        return context;
    }

    private static CatalogEntry Entry(string tracking, string uid = "exp_link") =>
        new(
            Definitions.Experiment(
                $$"""
                {"uid":"{{uid}}","slug":"link","type":"ab_test","name":"x","status":"running","trackingConfig":{{tracking}},
                 "variants":[{"id":"a","weight":5000},{"id":"b","weight":5000}],
                 "goalConfig":{"type":"click_through","destinationUrl":"https://shop.example/"} }
                """
            )
        );
}
