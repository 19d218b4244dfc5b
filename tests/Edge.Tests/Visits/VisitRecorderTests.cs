using System.Net;
using System.Text;
using System.Text.Json;
using Edge.Access;
using Edge.Catalog;
using Edge.Enrichment.Geo;
using Edge.Enrichment.Verdicts;
using Edge.Experiments;
using Edge.Experiments.Reading;
using Edge.Telemetry;
using Edge.Tests.Support;
using Edge.Visits;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Edge.Tests.Visits;

/// <summary>
/// The recipe of a visit against a real journal: what it writes, and that it leaves nothing for the garbage collector.
/// </summary>
public class VisitRecorderTests
{
    private const string Chrome =
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";

    [Theory]
    [InlineData("pixel without unit", "", VisitKind.Impression)]
    [InlineData("pixel with unit", "?u=reader-1&cb=1", VisitKind.Impression)]
    [InlineData("click with variant", "?u=reader-1&variant=b", VisitKind.Click)]
    [InlineData("click of a stable unit", "?u=reader-1", VisitKind.Click, true)]
    [InlineData("click of a signed link", "signed", VisitKind.Click)]
    public async Task Visit_OnceWarm_AllocatesNothing(string row, string query, object kind, bool isStable = false)
    {
        using var directory = new TempDirectory();
        // One page holds everything: the log engine takes memory for a page once, when it first turns to it.
        await using var journal = TestJournal.Open(
            TestJournal.SmallOptions(directory.Path) with
            {
                PageBytes = 1 << 20,
                MemoryBytes = 4 << 20,
                SegmentBytes = 4 << 20,
            }
        );
        var city = GeoFileWriter.City("FR", "Nîmes", "OCC", "Europe/Paris");
        File.WriteAllBytes(directory["geo.mmdb"], new GeoFileWriter().Add("203.0.113.0/24", city).Build());
        var recorder = new VisitSite(journal, TimeProvider.System, places: Places(directory["geo.mmdb"]));
        var experiment = DemoAb();
        if (isStable)
        {
            experiment = new CatalogEntry(experiment.Experiment with { StableUnits = true });
        }

        if (query == "signed")
        {
            var terms = new LinkTerms(null, TrackingMode.Full, DateTimeOffset.UtcNow, null);
            query = "?u=" + recorder.Links.Create(terms.ClaimsOf(experiment), "reader-1");
        }

        var context = Request(query);
        var allocated = LeastAllocated(() => recorder.Record(context, experiment, (VisitKind)kind, out _));

        Assert.True(allocated == 0, $"{row}: {allocated} bytes in 50 visits");
    }

    [Theory]
    [InlineData("2026-05-16T00:29:59Z", VisitKind.Click, true)]
    [InlineData("2026-05-16T00:30:00Z", VisitKind.Click, false)]
    [InlineData("2026-05-16T00:00:00Z", VisitKind.Impression, false)]
    public async Task Visit_JustAfterMidnight_CarriesYesterdaysUnitHashOnClicksOnly(
        string at,
        object kind,
        bool hasPrevious
    )
    {
        var now = DateTimeOffset.Parse(at, System.Globalization.CultureInfo.InvariantCulture);
        var yesterday = await RecordAsync(now.AddDays(-1), "?u=reader-1", VisitKind.Impression);

        var today = await RecordAsync(now, "?u=reader-1", (VisitKind)kind);

        Assert.NotEqual(yesterday.Text("unit_hash"), today.Text("unit_hash"));
        Assert.Equal(hasPrevious ? yesterday.Text("unit_hash") : "", today.Text("unit_hash_prev"));
    }

