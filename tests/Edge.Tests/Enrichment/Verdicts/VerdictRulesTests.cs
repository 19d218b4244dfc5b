using System.Net;
using Edge.Enrichment.Verdicts;
using Edge.Events;
using Edge.Requests;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Enrichment.Verdicts;

/// <summary>The operator's own file, files with mistakes, and rules that fail.</summary>
public sealed class VerdictRulesTests : IDisposable
{
    private const string Browser = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0";

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void OwnRules_ComeFirst_AndMayUseBuiltInNetworks()
    {
        var (table, problems) = Load(
            """
            {
              // People read our intranet through this.
              "networks": {"office": {"source": "our own", "cidrs": ["198.51.100.0/25", "2001:db8:1::/48", "192.0.2.1"]}},
              "rules": [
                {"id": "our_office", "verdict": "human", "scope": "all", "certainty": "certain", "mode": "enforced", "networks": ["office"]},
                {"id": "our_monitor", "verdict": "bot", "scope": "click", "certainty": "certain", "mode": "enforced",
                 "userAgentContains": ["Firefox/127"], "networks": ["203.0.113.0/24"], "source": "ticket 12"},
                {"id": "microsoft_api", "verdict": "bot", "scope": "api", "certainty": "probable", "mode": "shadow", "networks": ["microsoft_mail"]},
                {"id": "mimecast_network", "mode": "enforced"},
                {"id": "microsoft_link_scan", "mode": "shadow"},
                {"id": "named_bot", "mode": "off"},
              ]
            }
            """
        );

        Assert.Empty(problems);
        Assert.Equal("human our_office", Judge(table, "Googlebot/2.1 curl/8", "198.51.100.7", VerdictScope.Pixel));
        Assert.Equal("human our_office", Judge(table, "facebookexternalhit/1.1", "192.0.2.1", VerdictScope.Pixel));
        Assert.Equal("bot our_monitor", Judge(table, Browser, "203.0.113.7", VerdictScope.Click));
        Assert.Equal("human ", Judge(table, Browser, "203.0.113.7", VerdictScope.Pixel));
        Assert.Equal("human ", Judge(table, "Firefox/128", "203.0.113.7", VerdictScope.Click));
        Assert.Equal("human  bot:microsoft_api", Judge(table, Browser, "52.100.0.1", VerdictScope.Api));
        Assert.Equal("scanner mimecast_network", Judge(table, Browser, "91.220.42.1", VerdictScope.Click));
        Assert.Equal("human  scanner:microsoft_link_scan", Judge(table, Browser, "52.100.0.1", VerdictScope.Click));
        Assert.Equal("human ", Judge(table, "Googlebot/2.1", "203.0.113.7", VerdictScope.Pixel));
    }

