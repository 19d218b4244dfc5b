using System.Text;
using Edge.Enrichment.Sources;
using Xunit;

namespace Edge.Tests.Enrichment.Sources;

/// <summary>The attribution cascade, one row per rule and per way to get it wrong (spec 6.7).</summary>
public class SourceClassifierTests
{
    private const string Site = "https://shop.example/page";

    [Theory]
    [InlineData(
        "?utm_source=facebook&utm_medium=cpc&fbclid=abc",
        "https://l.facebook.com/",
        "facebook",
        "paid",
        "high",
        "fb_ad_redirect"
    )]
    [InlineData(
        "?gclid=1&msclkid=2&fbclid=3&utm_source=x&utm_medium=cpc",
        "https://l.facebook.com/",
        "google",
        "paid",
        "high",
        "gclid"
    )]
    [InlineData("?GCLID=1", "", "google", "paid", "high", "gclid")]
    [InlineData("?gclid=&msclkid=2", "", "bing", "paid", "high", "msclkid")]
    [InlineData("?gclid=%20&ttclid=2", "", "tiktok", "paid", "high", "ttclid")]
    [InlineData("?li_fat_id=2", "", "linkedin", "paid", "high", "li_fat_id")]
    [InlineData("?fbclid=1", "http://lm.facebook.com/l.php", "facebook", "paid", "high", "fb_ad_redirect")]
    [InlineData("?fbclid=1&utm_source=IG", "", "instagram", "paid", "high", "fbclid_utm")]
    [InlineData("?fbclid=1&utm_source=meta", "https://www.facebook.com/", "facebook", "paid", "high", "fbclid_utm")]
    [InlineData("?utm_medium=Paid_Social&utm_source=fb", "", "facebook", "paid", "high", "utm_paid_facebook")]
    [InlineData("?utm_medium=display&utm_source=instagram.com", "", "instagram", "paid", "high", "utm_paid_instagram")]
    [InlineData("?utm_medium=cpc&utm_source=+NewsLetter+", "", "newsletter", "paid", "high", "utm_paid")]
    [InlineData("?utm_medium=cpc", "https://www.google.com/", "unknown", "paid", "medium", "utm_paid_no_source")]
    [InlineData("?utm_medium=mcpromo", "https://www.google.com/", "google", "organic", "medium", "ref_search")]
    [InlineData("?fbclid=1", "https://www.instagram.com/", "facebook", "paid", "medium", "fbclid_only")]
    [InlineData("?utm_source=letter", "https://www.google.com/", "letter", "unknown", "high", "utm_explicit")]
    [InlineData("?utm_source=letter&utm_medium=Email", "", "letter", "email", "high", "utm_explicit")]
    [InlineData("#utm_source=letter", "", "direct", "direct", "high", "direct")]
    [InlineData("?utm_source=a&utm_source=b", "", "a", "unknown", "high", "utm_explicit")]
    [InlineData("?%75tm_source=encoded", "", "encoded", "unknown", "high", "utm_explicit")]
    [InlineData("", "https://m.facebook.com/x", "facebook", "social", "medium", "ref_facebook")]
    [InlineData("", "https://l.instagram.com/?u=x", "instagram", "social", "medium", "ref_instagram")]
    [InlineData("", "https://t.co/abc", "twitter", "social", "medium", "ref_social")]
    [InlineData("", "https://old.reddit.com/r/x", "reddit", "social", "medium", "ref_social")]
    [InlineData("", "android-app://com.linkedin.android/", "linkedin", "social", "medium", "ref_social")]
    [InlineData("", "https://www.google.co.uk/", "google", "organic", "medium", "ref_search")]
    [InlineData("", "https://search.yahoo.com/", "yahoo", "organic", "medium", "ref_search")]
    [InlineData("", "https://WWW.BING.COM/search", "bing", "organic", "medium", "ref_search")]
    [InlineData(
        "",
        "android-app://com.google.android.googlequicksearchbox",
        "google",
        "organic",
        "medium",
        "ref_search"
    )]
    [InlineData("", "https://mail.google.com/mail/u/0/", "email", "email", "medium", "ref_email")]
    [InlineData("", "https://mail.yahoo.com/", "email", "email", "medium", "ref_email")]
    [InlineData("", "android-app://com.google.android.gm/", "email", "email", "medium", "ref_email")]
    [InlineData("", "https://docs.google.com/", "docs.google.com", "referral", "low", "ref_other")]
    [InlineData("", "https://drive.google.com/", "drive.google.com", "referral", "low", "ref_other")]
    [InlineData("", "https://classroom.google.com/", "classroom.google.com", "referral", "low", "ref_other")]
    [InlineData("", "https://meet.google.com/", "meet.google.com", "referral", "low", "ref_other")]
    [InlineData("", "https://accounts.google.com/", "accounts.google.com", "referral", "low", "ref_other")]
    [InlineData("", "https://calendar.google.com/", "calendar.google.com", "referral", "low", "ref_other")]
    [InlineData("", "https://chat.google.com/", "chat.google.com", "referral", "low", "ref_other")]
    [InlineData("", "https://groups.google.com/", "groups.google.com", "referral", "low", "ref_other")]
    [InlineData("", "https://sites.google.com/", "sites.google.com", "referral", "low", "ref_other")]
    [InlineData("", "https://news.google.com/", "news.google.com", "referral", "low", "ref_other")]
    [InlineData("", "https://news.yahoo.com/", "news.yahoo.com", "referral", "low", "ref_other")]
    [InlineData("", "https://disk.yandex.ru/", "disk.yandex.ru", "referral", "low", "ref_other")]
    [InlineData("", "https://blog.naver.com/", "blog.naver.com", "referral", "low", "ref_other")]
    [InlineData("", "https://de.search.yahoo.com/", "yahoo", "organic", "medium", "ref_search")]
    [InlineData("", "https://images.google.co.jp/", "google", "organic", "medium", "ref_search")]
    [InlineData("", "https://cn.bing.com/", "bing", "organic", "medium", "ref_search")]
    [InlineData("", "https://html.duckduckgo.com/", "duckduckgo", "organic", "medium", "ref_search")]
    [InlineData("", "https://go.mail.ru/search", "mail.ru", "organic", "medium", "ref_search")]
    [InlineData("", "https://suche.web.de/", "web.de", "organic", "medium", "ref_search")]
    [InlineData("", "https://my.mail.ru/", "mail.ru", "social", "medium", "ref_social")]
    [InlineData("", "https://mail.yahoo.co.jp/", "email", "email", "medium", "ref_email")]
    [InlineData("", "https://us-mg5.mail.yahoo.com/", "email", "email", "medium", "ref_email")]
    [InlineData("", "https://chatgpt.com/", "chatgpt", "ai", "medium", "ref_ai")]
    [InlineData("", "https://chat.openai.com/", "chatgpt", "ai", "medium", "ref_ai")]
    [InlineData("", "https://claude.ai/", "claude", "ai", "medium", "ref_ai")]
    [InlineData("", "https://www.perplexity.ai/", "perplexity", "ai", "medium", "ref_ai")]
    [InlineData("", "https://gemini.google.com/", "gemini", "ai", "medium", "ref_ai")]
    [InlineData("", "https://copilot.microsoft.com/", "copilot", "ai", "medium", "ref_ai")]
    [InlineData("", "https://grok.com/", "grok", "ai", "medium", "ref_ai")]
    [InlineData("", "https://chat.mistral.ai/", "mistral", "ai", "medium", "ref_ai")]
    [InlineData("", "https://chat.deepseek.com/", "deepseek", "ai", "medium", "ref_ai")]
    [InlineData("?utm_source=chatgpt.com", "https://chatgpt.com/", "chatgpt", "ai", "high", "utm_ai")]
    [InlineData("?utm_source=chatgpt.com&utm_medium=cpc", "", "chatgpt.com", "paid", "high", "utm_paid")]
    [InlineData("?utm_source=chatgpt", "", "chatgpt", "unknown", "high", "utm_explicit")]
    [InlineData("?gbraid=1", "", "google", "paid", "high", "gbraid")]
    [InlineData("?wbraid=1", "", "google", "paid", "high", "wbraid")]
    [InlineData("?dclid=1", "", "google", "paid", "high", "dclid")]
    [InlineData("?twclid=1", "", "twitter", "paid", "high", "twclid")]
    [InlineData("?rdt_cid=1", "", "reddit", "paid", "high", "rdt_cid")]
    [InlineData("?ScCid=1", "", "snapchat", "paid", "high", "sccid")]
    [InlineData("?epik=1", "", "pinterest", "paid", "high", "epik")]
    [InlineData("?yclid=1", "", "yandex", "paid", "high", "yclid")]
    [InlineData("?igshid=1", "https://l.instagram.com/", "instagram", "social", "medium", "igshid")]
    [InlineData("?igsh=1&utm_source=letter", "", "letter", "unknown", "high", "utm_explicit")]
    [InlineData("?rdt_cid=", "https://www.reddit.com/", "reddit", "social", "medium", "ref_social")]
    [InlineData("", " https://www.google.de/ ", "google", "organic", "medium", "ref_search")]
    [InlineData("", "https://www.shop.example:8443/other", "internal", "direct", "high", "ref_internal")]
    [InlineData("", "https://blog.shop.example/", "blog.shop.example", "referral", "low", "ref_other")]
    [InlineData("", "https://www.News.Example.com/a", "news.example.com", "referral", "low", "ref_other")]
    [InlineData("", "https://google.example.com/", "google.example.com", "referral", "low", "ref_other")]
    [InlineData("", "https://notgoogle.com/", "notgoogle.com", "referral", "low", "ref_other")]
    [InlineData("", "https://user@evil.example/https://google.com", "evil.example", "referral", "low", "ref_other")]
    [InlineData("", "nonsense", "direct", "direct", "high", "direct")]
    [InlineData("", "", "direct", "direct", "high", "direct")]
    public void Classify_FirstRuleThatMatches_Wins(
        string query,
        string referrer,
        string source,
        string medium,
        string confidence,
        string rule
    )
    {
        Span<char> scratch = stackalloc char[SourceClassifier.ScratchChars];

        Assert.True(SourceClassifier.TryClassify(Site + query, referrer, "", scratch, out var result));

        Assert.Equal(
            $"{source} {medium} {confidence} {rule}",
            $"{result.Source} {result.Medium} {result.Confidence} {result.RuleId}"
        );
    }

