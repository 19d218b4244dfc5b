using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Edge.Catalog;
using Edge.Enrichment.Verdicts;
using Edge.Experiments;
using Edge.Explanation;
using Edge.Formats;
using Edge.Selection;
using Edge.Tests.Experiments;
using Edge.Tests.Support;
using Edge.Visits;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Edge.Tests.Visits;

/// <summary>The description of a request: what it is read as, and what is refused.</summary>
public class VisitExplanationTests
{
    private static readonly VerdictJudge Judge = BuiltInRules.Judge();

    private const string Chrome =
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";
    private static readonly DateTimeOffset Now = new(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);

    private static readonly CatalogEntry Ab = new(Definitions.Experiment(Definitions.With("status", "\"running\"")));

    [Fact]
    public void Explain_AddressAndUserAgent_GiveTheViewerKeyAndItsBucket()
    {
        var explanation = Explained($$"""{"ip": "203.0.113.7", "headers": {"user-agent": "{{Chrome}}"} }""");

        Assert.Equal(new ExplainedUnit("viewer key", "b35b0be5636c4858"), explanation.Unit);
        Assert.Equal((3621, "a", "SPLIT"), (explanation.Split!.Bucket, explanation.Variant, explanation.Reason));
        Assert.Equal(new BucketRange(0, 5000), explanation.Split.Range);
        Assert.Equal(
            "The unit falls into bucket 3621, and that bucket belongs to variant 'a', whose weight is 5000 of 10000.",
            explanation.Why
        );
        Assert.Equal(
            ("chrome", "windows", "desktop"),
            (
                explanation.Properties["browser"],
                explanation.Properties["device.os"],
                explanation.Properties["device.type"]
            )
        );
        Assert.Equal(Now, explanation.At);
    }

    [Theory]
    [InlineData("de", "DE", "EU")]
    [InlineData("US", "US", "NA")]
    [InlineData("XX", null, null)]
    public void Explain_Country_IsReadAsTheServiceReadsIt(string country, string? seen, string? continent)
    {
        var properties = Explained($$"""{"query": "u=1", "country": "{{country}}"}""").Properties;

        Assert.Equal((seen, continent), (properties["geo.country"], properties["geo.continent"]));
    }

    [Theory]
    [InlineData("""{"url": "https://edge.example/s/homepage-hero-test/pixel.gif?u=reader%2B1&x=1#top"}""", "reader+1")]
    [InlineData("""{"query": "?u=reader-1", "ip": "203.0.113.7"}""", "reader-1")]
    [InlineData("""{"url": "http://edge.example/page", "query": "u=reader-1"}""", "reader-1")]
    public void Explain_UnitParameter_IsTheUnit(string description, string unit) =>
        Assert.Equal(new ExplainedUnit("u parameter", unit), Explained(description).Unit);

    [Theory]
    [InlineData("""{"headers": {"User-Agent": "Googlebot/2.1"}}""", "BOT", "bot")]
    [InlineData("""{"headers": {"Sec-Purpose": "prefetch;prerender"}, "query": "u=1"}""", "BOT", "prefetch")]
    [InlineData("""{"headers": {"User-Agent": "Mimecast"}}""", "BOT", "scanner")]
    [InlineData("""{"headers": {"User-Agent": "Googlebot/2.1"}, "query": "variant=b"}""", "STATED", "bot")]
    [InlineData("""{"query": "variant=b"}""", "STATED", "unknown")]
    [InlineData("""{"query": "variant=nobody&u=1"}""", "SPLIT", "unknown")]
    [InlineData("""{"headers": {"User-Agent": "Mozilla/5.0"}, "query": "u=1"}""", "SPLIT", "proxy")]
    public void Explain_Sender_IsJudged(string description, string reason, string verdict)
    {
        var explanation = Explained(description);

        Assert.Equal((reason, verdict), (explanation.Reason, explanation.Verdict.Verdict));
        Assert.Equal(verdict is "bot" or "prefetch" or "scanner", explanation.Verdict.IsMachine);
        Assert.Equal(!explanation.Verdict.IsMachine, explanation.Counted);
    }