    [Theory]
    [InlineData("not JSON", "{", "is not valid JSON at line 1")]
    [InlineData("no object", "[]", "must be an object")]
    [InlineData("unknown member", """{"rules":[],"rule":[]}""", "unknown member 'rule'")]
    [InlineData("no rules", "{}", "rules must be an array")]
    [InlineData(
        "rule without condition",
        """{"rules":[{"id":"a","verdict":"bot","scope":"all","certainty":"certain","mode":"enforced"}]}""",
        "rules[0] has no condition"
    )]
    [InlineData(
        "misspelt verdict",
        """{"rules":[{"id":"a","verdict":"robot","scope":"all","certainty":"certain","mode":"enforced","networks":["192.0.2.1"]}]}""",
        "rules[0].verdict must be one of human, proxy, prefetch, scanner, bot, unknown"
    )]
    [InlineData(
        "bits after the prefix",
        """{"rules":[{"id":"a","verdict":"bot","scope":"all","certainty":"certain","mode":"enforced","networks":["192.0.2.1/24"]}]}""",
        "rules[0].networks '192.0.2.1/24' is neither a network"
    )]
    [InlineData(
        "IPv4 as IPv6",
        """{"rules":[{"id":"a","verdict":"bot","scope":"all","certainty":"certain","mode":"enforced","networks":["::ffff:192.0.2.0/120"]}]}""",
        "is neither a network"
    )]
    [InlineData(
        "short token",
        """{"rules":[{"id":"a","verdict":"bot","scope":"all","certainty":"certain","mode":"enforced","userAgentContains":["x"]}]}""",
        "must be 3 to 128 ASCII characters"
    )]
    [InlineData(
        "wrong type",
        """{"rules":[{"id":"a","verdict":"bot","scope":"all","certainty":"certain","mode":"enforced","userAgentContains":"xyz"}]}""",
        "must be an array of strings"
    )]
    [InlineData(
        "id of a built-in",
        """{"rules":[{"id":"named_bot","verdict":"bot","scope":"all","certainty":"certain","mode":"enforced","userAgentContains":["xyz"]}]}""",
        "'named_bot' is the id of a built-in rule"
    )]
    [InlineData(
        "mode of nothing",
        """{"rules":[{"id":"nobody","mode":"off"}]}""",
        "there is no built-in rule 'nobody'"
    )]
    [InlineData(
        "the same id twice",
        """
            {"rules":[{"id":"a","verdict":"bot","scope":"all","certainty":"certain","mode":"enforced","userAgentContains":["xyz"]},
                      {"id":"a","verdict":"bot","scope":"all","certainty":"certain","mode":"enforced","userAgentContains":["abc"]}]}
            """,
        "'a' is used twice"
    )]
    [InlineData(
        "empty header",
        """{"rules":[{"id":"a","verdict":"bot","scope":"all","certainty":"certain","mode":"enforced","header":{"name":"X-A","contains":[]}}]}""",
        "rules[0].header.contains must be"
    )]
    [InlineData(
        "half a surrogate pair",
        """{"rules":[{"id":"a","verdict":"bot","scope":"all","certainty":"certain","mode":"enforced","userAgentIs":["\ud800"]}]}""",
        "surrogate"
    )]
    [InlineData(
        "late rule without anything",
        """{"late":[{"id":"a","verdict":"scanner","by":"message","certainty":"probable","mode":"shadow","withinMs":5}]}""",
        "late[0] needs either decoy or links"
    )]
    [InlineData(
        "late rule with both",
        """{"late":[{"id":"a","verdict":"scanner","by":"message","certainty":"probable","mode":"shadow","withinMs":5,"links":2,"decoy":true}]}""",
        "late[0] needs either decoy or links"
    )]
    [InlineData(
        "late rule without a time",
        """{"late":[{"id":"a","verdict":"scanner","by":"message","certainty":"probable","mode":"shadow","links":2}]}""",
        "late[0].withinMs must be a whole number from 0 to 3600000"
    )]
    [InlineData(
        "one link",
        """{"late":[{"id":"a","verdict":"scanner","by":"message","certainty":"probable","mode":"shadow","withinMs":5,"links":1}]}""",
        "late[0].links must be a whole number from 2 to 100"
    )]
    [InlineData(
        "late verdict of people",
        """{"late":[{"id":"a","verdict":"human","by":"message","certainty":"probable","mode":"shadow","withinMs":5,"links":2}]}""",
        "late[0].verdict must be one of prefetch, scanner, bot"
    )]
    [InlineData(
        "a visit that takes back",
        """{"late":[{"id":"a","verdict":"bot","by":"visit","certainty":"probable","mode":"shadow","withinMs":5}]}""",
        "late[0].verdict must be one of human"
    )]
    [InlineData(
        "a visit with links",
        """{"late":[{"id":"a","verdict":"human","by":"visit","certainty":"probable","mode":"shadow","withinMs":5,"links":2}]}""",
        "late[0] is by visit, so it has neither decoy nor links"
    )]
    [InlineData(
        "sent by address",
        """{"late":[{"id":"a","verdict":"bot","by":"address","certainty":"probable","mode":"shadow","withinMs":5,"links":2,"sentSeconds":[1,2]}]}""",
        "late[0].sentSeconds is for rules by message"
    )]
    [InlineData(
        "sent backwards",
        """{"late":[{"id":"a","verdict":"scanner","by":"message","certainty":"probable","mode":"shadow","withinMs":5,"links":2,"sentSeconds":[2,1]}]}""",
        "late[0].sentSeconds must be two whole numbers"
    )]
    [InlineData(
        "after nothing",
        """{"late":[{"id":"a","verdict":"scanner","by":"message","certainty":"probable","mode":"shadow","withinMs":5,"links":2,"afterRules":["nobody"]}]}""",
        "late rule 'a' has afterRules 'nobody'"
    )]
    [InlineData(
        "unknown member of a late rule",
        """{"late":[{"id":"a","verdict":"scanner","by":"message","certainty":"probable","mode":"shadow","withinMs":5,"links":2,"within":1}]}""",
        "late[0] has an unknown member 'within'"
    )]
    [InlineData(
        "id of a built-in late rule",
        """{"late":[{"id":"link_burst","verdict":"bot","by":"message","certainty":"probable","mode":"shadow","withinMs":5,"links":2}]}""",
        "'link_burst' is the id of a built-in rule"
    )]
    [InlineData(
        "late is no list",
        """{"late":{}}""",
        "late must be an array"
    )]
    [InlineData(
        "late with the id of another rule",
        """{"rules":[{"id":"a","verdict":"bot","scope":"all","certainty":"certain","mode":"enforced","networks":["192.0.2.1"]}],"late":[{"id":"a","verdict":"scanner","by":"message","certainty":"probable","mode":"shadow","withinMs":5,"links":2}]}""",
        "'a' is used twice"
    )]
    public void OwnRules_WithAMistake_AreNamedAndLeftOut(string row, string file, string expected)
    {
        var (table, problems) = Load(file);

        Assert.True(
            problems.Any(problem => problem.Contains(expected, StringComparison.Ordinal)),
            $"{row}: {string.Join('|', problems)}"
        );
        Assert.Equal("bot named_bot", Judge(table, "Googlebot/2.1", "203.0.113.7", VerdictScope.Pixel));
    }

