using Edge.Enrichment.UserAgents;
using Edge.Enrichment.Verdicts;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Enrichment.UserAgents;

public class UserAgentCacheTests
{
    private const string ChromeWindows =
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";

    private static readonly Lazy<UserAgentParser> Parser = new(() => new UserAgentParser(RuleTable.Load()));

    [Fact]
    public void Cache_SecondLookup_AllocatesNothing()
    {
        var cache = NewCache();
        var first = cache.Lookup(ChromeWindows);
        cache.Lookup(ChromeWindows);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var second = cache.Lookup(ChromeWindows);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Same(first, second);
        Assert.Equal(0, allocated);
    }

    [Fact]
    public void Cache_FloodOfInventedAgents_NeitherGrowsNorDisplacesTheFamiliar()
    {
        var cache = NewCache();
        cache.Lookup(ChromeWindows);
        var familiar = cache.Lookup(ChromeWindows);

        var invented = Enumerable.Range(0, 40_000).Count(i => cache.Lookup($"x{i}") != cache.Lookup($"y{i}"));

        Assert.Equal(0, invented);
        Assert.Same(familiar, cache.Lookup(ChromeWindows));
    }

    [Fact]
    public void Cache_LongerThanLimit_IsJudgedByItsBeginning()
    {
        var padded = ChromeWindows + new string('x', 10_000) + " Googlebot/2.1";

        Assert.Equal(
            NewCache().Lookup(ChromeWindows).VerdictRules?.Matched,
            NewCache().Lookup(padded).VerdictRules?.Matched
        );
    }

    [Fact]
    public void Cache_RulesThatCannotBeLoaded_CostTheirMembersAndAreCounted()
    {
        var faults = new EnrichmentFaults();
        var cache = new UserAgentCache(BuiltInRules.Judge(), faults, () => throw new InvalidDataException("damaged"));

        var facts = cache.Lookup(ChromeWindows);

        Assert.Equal(
            ("chrome", "windows", "desktop", ""),
            (facts.Browser, facts.Os, facts.DeviceType, facts.BrowserVersion)
        );
        Assert.Equal(1, faults.Of(EnrichmentPart.UserAgent));
    }

    [Theory]
    [InlineData(ChromeWindows, "126.0.0", "10", "", "")]
    [InlineData(ChromeWindows + " Edg/126.0.2592.87", "126.0.2592", "10", "", "")]
    [InlineData(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
        "17.5",
        "17.5.1",
        "Apple",
        "iPhone"
    )]
    [InlineData(
        "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
        "126.0.0",
        "14",
        "Samsung",
        "SM-S918B"
    )]
    [InlineData(
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
        "126.0.0",
        "10",
        "",
        ""
    )]
    [InlineData(
        "Mozilla/5.0 (Linux; Android 13; SM-A536B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36",
        "",
        "13",
        "Samsung",
        "SM-A536B"
    )]
    // What docs/event-schema.md names as standing still: iOS 26, macOS 26, Huawei's browser.
    [InlineData(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
        "26.0",
        "18.6",
        "Apple",
        "iPhone"
    )]
    [InlineData(
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
        "26.0",
        "10.15.7",
        "Apple",
        "Mac"
    )]
    [InlineData(
        "Mozilla/5.0 (Linux; Android 10; HarmonyOS; NOH-AN00; HMSCore 6.4.0.311) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/88.0.4324.93 HuaweiBrowser/12.0.4.301 Mobile Safari/537.36",
        "88.0.4324",
        "10",
        "Huawei",
        "Browser"
    )]
    [InlineData("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "", "", "", "")]
    [InlineData("curl/8.5.0", "", "", "", "")]
    public void UserAgent_Details_AreThoseOfTheSameBrowserAndSystem(
        string userAgent,
        string browser,
        string os,
        string brand,
        string model
    )
    {
        var faults = new EnrichmentFaults();
        var facts = new UserAgentCache(BuiltInRules.Judge(), faults, () => Parser.Value).Lookup(userAgent);

        Assert.Equal(
            (browser, os, brand, model),
            (facts.BrowserVersion, facts.OsVersion, facts.DeviceBrand, facts.DeviceModel)
        );
        Assert.Equal(0, faults.Of(EnrichmentPart.UserAgent));
    }

    [Theory]
    [InlineData("caf\u00c3\u00a9", "caf\u00e9")]
    [InlineData("caf\u00e9", "caf\u00e9")]
    [InlineData("\u00e5\u00b0\u008f\u00e7\u00b1\u00b3", "\u5c0f\u7c73")]
    public void Text_OfAHeader_IsUtf8OrElseLatin1(string header, string expected) =>
        Assert.Equal(expected, UserAgentText.Of(header).ToString());

    [Fact]
    public void Text_CutInsideACharacter_LosesThatCharacterOnly()
    {
        var header = new string('x', UserAgentText.MaxBytes - 1) + "\u00c3\u00a9";

        Assert.Equal(header[..^2], UserAgentText.Of(header).ToString());
    }

    private static UserAgentCache NewCache() => new(BuiltInRules.Judge(), new EnrichmentFaults(), () => Parser.Value);
}
