using Edge.Corrections;
using Edge.Events;
using Xunit;
using static Edge.Tests.Corrections.Seen;

namespace Edge.Tests.Corrections;

/// <summary>What each late rule makes of a story, and what holds for all of them.</summary>
public class LateJudgeTests
{
    private const long Minute = 60_000;

    public static TheoryData<string, string, string, object> Stories() =>
        new()
        {
            // Three links within seven tenths of a second.
            { "link_burst", "burst", "scanner by link_burst: a b c", Of(Signed(0, "a"), Signed(400, "b"), Signed(700, "c")) },
            { "link_burst", "too slow", "", Of(Signed(0, "a"), Signed(400, "b"), Signed(701, "c")) },
            { "link_burst", "two links, one twice", "", Of(Signed(0, "a"), Signed(300, "b"), Signed(600, "a")) },
            { "link_burst", "two messages", "", Of(Signed(0, "a"), Signed(100, "b"), Signed(200, "c", message: 8)) },
            {
                "link_burst",
                "from other addresses",
                "scanner by link_burst: a b c",
                Of(Signed(0, "a") with { Address = 2 }, Signed(100, "b") with { Address = 3 }, Signed(200, "c"))
            },
            {
                "link_burst",
                "what follows at the same pace",
                "scanner by link_burst: a b c d e",
                Of(Signed(0, "a"), Signed(100, "b"), Signed(200, "c"), Signed(800, "d"), Signed(1_500, "e"))
            },
            {
                "link_burst",
                "a person's click behind it",
                "scanner by link_burst: a b c",
                Of(Signed(0, "a"), Signed(100, "b"), Signed(200, "c"), Signed(Minute, "a"))
            },
            {
                "link_burst",
                "out of order",
                "scanner by link_burst: a b c",
                Of(Signed(0, "a"), Signed(600, "c"), Signed(300, "b"))
            },
            { "link_burst", "without a token", "", Of(Plain(0, "a"), Plain(100, "b"), Plain(200, "c")) },
            {
                "link_burst",
                "machines are evidence, and need no correction",
                "scanner by link_burst: c",
                Of(
                    Signed(0, "a") with { Verdict = "bot" },
                    Signed(100, "b") with { Verdict = "scanner" },
                    Signed(200, "c")
                )
            },
            {
                "link_burst",
                "one link, with this and that added",
                "",
                Of(
                    Signed(0, "a") with { Url = "/s/x/click?to=1" },
                    Signed(100, "a") with { Url = "/s/x/click?to=2" },
                    Signed(200, "a") with { Url = "/s/x/click?to=3" }
                )
            },
            {
                "link_burst",
                "a test is none of it",
                "",
                Of(Signed(0, "a"), Signed(100, "b"), Signed(200, "c") with { Synthetic = "check" })
            },
            {
                "link_burst",
                "pixels are none of it",
                "",
                Of(Signed(0, "a"), Signed(100, "b"), Signed(200, "c") with { Type = "impression" })
            },
            // Two, soon after the send.
            { "link_pair_after_send", "pair", "scanner by link_pair_after_send: a b", Of(Signed(20_000, "a"), Signed(20_400, "b")) },
            { "link_pair_after_send", "too early", "", Of(Signed(19_999, "a"), Signed(20_100, "b")) },
            { "link_pair_after_send", "last moment", "scanner by link_pair_after_send: a b", Of(Signed(300_000, "a"), Signed(300_400, "b")) },
            { "link_pair_after_send", "too late", "", Of(Signed(300_001, "a"), Signed(300_100, "b")) },
            { "link_pair_after_send", "a double click", "", Of(Signed(30_000, "a"), Signed(30_100, "a"), Signed(30_300, "b")) },
            // One after the other.
            { "every_link_once", "six", "scanner by every_link_once: a b c d e f", Walk(6, 1_000) },
            { "every_link_once", "five", "", Walk(5, 1_000) },
            { "every_link_once", "too slow", "", Walk(6, 1_001) },
            { "every_link_once", "goes on", "scanner by every_link_once: a b c d e f g h", Walk(8, 1_000) },
            { "every_link_once", "one twice", "", Of([Signed(40_100, "a"), .. Walk(6, 1_000)]) },
            // By address.
            {
                "address_burst",
                "five links",
                "scanner by address_burst: a b c d e",
                Of(Plain(0, "a"), Plain(1, "b"), Plain(2, "c"), Plain(3, "d"), Plain(1_000, "e"))
            },
            { "address_burst", "four", "", Of(Plain(0, "a"), Plain(1, "b"), Plain(2, "c"), Plain(3, "d"), Plain(4, "d")) },
            {
                "address_burst",
                "another browser there",
                "",
                Of(Plain(0, "a"), Plain(1, "b"), Plain(2, "c"), Plain(3, "d"), Plain(4, "e") with { Browser = "safari" })
            },
            {
                "address_burst",
                "signed links of a company",
                "",
                Of(
                    Signed(0, "a", 11),
                    Signed(1, "b", 12),
                    Signed(2, "c", 13),
                    Signed(3, "d", 14),
                    Signed(4, "e", 15)
                )
            },
            {
                "address_burst",
                "nobody's address",
                "",
                Of(
                    Plain(0, "a") with { Address = 0 },
                    Plain(1, "b") with { Address = 0 },
                    Plain(2, "c") with { Address = 0 },
                    Plain(3, "d") with { Address = 0 },
                    Plain(4, "e") with { Address = 0 }
                )
            },
            {
                "network_burst",
                "in a scanner's network",
                "scanner by network_burst: a b",
                Of(Plain(0, "a"), Plain(900, "b") with { Shadow = "scanner:mimecast_network" })
            },
            {
                "network_burst",
                "by the rule in force",
                "scanner by network_burst: a",
                Of(Plain(0, "a"), Plain(900, "b") with { Verdict = "scanner", Reason = "barracuda_network" })
            },
            { "network_burst", "another rule", "", Of(Plain(0, "a"), Plain(900, "b") with { Shadow = "bot:http_tool" }) },
            { "network_burst", "one link", "", Of(Plain(0, "a") with { Shadow = "scanner:mimecast_network" }, Plain(9, "a")) },
            // Decoys: the link called x.
            { "decoy", "behind", "scanner by decoy: a b x", Of(Signed(0, "a"), Signed(9_000, "b"), Signed(299_000, "x")) },
            { "decoy", "before", "scanner by decoy: a x", Of(Signed(0, "x"), Signed(200_000, "a")) },
            { "decoy", "its pixel", "scanner by decoy: a", Of(Signed(0, "a"), Signed(50, "x") with { Type = "impression" }) },
            {
                "decoy",
                "its pixel, by a mail provider's proxy",
                "",
                Of(Signed(0, "a"), Signed(50, "x") with { Type = "impression", Verdict = "proxy" })
            },
            { "decoy", "of another message", "scanner by decoy: x", Of(Signed(0, "a"), Signed(50, "x", message: 8)) },
            { "decoy_address", "within ten seconds", "scanner by decoy_address: a b x", Of(Plain(0, "a"), Plain(10_000, "x"), Plain(20_000, "b")) },
            { "decoy_address", "beside a signed link", "scanner by decoy_address: a x", Of(Plain(0, "a"), Signed(10, "b"), Plain(20, "x")) },
            { "decoy_address", "elsewhere", "scanner by decoy_address: x", Of(Plain(0, "a", address: 2), Plain(10, "x")) },
            // A visit gives back.
            {
                "link_burst",
                "a visit from there",
                "scanner by link_burst: a b c; human by visit_followed: a b c",
                Of(Signed(0, "a"), Signed(100, "b"), Signed(200, "c"), Visit(10_200))
            },
            { "link_burst", "too soon", "scanner by link_burst: a b c", Of(Signed(0, "a"), Signed(100, "b"), Signed(200, "c"), Visit(10_199)) },
            {
                "link_burst",
                "by a machine",
                "scanner by link_burst: a b c",
                Of(Signed(0, "a"), Signed(100, "b"), Signed(200, "c"), Visit(20_000) with { Verdict = "bot" })
            },
            {
                "link_burst",
                "of the unit, from elsewhere",
                "scanner by link_burst: a b c; human by visit_followed: b",
                Of(
                    Signed(0, "a"),
                    Signed(100, "b"),
                    Signed(200, "c"),
                    Visit(20_000) with { Address = 9, Link = "b", Type = "view", Unit = Signed(0, "b").Unit }
                )
            },
            {
                "link_burst",
                "by a goal",
                "scanner by link_burst: a b c; human by visit_followed: c",
                Of(
                    Signed(0, "a"),
                    Signed(100, "b"),
                    Signed(200, "c"),
                    Visit(20_000) with
                    {
                        Address = 9,
                        Goals = $$"""[{"experiment_uid":"exp_z","unit_hashes":["00000000000000ff"]},{"experiment_uid":"exp_c","value":2.5,"unit_hashes":["{{Signed(0, "c").Unit:x16}}"]}]""",
                    }
                )
            },
            {
                "link_burst",
                "explained by a later click",
                "scanner by link_burst: a b c",
                Of(Signed(0, "a"), Signed(100, "b"), Signed(200, "c"), Signed(Minute, "a"), Visit(2 * Minute))
            },
            { "link_burst", "after the window", "scanner by link_burst: a b c", Of(Signed(0, "a"), Signed(100, "b"), Signed(200, "c"), Visit(5 * Minute + 201)) },
            { "decoy", "is certain", "scanner by decoy: a x", Of(Signed(0, "a"), Signed(50, "x"), Visit(20_000)) },
        };