    [Fact]
    public async Task Visit_OfASignedLink_NamesItsMessageWhicheverLinkItIs()
    {
        var sent = new DateTimeOffset(2026, 5, 16, 9, 0, 0, TimeSpan.Zero);
        using var directory = new TempDirectory();
        await using var journal = TestJournal.Open(directory.Path);
        var site = new VisitSite(journal, new TestClock(sent.AddHours(1)));
        var (one, other) = (DemoAb(), new CatalogEntry(DemoAb().Experiment with { Uid = "exp_other", Slug = "other" }));

        var hashes = new[]
        {
            await MessageAsync(one, "reader-1", sent),
            await MessageAsync(other, "reader-1", sent),
            await MessageAsync(one, "reader-2", sent),
            await MessageAsync(one, "reader-1", sent.AddSeconds(1)),
        };
        site.Record(Request("?u=reader-1"), one, VisitKind.Click, out _);

        Assert.Equal(hashes[0], hashes[1]);
        Assert.Equal(3, hashes.Distinct().Count());
        Assert.All(hashes, static hash => Assert.Equal(16, hash.Length));
        // By hand, as docs/event-schema.md has it.
        byte[] message = [0, .. BitConverter.GetBytes((uint)sent.ToUnixTimeSeconds()).Reverse(), .. "reader-1"u8];
        var mac = System.Security.Cryptography.HMACSHA256.HashData(Encoding.UTF8.GetBytes("saltunit:2026-05-16"), message);
        Assert.Equal(Convert.ToHexStringLower(mac[..8]), hashes[0]);
        await journal.Journal.CommitAsync();
        Assert.DoesNotContain("message_hash", journal.ReadAll()[^1].Payload, StringComparison.Ordinal);

        async Task<string> MessageAsync(CatalogEntry experiment, string unit, DateTimeOffset at)
        {
            var token = site.Links.Create(new LinkTerms(null, TrackingMode.Full, at, null).ClaimsOf(experiment), unit);
            site.Record(Request("?u=" + token), experiment, VisitKind.Click, out _);
            await journal.Journal.CommitAsync();
            return JsonDocument.Parse(journal.ReadAll()[^1].Payload).RootElement.Text("message_hash");
        }
    }

    [Fact]
    public async Task Visit_WithoutUnit_UsesAddressAndUserAgent()
    {
        var now = DateTimeOffset.UtcNow;
        var first = await RecordAsync(now, "", VisitKind.Impression);
        var again = await RecordAsync(now, "?u=", VisitKind.Impression);
        var other = await RecordAsync(now, "", VisitKind.Impression, address: "203.0.113.8");

        Assert.Equal(first.Text("unit_hash"), again.Text("unit_hash"));
        Assert.NotEqual(first.Text("unit_hash"), other.Text("unit_hash"));
        Assert.NotEqual(first.Text("ip_hash"), other.Text("ip_hash"));
    }

    [Fact]
    public async Task Visit_OverrideSwitchedOff_IgnoresTheVariantParameter()
    {
        var now = DateTimeOffset.UtcNow;

        var a = await RecordAsync(now, "?u=x&variant=a", VisitKind.Impression, hasOverride: false);
        var b = await RecordAsync(now, "?u=x&variant=b", VisitKind.Impression, hasOverride: false);

        Assert.Equal(a.Text("variant"), b.Text("variant"));
        Assert.Equal("0.5", a.Text("probability"));
    }

    [Theory]
    [InlineData("Safe Links, click", "40.94.10.1", VisitKind.Click, "scanner", "microsoft_link_scan", "", false)]
    [InlineData("Outlook, pixel", "40.94.10.1", VisitKind.Impression, "proxy", "microsoft_image_proxy", "", true)]
    [InlineData("Barracuda, click", "209.222.82.9", VisitKind.Click, "human", "", "scanner:barracuda_network", true)]
    public async Task Visit_FromANetwork_IsJudgedForWhatItAsked(
        string row,
        string address,
        object kind,
        string verdict,
        string reason,
        string shadow,
        bool isChosen
    )
    {
        var e = await RecordAsync(DateTimeOffset.UtcNow, "?u=reader-1", (VisitKind)kind, address: address);

        Assert.Equal(
            (row, verdict, reason, shadow),
            (row, e.Text("verdict"), e.Text("verdict_reason"), e.Text("verdict_shadow"))
        );
        // Who is a machine gets the default, without chance.
        Assert.Equal(isChosen, e.TryGetProperty("probability", out _));
    }