    [Fact]
    public void OwnLateRules_ComeFirst_AndSetTheModesOfTheOthers()
    {
        var (table, problems) = Load(
            """
            {"late": [
              {"id": "our_burst", "verdict": "bot", "by": "message", "certainty": "certain", "mode": "enforced", "links": 4, "withinMs": 3000,
               "once": true, "sentSeconds": [20, 300], "afterRules": ["http_tool"], "source": "ticket 9"},
              {"id": "link_burst", "mode": "enforced"},
              {"id": "decoy", "mode": "shadow"},
              {"id": "visit_followed", "mode": "off"}
            ]}
            """
        );

        Assert.Empty(problems);
        var own = table!.Late[0];
        Assert.Equal(("our_burst", Verdict.Bot, LateScope.Message, 4, 3_000), (own.Id, own.Verdict, own.Scope, own.Links, own.WithinMs));
        Assert.Equal((true, true, true, (20_000L, 300_000L)), (own.IsOnce, own.IsCertain, own.IsEnforced, own.SentMs!.Value));
        Assert.Equal(["http_tool"], own.AfterRules);
        Assert.Equal(["our_burst", "decoy_address", "link_burst"], table.Late.Where(static rule => rule.IsEnforced).Select(static rule => rule.Id));
        Assert.DoesNotContain(table.Late, static rule => rule.Id == "visit_followed");
    }