    [Fact]
    public void Classify_UrlWithSpacesAround_IsReadAsIfTrimmed()
    {
        Span<char> scratch = stackalloc char[SourceClassifier.ScratchChars];

        SourceClassifier.TryClassify("  " + Site + "?gclid=1 ", "", "", scratch, out var result);

        Assert.Equal("gclid", result.RuleId);
    }

    [Theory]
    [InlineData("plain", "a", 255)]
    [InlineData("encoded", "%C3%BC", 56)]
    [InlineData("cut inside a sequence", "abc%F0%9F%99%82", 113)]
    public void UtmParameter_BeyondTheLimit_IsCutAndEndsInAnEllipsis(string row, string repeated, int length)
    {
        Span<char> scratch = stackalloc char[SourceClassifier.ScratchChars];
        var value = string.Concat(Enumerable.Repeat(repeated, 3_000));

        SourceClassifier.TryClassify(
            $"{Site}?utm_source={value}&utm_medium={value}&utm_campaign={value}",
            "",
            "",
            scratch,
            out var result
        );

        var beginning = Uri.UnescapeDataString(value)[..length] + '\u2026';
        Assert.Equal((row, "utm_explicit"), (row, result.RuleId));
        Assert.Equal((row, beginning), (row, result.Source.ToString()));
        Assert.Equal((row, beginning), (row, result.Medium.ToString()));
        Assert.Equal((row, beginning), (row, result.Campaign.ToString()));
    }