    [Fact]
    public async Task Visit_WithoutRules_IsRecordedWithoutAVerdict()
    {
        using var directory = new TempDirectory();
        await using var journal = TestJournal.Open(directory.Path);
        var faults = new EnrichmentFaults();
        var recorder = new VisitSite(journal, TimeProvider.System, verdicts: new VerdictJudge(null, 1, faults));

        Assert.Equal(Outcome.Recorded, recorder.Record(Request("?u=reader-1"), DemoAb(), VisitKind.Impression, out _));
        await journal.Journal.CommitAsync();

        var e = JsonDocument.Parse(Assert.Single(journal.ReadAll()).Payload).RootElement;
        Assert.Equal(("", "", "chrome"), (e.Text("verdict"), e.Text("verdict_reason"), e.Text("browser")));
        Assert.True(e.TryGetProperty("probability", out _));
        Assert.Equal(1, faults.Of(EnrichmentPart.Verdict));
    }

    [Theory]
    [InlineData("shown again", "?u=reader-1", VisitKind.Impression)]
    [InlineData("clicked after it was shown", "?u=reader-1", VisitKind.Click)]
    [InlineData("clicked and never shown", "?u=stranger", VisitKind.Click)]
    public async Task Visit_WhileABanditRuns_OnceWarm_AllocatesNothing(string row, string query, object kind)
    {
        using var directory = new TempDirectory();
        await using var journal = TestJournal.Open(
            TestJournal.SmallOptions(directory.Path) with
            {
                PageBytes = 1 << 20,
                MemoryBytes = 4 << 20,
                SegmentBytes = 4 << 20,
            }
        );
        var recorder = new VisitSite(journal, TimeProvider.System);
        var experiment = Bandit(5_000, 1);
        recorder.Record(Request("?u=reader-1"), experiment, VisitKind.Impression, out _);
        var context = Request(query);
        var allocated = LeastAllocated(() => recorder.Record(context, experiment, (VisitKind)kind, out _));

        Assert.True(allocated == 0, $"{row}: {allocated} bytes in 50 visits");
    }

    [Theory]
    [InlineData("the same day", 12, 12.2)]
    [InlineData("across midnight", 23.9, 24.1)]
    [InlineData("the next morning", 20, 33)]
    public async Task Click_AfterWeightsMoved_BelongsToWhatWasShown(string row, double shownHour, double clickedHour)
    {
        var midnight = new DateTimeOffset(2026, 5, 16, 0, 0, 0, TimeSpan.Zero);
        var clock = new TestClock(midnight.AddHours(shownHour));
        var events = await RecordAllAsync(
            clock,
            recorder =>
            {
                for (var i = 0; i < 20; i++)
                {
                    recorder.Record(
                        Request($"?u=reader-{i}"),
                        Bandit(weightA: 9_000, version: 4),
                        VisitKind.Impression,
                        out _
                    );
                }

                clock.Advance(TimeSpan.FromHours(clickedHour - shownHour));
                for (var i = 0; i < 20; i++)
                {
                    recorder.Record(
                        Request($"?u=reader-{i}"),
                        Bandit(weightA: 1_000, version: 5),
                        VisitKind.Click,
                        out _
                    );
                }

                recorder.Record(Request("?u=stranger"), Bandit(weightA: 1_000, version: 5), VisitKind.Click, out _);
            }
        );

        Assert.Equal(41, events.Length);
        Assert.Contains(events[..20], e => e.Text("variant") == "a");
        for (var i = 0; i < 20; i++)
        {
            Assert.True(
                Choice(events[i]) == Choice(events[20 + i]),
                $"{row}: {Choice(events[i])} became {Choice(events[20 + i])}"
            );
        }

        Assert.Equal("5", events[40].Text("weights_version"));
    }