    [Fact]
    public void OwnLateRules_MoreThanThereIsRoomFor_AreRefused()
    {
        var many = Enumerable
            .Range(0, LateRule.CountMax)
            .Select(i => $$"""{"id":"r{{i}}","verdict":"bot","by":"message","certainty":"certain","mode":"enforced","links":4,"withinMs":3000}""");

        Assert.Contains(
            "has more than",
            Assert.Single(Load($$"""{"late":[{{string.Join(',', many)}}]}""").Problems),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void OwnRules_MissingFile_IsNamed()
    {
        var (table, problems) = VerdictRules.Load(VerdictRuleOptions.Default with { File = _directory["nowhere.json"] });

        Assert.Contains("nowhere.json", Assert.Single(problems), StringComparison.Ordinal);
        Assert.NotNull(table);
    }

    [Fact]
    public void OwnRules_MoreThanThereIsRoomFor_AreRefused()
    {
        var rule =
            """{"id":"r$","verdict":"bot","scope":"all","certainty":"certain","mode":"enforced","networks":["192.0.2.1"]}""";
        var many = Enumerable
            .Range(0, RuleSet.Capacity)
            .Select(i => rule.Replace("$", $"{i}", StringComparison.Ordinal));

        Assert.Contains(
            "has more than",
            Assert.Single(Load($$"""{"rules":[{{string.Join(',', many)}}]}""").Problems),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void OwnRules_AnyBytes_NeverThrow()
    {
        var random = new Random(8);
        var sound = File.ReadAllBytes(
            Path.Combine(Repository.Root, "src", "Edge", "Enrichment", "Verdicts", "rules.json")
        );
        for (var i = 0; i < 2_000; i++)
        {
            var bytes = sound.ToArray();
            for (var change = random.Next(1, 6); change > 0; change--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            var reader = new VerdictRuleReader(isBuiltIn: false);
            reader.Read(bytes);
            if (reader.Problems.Count == 0)
            {
                _ = new VerdictTable(reader.Rules);
            }
        }
    }

    [Fact]
    public void BuiltInRules_ThatCannotBeRead_LeaveTheVerdictOutAndAreCounted()
    {
        var (table, problems) = VerdictRules.Load("{"u8.ToArray(), VerdictRuleOptions.Default);
        var faults = new EnrichmentFaults();
        var judge = new VerdictJudge(table, problems.Count, faults);

        var judgement = judge.Judge(
            judge.MatchAgent("Googlebot/2.1"),
            default,
            [],
            VerdictScope.Pixel
        );

        Assert.NotEmpty(problems);
        Assert.Equal(
            (Verdict.Unjudged, "", 1),
            (judgement.Verdict, judgement.Reason, faults.Of(EnrichmentPart.Verdict))
        );
    }

    [Fact]
    public void Judging_ThatThrows_LeavesTheVerdictOutAndIsCounted()
    {
        var faults = new EnrichmentFaults();
        var judge = BuiltInRules.Judge(faults);
        // A scope that does not exist: the fault of a caller, which the tables answer with an exception.
        const VerdictScope Unknown = (VerdictScope)99;

        var judgement = judge.Judge(judge.MatchAgent(Browser), default, [], Unknown);

        Assert.Equal((Verdict.Unjudged, 1), (judgement.Verdict, faults.Of(EnrichmentPart.Verdict)));
    }

    private VerdictLoadResult Load(string file)
    {
        File.WriteAllText(_directory["rules.json"], file);
        return VerdictRules.Load(VerdictRuleOptions.Default with { File = _directory["rules.json"] });
    }

    private static string Judge(VerdictTable? table, string userAgent, string address, VerdictScope scope)
    {
        var bits = ClientAddress.From(IPAddress.Parse(address)).ToBits(out var isV4);
        var judgement = table!.Judge(table.MatchAgent(userAgent), bits, isV4, [], scope);
        return $"{VerdictNames.Of(judgement.Verdict)} {judgement.Reason}"
            + (judgement.Shadow is { } shadow ? " " + shadow.ShadowText : "");
    }
}