    [Theory]
    [MemberData(nameof(Stories))]
    public void Rule_OfAStory_JudgesAsItSays(string rule, string story, string expected, object events)
    {
        var judged = new Judged(Judged.Only(rule), decoys: ["x"]).Read((Seen[])events);

        Assert.True(expected == judged.Text(), $"{rule}, {story}: {judged.Text()}");
    }

    [Fact]
    public void Rules_AsTheyAreBuiltIn_RecordBurstsAndTakeNothingBack()
    {
        var judged = new Judged(Judged.BuiltIn(excludesBursts: false), decoys: ["x"]).Read(
            Signed(0, "a"),
            Signed(100, "b"),
            Signed(200, "c"),
            Signed(0, "a", message: 8) with { Address = 2 },
            Signed(10, "x", message: 8) with { Address = 2 }
        );

        Assert.Equal("[link_burst] a b c; scanner by decoy: a x", judged.Text());
        Assert.All(judged.Found.Take(3), correction => Assert.Equal(Verdict.Human, correction.Verdict));
    }

    [Fact]
    public void Corrections_OfTheSameEvents_AreTheSame()
    {
        var stories = Stories().SelectMany(row => (Seen[])row.Data.Item4).ToArray();
        var ids = new EventIds(TimeProvider.System);
        var events = stories.Select(e => (Id: ids.Next(e.At), Event: e)).ToArray();

        var runs = new[] { Run(), Run() };

        Assert.NotEmpty(runs[0]);
        Assert.Equal(runs[0], runs[1]);
        Assert.Equal(runs[0].Length, runs[0].Select(id => id.Low).Distinct().Count());

        EventId[] Run()
        {
            var judge = new LateJudge(Judged.WindowMs, 64 << 20);
            judge.Use(Judged.BuiltIn(excludesBursts: true));
            var found = new List<Correction>();
            foreach (var (id, e) in events)
            {
                judge.Observe(e.Encode(id), id, [], e.At.ToUnixTimeMilliseconds(), found);
            }

            return [.. found.Select(static correction => correction.Id)];
        }
    }