    /// <summary>A unit with a stable hash is still the same after midnight, shown and asked for alike.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Impression_AcrossMidnight_KeepsTheVariantOfAStableUnit(bool isStable)
    {
        var clock = new TestClock(new DateTimeOffset(2026, 5, 16, 23, 50, 0, TimeSpan.Zero));
        var shown = new int[20];
        var events = await RecordAllAsync(
            clock,
            recorder =>
            {
                for (var i = 0; i < 20; i++)
                {
                    recorder.Record(Request($"?u=reader-{i}"), Of(9_000, 1), VisitKind.Impression, out _);
                }

                clock.Advance(TimeSpan.FromMinutes(20));
                for (var i = 0; i < 20; i++)
                {
                    shown[i] = recorder.Show(Request($"?u=reader-{i}"), Of(100, 2));
                    recorder.Record(Request($"?u=reader-{i}"), Of(100, 2), VisitKind.Impression, out _);
                }
            }
        );

        var kept = Enumerable.Range(0, 20).Count(i => Choice(events[i]) == Choice(events[20 + i]));
        Assert.Equal(isStable, kept == 20);
        Assert.All(Enumerable.Range(0, 20), i => Assert.Equal(events[20 + i].Text("variant"), shown[i] == 0 ? "a" : "b"));

        CatalogEntry Of(int weightA, int version) =>
            new(Bandit(weightA, version).Experiment with { StableUnits = isStable });
    }

    [Fact]
    public async Task Impression_Again_KeepsTheVariantWhileABanditRuns_AndFollowsTheTableWithoutOne()
    {
        var events = await RecordAllAsync(
            new TestClock(DateTimeOffset.UtcNow.Date.AddHours(12)),
            recorder =>
            {
                for (var i = 0; i < 20; i++)
                {
                    recorder.Record(Request($"?u=reader-{i}"), Bandit(9_000, 1), VisitKind.Impression, out _);
                }

                for (var i = 0; i < 20; i++)
                {
                    recorder.Record(Request($"?u=reader-{i}"), Bandit(100, 2), VisitKind.Impression, out _);
                }

                for (var i = 0; i < 20; i++)
                {
                    recorder.Record(
                        Request($"?u=reader-{i}"),
                        Bandit(100, 2, isOn: false),
                        VisitKind.Impression,
                        out _
                    );
                }
            }
        );

        Assert.Equal(events[..20].Select(Choice), events[20..40].Select(Choice));
        Assert.All(events[40..], e => Assert.Equal("2", e.Text("weights_version")));
    }

    [Fact]
    public async Task Impression_StatedOrByAMachine_IsNotRemembered()
    {
        var events = await RecordAllAsync(
            new TestClock(DateTimeOffset.UtcNow.Date.AddHours(12)),
            recorder =>
            {
                recorder.Record(Request("?u=reader&variant=b"), Bandit(10_000, 1), VisitKind.Impression, out _);
                var prefetch = Request("?u=reader");
                prefetch.Request.Headers["Sec-Purpose"] = "prefetch";
                recorder.Record(prefetch, Bandit(0, 2), VisitKind.Impression, out _);
                recorder.Record(Request("?u=reader"), Bandit(10_000, 3), VisitKind.Click, out _);
            }
        );

        Assert.Equal(["b  ", "a  ", "a 1 3"], events.Select(Choice));
    }

    [Fact]
    public async Task Click_AheadOfTheVisit_IsRefusedAndNotKept()
    {
        var events = await RecordAllAsync(
            new TestClock(DateTimeOffset.UtcNow),
            recorder =>
            {
                var ahead = Ahead("?u=reader");
                Assert.Equal(Outcome.Prefetch, recorder.Record(ahead, DemoAb(), VisitKind.Click, out _));
            }
        );

        Assert.Empty(events);
    }

    [Fact]
    public async Task Show_AheadOfTheVisit_IsTheVisitorsOwnVariant()
    {
        using var directory = new TempDirectory();
        await using var journal = TestJournal.Open(directory.Path);
        var recorder = new VisitSite(journal, TimeProvider.System);
        var shown = Enumerable
            .Range(0, 30)
            .Select(i => recorder.Show(Ahead($"?u=reader-{i}"), DemoAb()))
            .ToArray();

        Assert.Contains(1, shown);
        Assert.Equal(Enumerable.Range(0, 30).Select(i => recorder.Show(Request($"?u=reader-{i}"), DemoAb())), shown);
    }