    [Theory]
    [InlineData("?utm_campaign=Spring%20Sale&gclid=1", "Spring Sale")]
    [InlineData("?utm_campaign=", "")]
    [InlineData("", "")]
    public void Campaign_IsKeptAsSent_WhicheverRuleMatched(string query, string campaign)
    {
        Span<char> scratch = stackalloc char[SourceClassifier.ScratchChars];

        SourceClassifier.TryClassify(Site + query, "", "", scratch, out var result);

        Assert.Equal(campaign, result.Campaign.ToString());
    }

    [Theory]
    [InlineData("ftp://shop.example/?gclid=1", "direct")]
    [InlineData("mailto:a@shop.example?gclid=1", "direct")]
    [InlineData("HTTPS://shop.example/?gclid=1", "gclid")]
    [InlineData("http://shop.example/?gclid=1", "gclid")]
    [InlineData("/path?gclid=1:2", "gclid")]
    public void Classify_OfAUrl_ReadsWebPagesOnly(string url, string rule)
    {
        Span<char> scratch = stackalloc char[SourceClassifier.ScratchChars];

        SourceClassifier.TryClassify(url, "", "", scratch, out var result);

        Assert.Equal(rule, result.RuleId);
    }

    [Fact]
    public void Classify_WithoutUrlAndReferrer_SaysNothing()
    {
        Span<char> scratch = stackalloc char[SourceClassifier.ScratchChars];

        Assert.False(SourceClassifier.TryClassify("", "", "shop.example", scratch, out _));
    }