    [Fact]
    public void Corrections_OfAClick_AreOnceTakenAndOnceGivenBackInTheOrderOfTheirIds()
    {
        var random = new Random(4_711);
        var judged = new Judged(Judged.BuiltIn(excludesBursts: true), decoys: ["x"]);
        var at = 0L;
        for (var i = 0; i < 30_000; i++)
        {
            // Now and then nothing happens for a while, and then somebody is there.
            var isVisit = random.Next(20) == 0;
            at += isVisit ? 10_000 + random.Next(4_000) : random.Next(400);
            var e = random.Next(3) == 0
                ? Plain(at, ((char)('a' + random.Next(12))).ToString(), (ulong)random.Next(1, 5))
                : Signed(at, ((char)('a' + random.Next(12))).ToString(), (ulong)random.Next(1, 20));
            e = random.Next(300) == 0 ? e with { Link = "x" } : e;
            judged.Read(isVisit ? Visit(at) with { Address = e.Address } : e);
        }

        var last = new Dictionary<EventId, List<Correction>>();
        foreach (var correction in judged.Found)
        {
            last.TryAdd(correction.Click.Id, []);
            last[correction.Click.Id].Add(correction);
        }

        Assert.True(last.Count > 1_000);
        Assert.Contains(last.Values, static ofClick => ofClick.Count == 2);
        foreach (var (id, ofClick) in last)
        {
            Assert.True(ofClick.Count <= 2, $"{id} has {ofClick.Count} corrections");
            Assert.True(ofClick[0].Verdict.IsMachine() && ofClick.Skip(1).All(static second => second.Verdict == Verdict.Human));
            Assert.True(Compare(id, ofClick[0].Id) < 0 && ofClick.Skip(1).All(second => Compare(ofClick[0].Id, second.Id) < 0));
            Assert.All(ofClick, correction => Assert.InRange(correction.FoundMs - correction.Click.AtMs, 0, Judged.WindowMs));
        }

        static int Compare(EventId left, EventId right) => string.CompareOrdinal(left.ToString(), right.ToString());
    }