    [Theory]
    [InlineData("{}", "full", true)]
    [InlineData("""{"onSignal": "off"}""", "full", true)]
    [InlineData("""{"onSignal": "off"}""", "off", false, """, "headers": {"Sec-GPC": "1"}""")]
    [InlineData("""{"onSignal": "off"}""", "full", true, """, "headers": {"Sec-GPC": "0"}""")]
    [InlineData("""{"onSignal": "aggregate"}""", "aggregate", true, """, "headers": {"dnt": "1"}""")]
    [InlineData("""{"mode": "off"}""", "off", false)]
    public void Explain_Tracking_SaysWhatIsKept(string config, string tracking, bool isCounted, string more = "")
    {
        var entry = new CatalogEntry(Definitions.Experiment(Definitions.With("trackingConfig", config)));
        var running = new CatalogEntry(entry.Experiment with { Status = ExperimentStatus.Running });
        var description = Encoding.UTF8.GetBytes($$"""{"query": "u=1"{{more}}}""");

        var explanation = VisitExplanation.Explain(description, running, Judge, believesStated: true, Now).Explanation!;

        Assert.Equal((tracking, isCounted), (explanation.Tracking.ToString().ToLowerInvariant(), explanation.Counted));
    }

    [Theory]
    [InlineData("""{"headers": {"Sec-Purpose": "prefetch;prerender"}, "kind": "click", "query": "u=1"}""")]
    [InlineData("""{"headers": {"Purpose": "prefetch"}, "url": "https://edge.example/s/homepage-hero-test/click?u=1"}""")]
    public void Explain_ClickAheadOfTheVisit_IsRefused(string description)
    {
        var explanation = Explained(description);

        Assert.Equal(("PREFETCH", null, null), (explanation.Reason, explanation.Variant, explanation.Destination));
        Assert.Equal((true, false), (explanation.Served, explanation.Counted));
        Assert.Contains("503", explanation.Why, StringComparison.Ordinal);
        Assert.Contains("503", explanation.Verdict.Effect, StringComparison.Ordinal);
    }

    [Fact]
    public void Explain_StatedVariantNotBelieved_IsIgnored()
    {
        var reading = VisitExplanation.Explain(
            """{"query": "variant=b&u=1"}"""u8.ToArray(),
            Ab,
            Judge,
            believesStated: false,
            Now
        );

        Assert.Equal("SPLIT", reading.Explanation!.Reason);
    }

    [Fact]
    public void Explain_Time_IsTheCallersThenTheDescriptionsThenTheClocks()
    {
        const string Described = """{"query": "u=1", "at": "2026-05-01T10:00:00+02:00"}""";

        Assert.Equal(new DateTimeOffset(2026, 5, 1, 8, 0, 0, TimeSpan.Zero), Explained(Described).At);
        Assert.Equal(Now.AddYears(1), Explained(Described, Now.AddYears(1)).At);
        Assert.Equal(Now, Explained("""{"query": "u=1"}""").At);
    }

    [Fact]
    public void Explain_Headers_AreTheBytesAListenerHandsOver()
    {
        var explanation = Explained(
            """{"ip": "2001:db8::1", "headers": {"User-Agent": "Zoé 🙂", "Accept-Language": "de-AT, en;q=0.5", "Referer": "https://www.Example.com/x"}, "country": "de"}"""
        );
        var key = new byte[ViewerKey.Bytes];
        ViewerKey.Compute("2001:db8::1"u8, Encoding.UTF8.GetBytes("Zoé 🙂"), key);

        Assert.Equal(Encoding.ASCII.GetString(key), explanation.Unit!.Value);
        Assert.Equal(
            ("de-AT", "Example.com", "DE"),
            (
                explanation.Properties["browser.language"],
                explanation.Properties["referrer.domain"],
                explanation.Properties["geo.country"]
            )
        );
    }