    [Fact]
    public async Task Visit_LongId_IsOneUnitAndAnUnfilledTagIsLabelled()
    {
        var id = new string('i', 3_000);
        var events = await RecordAllAsync(
            new TestClock(DateTimeOffset.UtcNow.Date.AddHours(12)),
            recorder =>
            {
                recorder.Record(Request("?u=" + id, "203.0.113.7"), DemoAb(), VisitKind.Impression, out _);
                recorder.Record(Request("?u=" + id, "198.51.100.9"), DemoAb(), VisitKind.Click, out _);
                recorder.Record(Request("?u=*|UNIQID|*"), DemoAb(), VisitKind.Impression, out _);
                recorder.Record(Request(""), DemoAb(), VisitKind.Impression, out _);
            }
        );

        Assert.Equal(events[0].Text("unit_hash"), events[1].Text("unit_hash"));
        Assert.Equal(events[3].Text("unit_hash"), events[2].Text("unit_hash"));
        Assert.Equal(["", "", "merge_tag", ""], events.Select(e => e.Text("unit_ignored")));
    }

    [Fact]
    public async Task Visit_ReferrerInUtf8_IsTheSiteThatBrowsersName()
    {
        var links = Experiment(
            "exp_smart",
            "demo-smart",
            "smart_link",
            """
            [{"id":"m","weight":0,"conditions":{"type":"rule","property":"referrer.domain","ruleOperator":"equals","value":"www.Müller.example"}},
             {"id":"end","weight":0,"conditions":{"type":"rule","property":"referrer.domain","ruleOperator":"ends_with","value":".müller.example"}},
             {"id":"rest","weight":10000,"isDefault":true}]
            """
        );
        string[] referrers =
        [
            "https://xn--mller-kva.example/",
            "https://www.müller.example/ä",
            "https://a.müller.example/" + new string('€', 800),
            "https://example.com/",
        ];
        var events = await RecordAllAsync(
            new TestClock(DateTimeOffset.UtcNow),
            recorder =>
            {
                foreach (var referrer in referrers)
                {
                    var context = Request("");
                    context.Request.Headers.Referer = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(referrer));
                    recorder.Record(context, links, VisitKind.Click, out _);
                }
            }
        );