    [Fact]
    public void Memory_UnderAFloodOfUnits_StaysWithinItsLimitAndIsGivenBack()
    {
        const long Limit = 1 << 20;
        var judged = new Judged(Judged.BuiltIn(excludesBursts: true), Limit);
        for (var i = 1ul; i < 40_000; i++)
        {
            judged.Read(Signed((long)i / 100, "a", message: i) with { Address = i, Source = new string('s', (int)(i % 600)) });
            Assert.InRange(judged.Judge.Bytes, 1, Limit);
        }

        Assert.True(judged.Judge.LetGo > 30_000);
        judged.Read(Signed(20 * Minute, "a", message: 1));
        Assert.Equal(1, judged.Judge.Count);
    }

    [Fact]
    public void Click_OfAFloodFromOneAddress_IsJudgedByTheNewestOnly()
    {
        var judged = new Judged(Judged.Only("address_burst"));
        judged.Read(Enumerable.Range(0, 20_000).Select(i => Plain(i / 100, $"link{i}")));

        // All of them are of the flood, and each is judged once.
        Assert.Equal(20_000, judged.Found.Count);
        Assert.Equal(20_000, judged.TakenBack().Count);
    }

    [Fact]
    public void Event_ThatIsHoursOld_IsJudgedWithItsNeighboursAllTheSame()
    {
        // An edge that was cut off sends what it has kept, while others send what is new.
        var judged = new Judged(Judged.Only("link_burst")).Read(
            Signed(180 * Minute, "z", message: 99),
            Signed(0, "a"),
            Signed(180 * Minute + 10, "y", message: 99),
            Signed(100, "b"),
            Signed(200, "c")
        );

        Assert.Equal("scanner by link_burst: a b c", judged.Text());
    }

    [Fact]
    public void Event_OfAWrongClock_LetsNothingGo()
    {
        var judged = new Judged(Judged.Only("link_burst"));
        judged.Read(Signed(0, "a"), Signed(100, "b"));
        var ahead = Signed(0, "q", message: 5) with { Ms = 400 * Minute };
        var id = new EventIds(TimeProvider.System).Next(ahead.At);
        judged.Judge.Observe(ahead.Encode(id), id, [], Sent.ToUnixTimeMilliseconds(), []);
        judged.Read(Signed(200, "c"));

        Assert.Equal("scanner by link_burst: a b c", judged.Text());
    }

