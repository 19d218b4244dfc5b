using System.Net;
using Edge.Enrichment.Verdicts;
using Edge.Events;
using Edge.Formats;
using Edge.Requests;
using Edge.Settings;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Enrichment.Verdicts;

/// <summary>The built-in rules and how they are asked.</summary>
public class VerdictTableTests
{
    private const string ChromeWindows =
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";

    private const string Stranger = "203.0.113.7";

    private static readonly VerdictTable BuiltIn = VerdictRules.Load(VerdictRuleOptions.Default).Table!;

    [Theory]
    [InlineData(ChromeWindows, "human", "", "")]
    [InlineData("curl/8.5.0", "human", "", "bot:http_tool")]
    [InlineData("python-requests/2.32", "human", "", "bot:http_tool")]
    [InlineData("", "unknown", "no_user_agent", "bot:empty_user_agent")]
    [InlineData("Mozilla/5.0", "proxy", "apple_mail_privacy", "prefetch:apple_mail_prefetch")]
    [InlineData("Mozilla/5.0 ", "human", "", "")]
    [InlineData(
        "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
        "proxy",
        "gmail_image_proxy",
        ""
    )]
    [InlineData(
        "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
        "proxy",
        "yahoo_mail_proxy",
        ""
    )]
    [InlineData("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "bot", "named_bot", "")]
    [InlineData("Mozilla/5.0 (compatible; bingbot/2.0)", "bot", "named_bot", "")]
    [InlineData("Mozilla/5.0 (compatible; AdsBot-Google-Mobile)", "bot", "named_bot", "")]
    [InlineData("Mozilla/5.0 (compatible; YandexImages/3.0; +http://yandex.com/bots)", "bot", "named_bot", "")]
    [InlineData("Twitterbot/1.0", "bot", "named_bot", "")]
    [InlineData("LinkedInBot/1.0", "bot", "named_bot", "")]
    [InlineData("facebookexternalhit/1.1", "bot", "facebookexternalhit", "")]
    [InlineData("Baiduspider+(+http://www.baidu.com/search/spider.htm)", "bot", "named_bot", "")]
    [InlineData("Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/126.0", "bot", "headless_chrome", "")]
    [InlineData("BarracudaCentral/1.0 (crawler)", "scanner", "barracuda", "")]
    [InlineData(
        "Mozilla/5.0 (Linux; Android 9; CUBOT X20) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36",
        "human",
        "",
        ""
    )]
    [InlineData("Mozilla/5.0 (Linux; CUBOT X20) Googlebot/2.1", "bot", "named_bot", "")]
    [InlineData("Mozilla/5.0 (iPhone) Instagram 300.0 (iPhone14,5; google)", "human", "", "")]
    [InlineData("Mozilla/5.0 (Linux; Android 8.1; M bot 60 Build/O11019)", "human", "", "")]
    [InlineData("Mozilla/5.0 (Linux; Android 8.1; IDbot553 Build/O11019)", "human", "", "")]
    [InlineData("Mozilla/5.0 (Linux; Android 8.1; B BOT 50 Build/O11019)", "human", "", "")]
    [InlineData("Mozilla/5.0 (Linux; Android 8.1; ID bot 53+ Build/O11019)", "human", "", "")]
    [InlineData("Mozilla/5.0 (compatible; spam bot 60)", "bot", "named_bot", "")]
    [InlineData("Mozilla/5.0 (compatible; Bluesky Cardyb/1.1; +mailto:x)", "bot", "link_preview", "")]
    [InlineData("Misskey/2025.3.1 (https://m.example)", "bot", "link_preview", "")]
    [InlineData("Akkoma 3.13.2; https://a.example", "bot", "link_preview", "")]
    [InlineData("Lemmy/0.19.3; +https://l.example", "bot", "link_preview", "")]
    [InlineData("Friendica 'Yellow Archangel' 2024.12", "bot", "link_preview", "")]
    [InlineData("Mastodon/4.3.0 (http.rb/5.2.0; +https://m.example)", "bot", "link_preview", "")]
    [InlineData("Uptime-Kuma/1.23.16", "bot", "uptime_check", "")]
    [InlineData("check_http/v2.3 (monitoring-plugins 2.3)", "bot", "uptime_check", "")]
    [InlineData("Mozilla/5.0 (compatible; PRTG Network Monitor)", "bot", "uptime_check", "")]
    [InlineData("Mozilla/5.0 (Macintosh) Checkly/1.0", "bot", "uptime_check", "")]
    [InlineData("Mozilla/5.0 (compatible; GPTBot/1.3)", "bot", "named_bot", "")]
    [InlineData("OAI-SearchBot/1.0", "bot", "named_bot", "")]
    [InlineData("ClaudeBot/1.0", "bot", "named_bot", "")]
    [InlineData("PerplexityBot/1.0", "bot", "named_bot", "")]
    [InlineData("meta-webindexer bot", "bot", "named_bot", "")]
    [InlineData("DuckAssistBot/1.2", "bot", "named_bot", "")]
    [InlineData("ChatGPT-User/1.0", "bot", "ai_fetcher", "")]
    [InlineData("Claude-User/1.0", "bot", "ai_fetcher", "")]
    [InlineData("Google-NotebookLM", "bot", "google_fetcher", "")]
    [InlineData("Gemini-Deep-Research", "bot", "ai_fetcher", "")]
    [InlineData("Amzn-User/0.1", "bot", "ai_fetcher", "")]
    [InlineData("BotanicalBrowser/1.0", "human", "", "")]
    [InlineData("xy", "human", "", "")]
    public void UserAgent_FromAStranger_IsJudgedByItsWords(
        string userAgent,
        string verdict,
        string reason,
        string shadow
    ) => Assert.Equal((verdict, reason, shadow), Judge(BuiltIn, userAgent, Stranger, VerdictScope.Pixel));

    [Theory]
    [InlineData("Microsoft, pixel", "40.94.10.1", VerdictScope.Pixel, "proxy", "microsoft_image_proxy", "")]
    [InlineData("Microsoft, click", "40.94.10.1", VerdictScope.Click, "scanner", "microsoft_link_scan", "")]
    [InlineData("Microsoft, API", "40.94.10.1", VerdictScope.Api, "human", "", "")]
    [InlineData("Microsoft, IPv6", "2a01:111:f400::1", VerdictScope.Click, "scanner", "microsoft_link_scan", "")]
    [InlineData(
        "Microsoft, written as IPv6",
        "::ffff:40.94.10.1",
        VerdictScope.Click,
        "scanner",
        "microsoft_link_scan",
        ""
    )]
    [InlineData(
        "Microsoft, one of two addresses",
        "13.107.6.153",
        VerdictScope.Click,
        "scanner",
        "microsoft_link_scan",
        ""
    )]
    [InlineData("one after Microsoft's two", "13.107.6.154", VerdictScope.Click, "human", "", "")]
    [InlineData("Google, pixel", "66.249.84.12", VerdictScope.Pixel, "proxy", "google_image_proxy_network", "")]
    [InlineData("Google, click", "66.249.84.12", VerdictScope.Click, "scanner", "google_link_scan", "")]
    [InlineData("Barracuda, click", "209.222.82.9", VerdictScope.Click, "human", "", "scanner:barracuda_network")]
    [InlineData("Barracuda, pixel", "209.222.82.9", VerdictScope.Pixel, "human", "", "")]
    [InlineData("a stranger", Stranger, VerdictScope.Click, "human", "", "")]
    [InlineData("a stranger, IPv6", "2001:db8::1", VerdictScope.Click, "human", "", "")]
    public void Network_InItsScope_Decides(
        string row,
        string address,
        object scope,
        string verdict,
        string reason,
        string shadow
    ) =>
        Assert.Equal(
            (row, (verdict, reason, shadow)),
            (row, Judge(BuiltIn, ChromeWindows, address, (VerdictScope)scope))
        );

    [Theory]
    [InlineData("Sec-Purpose", "prefetch;prerender", "prefetch", "sec_purpose")]
    [InlineData("Purpose", "Prefetch", "prefetch", "purpose")]
    [InlineData("X-Moz", "prefetch", "prefetch", "x_moz")]
    [InlineData("X-Purpose", "preview", "prefetch", "x_purpose")]
    [InlineData("Sec-Purpose", "navigate", "human", "")]
    public void Header_OfASpeculativeLoad_ComesBeforeEverything(
        string name,
        string value,
        string verdict,
        string reason
    )
    {
        Assert.Equal((verdict, reason, ""), Judge(BuiltIn, ChromeWindows, Stranger, VerdictScope.Click, (name, value)));
        if (reason.Length > 0)
        {
            Assert.Equal(
                (verdict, reason, ""),
                Judge(BuiltIn, "Googlebot/2.1", "40.94.10.1", VerdictScope.Click, (name, value))
            );
        }
    }

    [Theory]
    [InlineData("curl/8.5.0", "bot", "http_tool")]
    [InlineData("", "bot", "empty_user_agent")]
    [InlineData("Mozilla/5.0", "prefetch", "apple_mail_prefetch")]
    [InlineData(ChromeWindows, "human", "")]
    public void Switches_Enforce_WhatWasInShadow(string userAgent, string verdict, string reason)
    {
        var options = new EdgeOptions { AutomationExcludeTools = true, AutomationExcludeApplePrivacy = true };
        var table = VerdictRules.Load(options.ToVerdictRuleOptions()).Table!;

        Assert.Equal((verdict, reason, ""), Judge(table, userAgent, Stranger, VerdictScope.Pixel));
    }

    [Fact]
    public void Bursts_AreInShadow_UntilTheirSwitchEnforcesThem()
    {
        string[] bursts = ["link_burst", "link_pair_after_send", "every_link_once", "network_burst", "address_burst"];
        Assert.Equal(bursts, BuiltIn.Late.Where(static rule => !rule.IsEnforced).Select(static rule => rule.Id));

        var options = new EdgeOptions { AutomationExcludeBursts = true };
        Assert.All(VerdictRules.Load(options.ToVerdictRuleOptions()).Table!.Late, static rule => Assert.True(rule.IsEnforced, rule.Id));
    }

    [Fact]
    public void BuiltInRules_AreSound()
    {
        Assert.Empty(VerdictRules.Load(VerdictRuleOptions.Default).Problems);
        Assert.InRange(BuiltIn.Rules.Count, 40, RuleSet.Capacity - 128);
        Assert.All(
            BuiltIn.Rules,
            rule =>
                Assert.True(
                    rule.EnforcedBy.Length == 0 || EdgeSettings.All.Any(setting => setting.Key == rule.EnforcedBy),
                    rule.Id
                )
        );
        var guide = File.ReadAllText(Path.Combine(Repository.Root, "docs", "enrichment.md"));
        Assert.All(BuiltIn.Rules, rule => Assert.Contains($"| `{rule.Id}` |", guide, StringComparison.Ordinal));
        Assert.All(
            BuiltIn.Late,
            rule =>
            {
                var mode = rule.EnforcedBy.Length > 0 ? $"shadow, until `{rule.EnforcedBy}`" : "enforced";
                var row = $"| `{rule.Id}` | {rule.Scope.ToString().ToLowerInvariant()} | {rule.CertaintyText} | {mode} |";
                Assert.Contains(row, guide, StringComparison.Ordinal);
                Assert.True(rule.EnforcedBy.Length == 0 || EdgeSettings.All.Any(setting => setting.Key == rule.EnforcedBy), rule.Id);
            }
        );
    }

    /// <summary>
    /// Compared with asking every network of every rule, on networks that touch and lie within each other.
    /// </summary>
    [Fact]
    public void Networks_AnyOfThem_AreFoundAsOneByOne()
    {
        var random = new Random(5);
        for (var round = 0; round < 200; round++)
        {
            var isV4 = round % 2 == 0;
            var rules = Enumerable
                .Range(0, random.Next(1, 80))
                .Select(_ => Rule(Enumerable.Range(0, random.Next(0, 4)).Select(_ => Network(random, isV4))))
                .ToArray();
            var table = new NetworkTable(rules);
            for (var i = 0; i < 300; i++)
            {
                var around = rules[random.Next(rules.Length)].Networks;
                var address =
                    around.Count == 0 || i % 3 == 0
                        ? Address(random, isV4)
                        : (
                            i % 3 == 1
                                ? around[0].First - (UInt128)random.Next(2)
                                : around[0].Last + (UInt128)random.Next(2)
                        );
                if (isV4)
                {
                    address &= uint.MaxValue;
                }

                var expected = default(RuleSet);
                for (var rule = 0; rule < rules.Length; rule++)
                {
                    if (
                        rules[rule]
                            .Networks.Any(network =>
                                network.IsV4 == isV4 && address >= network.First && address <= network.Last
                            )
                    )
                    {
                        expected = expected.With(rule);
                    }
                }

                Assert.Equal(expected, table.Find(address, isV4));
            }
        }
    }

    /// <summary>Compared with looking for each text by itself.</summary>
    [Fact]
    public void Tokens_AnyOfThem_AreFoundAsOneByOne()
    {
        var random = new Random(6);
        string Text(int min, int max) =>
            string.Concat(Enumerable.Range(0, random.Next(min, max)).Select(_ => "abAB/. -"[random.Next(8)]));
        for (var round = 0; round < 300; round++)
        {
            var rules = Enumerable
                .Range(0, random.Next(1, 200))
                .Select(_ =>
                    Rule([]) with
                    {
                        AgentContains = [.. Enumerable.Range(0, random.Next(3)).Select(_ => Text(3, 7))],
                        AgentIs = random.Next(4) == 0 ? [Text(0, 4)] : [],
                    }
                )
                .ToArray();
            var table = new AgentTokens(rules);
            for (var i = 0; i < 50; i++)
            {
                var agent = Text(0, 30);
                var found = table.Match(agent);
                for (var rule = 0; rule < rules.Length; rule++)
                {
                    var expected =
                        !rules[rule].LooksAtAgent
                        || rules[rule].AgentIs.Contains(agent)
                        || rules[rule]
                            .AgentContains.Any(text => agent.Contains(text, StringComparison.OrdinalIgnoreCase));
                    Assert.Equal(expected, !(found & default(RuleSet).With(rule)).IsEmpty);
                }
            }
        }
    }

    [Fact]
    public void Judging_Anybody_AllocatesNothing()
    {
        var judge = BuiltInRules.Judge();
        var agent = judge.MatchAgent(ChromeWindows);
        HeaderLine[] headers = [new("Referer", "https://mail.example/".AsMemory())];
        var address = ClientAddress.From(IPAddress.Parse("2a01:111:f400::1"));
        judge.Count(judge.Judge(agent, address, headers, VerdictScope.Click));

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            judge.Count(judge.Judge(judge.MatchAgent(ChromeWindows), address, headers, VerdictScope.Click));
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static (string Verdict, string Reason, string Shadow) Judge(
        VerdictTable table,
        string userAgent,
        string address,
        VerdictScope scope,
        params (string Name, string Value)[] headers
    )
    {
        var all = Array.ConvertAll(headers, header => new HeaderLine(header.Name, header.Value.AsMemory()));
        var bits = ClientAddress.From(IPAddress.Parse(address)).ToBits(out var isV4);
        var judgement = table.Judge(table.MatchAgent(userAgent), bits, isV4, all, scope);
        return (VerdictNames.Of(judgement.Verdict), judgement.Reason, judgement.Shadow?.ShadowText ?? "");
    }

    private static VerdictRule Rule(IEnumerable<VerdictNetwork> networks) =>
        new()
        {
            Id = "x",
            Verdict = Verdict.Bot,
            Scopes = VerdictScope.All,
            IsCertain = true,
            IsEnforced = true,
            Networks = [.. networks],
        };

    private static VerdictNetwork Network(Random random, bool isV4)
    {
        var bits = isV4 ? 32 : 128;
        // Mostly large ones, so that they lie within each other.
        var prefix = random.Next(3) == 0 ? random.Next(bits + 1) : random.Next(6);
        var size = prefix == 0 ? (isV4 ? uint.MaxValue : UInt128.MaxValue) : (UInt128.One << (bits - prefix)) - 1;
        var first = Address(random, isV4) & ~size;
        return new VerdictNetwork(isV4, first, first | size);
    }

    private static UInt128 Address(Random random, bool isV4) =>
        isV4
            ? (UInt128)random.NextInt64(1L << 32)
            : new UInt128((ulong)random.NextInt64() << 1, (ulong)random.NextInt64() << 1 | 1);
}