        Assert.Equal(["m", "m", "end", "rest"], events.Select(e => e.Text("variant")));
        Assert.Equal(
            ["xn--mller-kva.example", "xn--mller-kva.example", "a.xn--mller-kva.example", "example.com"],
            events.Select(e => e.Text("source"))
        );
        Assert.Equal(referrers[..2], events[..2].Select(e => e.Text("referrer")));
        var cut = events[2].Text("referrer");
        Assert.Equal(referrers[2][..cut.Length], cut);
        Assert.InRange(Encoding.UTF8.GetByteCount(cut), 2_046, 2_048);
    }

    [Fact]
    public async Task Click_WithAQuery_StoresAndClassifiesIt()
    {
        var events = await RecordAllAsync(
            new TestClock(DateTimeOffset.UtcNow),
            recorder =>
            {
                var click = "?u=reader&utm_source=News&utm_campaign=%C3%BC&sig=abc&variant=b";
                recorder.Record(Request(click), DemoAb(), VisitKind.Click, out _);
                recorder.Record(Request("?u=reader"), DemoAb(), VisitKind.Click, out _);
                recorder.Record(Request("?gclid=1&u=reader"), DemoAb(), VisitKind.Impression, out _);
            }
        );

        Assert.Equal(
            ["/s/demo-ab/click?utm_source=News&utm_campaign=%C3%BC&variant=b", "/s/demo-ab/click", ""],
            events.Select(e => e.Text("url"))
        );
        Assert.Equal(["news", "mail.example", "mail.example"], events.Select(e => e.Text("source")));
        Assert.Equal(["ü", "", ""], events.Select(e => e.Text("campaign")));
    }

    [Fact]
    public async Task Visit_KnownPlace_IsInTheEventAndDecidesSmartLinks()
    {
        using var directory = new TempDirectory();
        File.WriteAllBytes(
            directory["geo.mmdb"],
            new GeoFileWriter()
                .Add("203.0.113.0/25", GeoFileWriter.City("FR", "Nîmes", "OCC", "Europe/Paris"))
                .Add("203.0.113.128/25", GeoFileWriter.Country("US"))
                .Build()
        );
        var links = Experiment(
            "exp_smart",
            "demo-smart",
            "smart_link",
            """
            [{"id":"france","weight":0,"conditions":{"type":"rule","property":"geo.country","ruleOperator":"equals","value":"FR"}},
             {"id":"america","weight":0,"conditions":{"type":"rule","property":"geo.continent","ruleOperator":"equals","value":"NA"}},{"id":"rest","weight":10000,"isDefault":true}]
            """
        );
        await using var journal = TestJournal.Open(directory["journal"]);
        var recorder = new VisitSite(journal, TimeProvider.System, places: Places(directory["geo.mmdb"]));

        foreach (var address in new[] { "203.0.113.7", "203.0.113.200", "192.0.2.1" })
        {
            Assert.Equal(Outcome.Recorded, recorder.Record(Request("", address), links, VisitKind.Click, out _));
            var chosen = links.Variants[recorder.Show(Request("", address), links)].IdUtf8;
            Assert.Equal(
                address switch
                {
                    "203.0.113.7" => "france",
                    "203.0.113.200" => "america",
                    _ => "rest",
                },
                Encoding.UTF8.GetString(chosen)
            );
        }
        await journal.Journal.CommitAsync();

        string[] members = ["variant", "country", "region", "city", "time_zone"];
        var events = journal.ReadAll().Select(record => JsonDocument.Parse(record.Payload).RootElement);
        Assert.Equal(
            ["france|FR|OCC|Nîmes|Europe/Paris", "america|US|||", "rest||||"],
            events.Select(e => string.Join('|', members.Select(member => e.Text(member))))
        );
    }

    [Fact]
    public async Task Visit_JournalStopped_IsNotKeptAndCounted()
    {
        using var directory = new TempDirectory();
        var journal = TestJournal.Open(directory.Path);
        var recorder = new VisitSite(journal, TimeProvider.System);
        await journal.Journal.DisposeAsync();

        Assert.Equal(Outcome.NotKept, recorder.Record(Request(""), DemoAb(), VisitKind.Impression, out _));
        Assert.Equal(1, journal.Ledger.Dropped(DropReason.Stopping));
    }

    private static async Task<JsonElement> RecordAsync(
        DateTimeOffset now,
        string query,
        VisitKind kind,
        string address = "203.0.113.7",
        bool hasOverride = true
    )
    {
        using var directory = new TempDirectory();
        await using var journal = TestJournal.Open(directory.Path);
        var recorder = new VisitSite(journal, new TestClock(now), hasOverride);
        Assert.Equal(Outcome.Recorded, recorder.Record(Request(query, address), DemoAb(), kind, out _));
        await journal.Journal.CommitAsync();
        return JsonDocument.Parse(Assert.Single(journal.ReadAll()).Payload).RootElement;
    }

    private static string Choice(JsonElement e) =>
        $"{e.Text("variant")} {e.Text("probability")} {e.Text("weights_version")}";

    /// <summary>What a unit was shown is the test's to see and nobody's to change.</summary>
    [Fact]
    public async Task Impression_OfATest_FollowsWhatAUnitWasShownAndIsNotRemembered()
    {
        using var directory = new TempDirectory();
        var clock = new TestClock(TimeProvider.System.GetUtcNow());
        var file = new KeyFile(directory["keys.json"]);
        var mark = await Marks.SignAsync(file.Issue(new KeyGrant(KeyKind.Synthetic), clock.GetUtcNow()), "smoke");
        using var keys = KeyRing.Open(file, clock, static problem => Assert.Fail(problem));
        DefaultHttpContext OfTest(string query)
        {
            var context = Request(query);
            context.Request.Headers["Edge-Synthetic"] = mark;
            return context;
        }

        var events = await RecordAllAsync(
            clock,
            recorder =>
            {
                recorder.Record(OfTest("?u=one"), Bandit(10_000, 1), VisitKind.Impression, out _);
                recorder.Record(Request("?u=one"), Bandit(0, 2), VisitKind.Impression, out _);
                recorder.Record(OfTest("?u=one"), Bandit(5_000, 3), VisitKind.Impression, out _);
                recorder.Record(OfTest("?u=one"), Bandit(5_000, 3), VisitKind.Click, out _);
                recorder.Record(OfTest("?u=other"), Bandit(0, 3), VisitKind.Impression, out _);
                recorder.Record(Request("?u=other"), Bandit(10_000, 4), VisitKind.Click, out _);
            },
            new SyntheticTraffic(keys, clock)
        );

        Assert.Equal(["a 1 1", "b 1 2", "b 1 2", "b 1 2", "b 1 3", "a 1 4"], events.Select(Choice));
        Assert.Equal(["smoke", "", "smoke", "smoke", "smoke", ""], events.Select(e => e.Text("synthetic")));
    }

    private static async Task<JsonElement[]> RecordAllAsync(
        TestClock clock,
        Action<VisitSite> record,
        SyntheticTraffic? synthetic = null
    )
    {
        using var directory = new TempDirectory();
        await using var journal = TestJournal.Open(directory.Path);
        record(new VisitSite(journal, clock, synthetic: synthetic));
        await journal.Journal.CommitAsync();
        return [.. journal.ReadAll().Select(read => JsonDocument.Parse(read.Payload).RootElement)];
    }

    private static CatalogEntry Bandit(int weightA, int version, bool isOn = true)
    {
        var definition = $$"""
            {"uid":"exp_abc123","slug":"demo-ab","type":"ab_test","name":"x","status":"running","weightsVersion":{{version}},
             "variants":[{"id":"a","weight":{{weightA}}},{"id":"b","weight":{{10_000 - weightA}} }],
             "banditConfig":{"enabled":{{(isOn ? "true" : "false")}} },
             "goalConfig":{"type":"click_through","destinationUrl":"https://example.com/landing"} }
            """;
        var reading = ExperimentReader.ReadStored(
            Encoding.UTF8.GetBytes(definition),
            ExperimentRules.Default,
            DateTimeOffset.UnixEpoch
        );
        Assert.Empty(reading.Violations);
        return new CatalogEntry(reading.Experiment!);
    }

    /// <summary>
    /// Bytes that 50 visits allocate. The runtime may still be making something once, such as statics of code it has
    /// just compiled anew; a visit that allocates does so in every round.
    /// </summary>
    private static long LeastAllocated(Action visit)
    {
        var allocated = long.MaxValue;
        for (var round = 0; round < 5 && allocated > 0; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 50; i++)
            {
                visit();
            }

            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }
        return allocated;
    }

    private static GeoDatabase Places(string database) =>
        GeoDatabase.Open(database, TimeProvider.System, new LogLines());

    private static DefaultHttpContext Request(string query, string address = "203.0.113.7")
    {
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = IPAddress.Parse(address);
        context.Request.QueryString = new QueryString(query);
        context.Request.Headers.UserAgent = Chrome;
        context.Request.Headers.Referer = "https://mail.example/";
        return context;
    }

    private static DefaultHttpContext Ahead(string query)
    {
        var context = Request(query);
        context.Request.Headers["Sec-Purpose"] = "prefetch;prerender";
        return context;
    }

    private static CatalogEntry DemoAb() =>
        Experiment("exp_abc123", "demo-ab", "ab_test", """[{"id":"a","weight":5000},{"id":"b","weight":5000}]""");

    private static CatalogEntry Experiment(string uid, string slug, string type, string variants)
    {
        var definition =
            $"{{\"uid\":\"{uid}\",\"slug\":\"{slug}\",\"type\":\"{type}\",\"name\":\"x\",\"status\":\"running\",\"variants\":{variants},"
            + """ "goalConfig":{"type":"click_through","destinationUrl":"https://example.com/landing"}}""";
        var reading = ExperimentReader.ReadStored(
            Encoding.UTF8.GetBytes(definition),
            ExperimentRules.Default,
            DateTimeOffset.UnixEpoch
        );
        Assert.Empty(reading.Violations);
        return new CatalogEntry(reading.Experiment!);
    }
}