    [Fact]
    public void Rules_ThatAreReplaced_JudgeWhatIsThere()
    {
        var ids = new EventIds(TimeProvider.System);
        var judge = new LateJudge(Judged.WindowMs, 1 << 20);
        var found = new List<Correction>();
        judge.Use(Judged.BuiltIn(excludesBursts: false));
        Read(Signed(0, "a"), Signed(100, "b"), Signed(200, "c"));
        Assert.All(found, static correction => Assert.True(correction.IsShadow));
        judge.Use(Judged.BuiltIn(excludesBursts: true));
        Read(Signed(300, "d"));

        Assert.Equal(4, found.Count(static correction => correction.Verdict == Verdict.Scanner));

        void Read(params Seen[] events)
        {
            foreach (var e in events)
            {
                var id = ids.Next(e.At);
                judge.Observe(e.Encode(id), id, [], e.At.ToUnixTimeMilliseconds(), found);
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("""{"v":1,"type":"click"}""")]
    [InlineData("""{"type":"click","message_hash":7,"unit_hash":[],"ip_hash":{},"url":null,"sent_at":"x"}""")]
    [InlineData("""{"type":"click","message_hash":"zzzzzzzzzzzzzzzz","ip_hash":"short"}""")]
    [InlineData("""{"type":"track","ip_hash":"9c2f0d5a7f4e3b1a6d8c9e0f1a2b3c4d","goals":[[[]],{"unit_hashes":[1,{}]}],"verdict":"human"}""")]
    public void Event_OfAnyBytes_IsJudgedWithoutFailing(string json)
    {
        var judge = new LateJudge(Judged.WindowMs, 1 << 20);
        judge.Use(Judged.BuiltIn(excludesBursts: true));
        var found = new List<Correction>();
        judge.Observe(System.Text.Encoding.UTF8.GetBytes(json), default, [], long.MaxValue / 2, found);

        Assert.Empty(found);
    }

    [Fact]
    public void Correction_AsAnEvent_SaysWhatTheClickSaid()
    {
        var judged = new Judged(Judged.Only("link_burst")).Read(
            Signed(0, "a") with { Source = "a \"quoted\" söurce", Country = "FR" },
            Signed(100, "b"),
            Signed(200, "c")
        );
        var correction = judged.Found.Single(found => judged.Of(found).Link == "a");
        var json = System.Text.Encoding.UTF8.GetString(CorrectionEncoder.Encode(correction, correction.Id, "edge-1", room: 0));

        Assert.Equal(
            $$"""{"v":1,"id":"{{correction.Id}}","corrects":"{{correction.Click.Id}}","node":"edge-1","received_at":"2026-05-16T09:00:00.201Z","timestamp":"2026-05-16T09:00:00.000Z","api":"pictify","project":"default","type":"verdict","event":"click","experiment":"slug","experiment_uid":"exp_a","variant":"a","probability":0.25,"weights_version":3,"unit_hash":"{{Signed(0, "a").Unit:x16}}","message_hash":"0000000000000007","source":"a \"quoted\" söurce","country":"FR","device_type":"desktop","browser":"chrome","verdict_before":"human","verdict":"scanner","verdict_reason":"link_burst","verdict_certainty":"probable","authenticated":false}""",
            json
        );
    }

    private static Seen[] Of(params Seen[] events) => events;

    private static Seen[] Walk(int links, long everyMs) =>
        [.. Enumerable.Range(0, links).Select(i => Signed(40_000 + (i * everyMs), ((char)('a' + i)).ToString()))];

    /// <summary>An event that a page reports.</summary>
    private static Seen Visit(long ms) => new() { Type = "track", Ms = ms, Link = "" };
}