    [Fact]
    public void Classify_WithoutAUrl_TakesTheHostItIsGiven()
    {
        Span<char> scratch = stackalloc char[SourceClassifier.ScratchChars];

        SourceClassifier.TryClassify("", "https://www.shop.example/", "shop.example", scratch, out var result);

        Assert.Equal("ref_internal", result.RuleId);
    }

    [Fact]
    public void ClickId_LongerThanWhatIsDecoded_IsThereAllTheSame()
    {
        Span<char> scratch = stackalloc char[SourceClassifier.ScratchChars];

        SourceClassifier.TryClassify($"{Site}?a=b&gclid={new string('x', 1_000)}", "", "", scratch, out var result);

        Assert.Equal("gclid", result.RuleId);
    }

    [Fact]
    public void Classify_RandomText_NeverThrowsAndAllocatesNothing()
    {
        var random = new Random(20261121);
        string[] parts =
        [
            "?",
            "&",
            "=",
            "%",
            "utm_source",
            "fbclid",
            "://",
            "/",
            "#",
            "google.com",
            "é",
            "\ud800",
            "%zz",
            "[",
            "]",
            "@",
            ":",
            "www.",
            ".",
        ];
        var texts = Enumerable
            .Range(0, 2_000)
            .Select(_ =>
                string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => parts[random.Next(parts.Length)]))
            )
            .ToArray();
        var scratch = new char[SourceClassifier.ScratchChars];
        for (var round = 0; round < 2; round++)
        {
            var allocated = 0L;
            for (var i = 1; i < texts.Length; i++)
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                SourceClassifier.TryClassify(texts[i], texts[i - 1], "", scratch, out _);
                // A host in another script becomes a new text.
                allocated += Ascii.IsValid(texts[i - 1]) ? GC.GetAllocatedBytesForCurrentThread() - before : 0;
            }

            if (round == 1)
            {
                Assert.Equal(0, allocated);
            }
        }
    }
}