    [Theory]
    [InlineData("""{"ip": "1.2.3"}""", "ip:invalid_format")]
    [InlineData("""{"ip": 5}""", "ip:invalid_type")]
    [InlineData("""{}""", "ip:required")]
    [InlineData("""{"query": "u=1", "country": "DEU"}""", "country:invalid_format")]
    [InlineData("""{"query": "u=1", "at": "yesterday"}""", "at:invalid_format")]
    [InlineData("""{"query": "u=1", "at": "2026-05-01T10:00:00"}""", "at:invalid_format")]
    [InlineData("""{"url": "/s/homepage-hero-test/click?u=1"}""", "url:invalid_format")]
    [InlineData("""{"url": "ftp://x/s/homepage-hero-test/click?u=1"}""", "url:invalid_format")]
    [InlineData("""{"url": "https://x/s/another-one/click?u=1"}""", "url:invalid_value")]
    [InlineData("""{"url": "https://x/s/homepage-hero-test/click?u=1", "query": "u=2"}""", "query:invalid_value")]
    [InlineData("""{"query": "u=a b"}""", "query:invalid_format")]
    [InlineData("""{"query": "u=1", "headers": []}""", "headers:invalid_type")]
    [InlineData("""{"query": "u=1", "headers": {"Cookie": "x"}}""", "headers.Cookie:invalid_value")]
    [InlineData("""{"query": "u=1", "headers": {"Referer": "a", "referer": "b"}}""", "headers.referer:not_unique")]
    [InlineData("""{"query": "u=1", "headers": {"Referer": 1}}""", "headers.Referer:invalid_type")]
    [InlineData("""{"query": "u=1", "headers": {"Referer": "a\nb"}}""", "headers.Referer:invalid_format")]
    [InlineData("[]", ":invalid_type")]
    [InlineData("{", ":invalid_format")]
    [InlineData("", ":invalid_format")]
    [InlineData(
        """{"ua": 1, "ip": "x", "country": 7, "at": 1, "headers": {"a": 1}, "url": "x", "query": " "}""",
        "ua:invalid_value query:invalid_format url:invalid_format headers.a:invalid_value ip:invalid_format country:invalid_type at:invalid_type"
    )]
    public void Explain_BadDescription_NamesEveryViolation(string description, string expected)
    {
        var reading = Read(description);

        Assert.Null(reading.Explanation);
        Assert.Equal(
            expected,
            string.Join(' ', reading.Violations.Select(violation => $"{violation.Field}:{violation.Code}"))
        );
    }

    [Fact]
    public void Explain_TooLargeDescriptionOrHeader_IsRefused()
    {
        var large = new string('x', DescribedRequest.HeaderBytesMax + 1);

        Assert.Equal(
            ViolationCodes.TooLong,
            Assert.Single(Read($$"""{"query": "u=1", "headers": {"Referer": "{{large}}"} }""").Violations).Code
        );
        Assert.Equal(
            ViolationCodes.TooLong,
            Assert.Single(Read(new string(' ', DescribedRequest.BytesMax) + "{}").Violations).Code
        );
    }

    [Fact]
    public void Explain_AnyBytes_NeverThrows()
    {
        var random = new Random(5);
        var seed = Encoding.UTF8.GetBytes(
            """{"url":"https://x/s/homepage-hero-test/click?u=%41","headers":{"User-Agent":"é"},"ip":"::1","country":"DE","at":"2026-01-01T00:00:00Z"}"""
        );
        for (var i = 0; i < 5_000; i++)
        {
            var bytes = seed.ToArray();
            for (var n = random.Next(1, 4); n > 0; n--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }
            var reading = VisitExplanation.Explain(bytes, Ab, Judge, believesStated: true, Now);
            Assert.Equal(reading.Explanation is null, reading.Violations.Count > 0);
        }
    }

    /// <summary>The same request, sent and described.</summary>
    [Theory]
    [InlineData("?u=reader-7", Chrome, "203.0.113.9")]
    [InlineData("", Chrome, "203.0.113.9")]
    [InlineData("", "curl/8", "2001:db8::5")]
    [InlineData("?variant=b", "Googlebot/2.1", "203.0.113.9")]
    [InlineData("", "Googlebot/2.1", "203.0.113.9")]
    public async Task Explain_RequestThatWasServed_SaysWhatItGot(string query, string userAgent, string address)
    {
        using var directory = new TempDirectory();
        await using var journal = TestJournal.Open(directory.Path);
        var site = new VisitSite(journal, TimeProvider.System);
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = IPAddress.Parse(address);
        context.Request.QueryString = new QueryString(query);
        context.Request.Headers.UserAgent = userAgent;
        site.Record(context, Ab, VisitKind.Impression, out _);
        await journal.Journal.CommitAsync();

        var served = JsonNode.Parse(Assert.Single(journal.ReadAll()).Payload)!;
        var explanation = Explained(
            $$"""{"query": "{{query}}", "ip": "{{address}}", "headers": {"User-Agent": "{{userAgent}}"} }"""
        );

        Assert.Equal((string?)served["variant"], explanation.Variant);
        Assert.Equal((string?)served["verdict"], explanation.Verdict.Verdict);
    }

    private static ExplanationResult Read(string description) =>
        VisitExplanation.Explain(Encoding.UTF8.GetBytes(description), Ab, Judge, believesStated: true, Now);

    private static VariantExplanation Explained(string description, DateTimeOffset? at = null)
    {
        var reading = VisitExplanation.Explain(
            Encoding.UTF8.GetBytes(description),
            Ab,
            Judge,
            believesStated: true,
            Now,
            at
        );
        Assert.Empty(reading.Violations);
        return reading.Explanation!;
    }
}
