using System.Text.Json;
using Xunit;

namespace Edge.Tests.BlackBox.Conformance;

/// <summary>The cascade of spec 6.7 through <c>POST /v1/track</c>, read from the forwarded event.</summary>
public class AttributionTests(ConformanceEdge edge) : IClassFixture<ConformanceEdge>
{
    private const string Site = "https://shop.example/";

    [Theory]
    [InlineData("6.7 #1 gclid", "?gclid=1", "", "google paid high gclid")]
    [InlineData("6.7 #1 gclid before utm", "?utm_source=x&utm_medium=email&gclid=1", "", "google paid high gclid")]
    [InlineData("6.7 #2 msclkid", "?msclkid=1", "", "bing paid high msclkid")]
    [InlineData("6.7 #1 before #2", "?msclkid=1&gclid=1", "", "google paid high gclid")]
    [InlineData("6.7 #3 ttclid", "?ttclid=1", "", "tiktok paid high ttclid")]
    [InlineData("6.7 #2 before #3", "?ttclid=1&msclkid=1", "", "bing paid high msclkid")]
    [InlineData("6.7 #4 li_fat_id", "?li_fat_id=1", "", "linkedin paid high li_fat_id")]
    [InlineData("6.7 #4 before #5", "?li_fat_id=1&fbclid=1", "https://l.facebook.com/", "linkedin paid high li_fat_id")]
    [InlineData(
        "6.7 #5 fbclid from l.facebook.com",
        "?utm_source=facebook&utm_medium=cpc&fbclid=abc",
        "https://l.facebook.com/",
        "facebook paid high fb_ad_redirect"
    )]
    [InlineData(
        "6.7 #5 fbclid from lm.facebook.com",
        "?fbclid=abc",
        "https://lm.facebook.com/l.php",
        "facebook paid high fb_ad_redirect"
    )]
    [InlineData(
        "6.7 #5 not from www.facebook.com",
        "?fbclid=abc",
        "https://www.facebook.com/",
        "facebook paid medium fbclid_only"
    )]
    [InlineData(
        "6.7 #6 fbclid with utm_source facebook",
        "?fbclid=1&utm_source=facebook",
        "",
        "facebook paid high fbclid_utm"
    )]
    [InlineData(
        "6.7 #6 fbclid with utm_source instagram",
        "?fbclid=1&utm_source=instagram",
        "",
        "instagram paid high fbclid_utm"
    )]
    [InlineData("6.7 #6 fbclid with utm_source meta", "?fbclid=1&utm_source=meta", "", "facebook paid high fbclid_utm")]
    [InlineData(
        "6.7 #7 paid utm_medium of facebook",
        "?utm_medium=cpc&utm_source=facebook",
        "",
        "facebook paid high utm_paid_facebook"
    )]
    [InlineData("6.7 #7 alias fb", "?utm_medium=paid_social&utm_source=fb", "", "facebook paid high utm_paid_facebook")]
    [InlineData("6.7 #7 alias meta", "?utm_medium=cpm&utm_source=meta", "", "facebook paid high utm_paid_facebook")]
    [InlineData(
        "6.7 #7 alias facebook.com",
        "?utm_medium=cpc&utm_source=facebook.com",
        "",
        "facebook paid high utm_paid_facebook"
    )]
    [InlineData(
        "6.7 #7 alias facebook_ads",
        "?utm_medium=cpc&utm_source=facebook_ads",
        "",
        "facebook paid high utm_paid_facebook"
    )]
    [InlineData(
        "6.7 #8 paid utm_medium of instagram",
        "?utm_medium=cpc&utm_source=instagram",
        "",
        "instagram paid high utm_paid_instagram"
    )]
    [InlineData("6.7 #8 alias ig", "?utm_medium=paid&utm_source=ig", "", "instagram paid high utm_paid_instagram")]
    [InlineData(
        "6.7 #8 alias instagram.com",
        "?utm_medium=ppc&utm_source=instagram.com",
        "",
        "instagram paid high utm_paid_instagram"
    )]
    [InlineData("6.7 #9 cpc of anybody", "?utm_medium=cpc&utm_source=partner", "", "partner paid high utm_paid")]
    [InlineData("6.7 #9 ppc", "?utm_medium=ppc&utm_source=partner", "", "partner paid high utm_paid")]
    [InlineData("6.7 #9 cpm", "?utm_medium=cpm&utm_source=partner", "", "partner paid high utm_paid")]
    [InlineData("6.7 #9 paid", "?utm_medium=paid&utm_source=partner", "", "partner paid high utm_paid")]
    [InlineData("6.7 #9 paid_social", "?utm_medium=paid_social&utm_source=partner", "", "partner paid high utm_paid")]
    [InlineData("6.7 #9 paid-social", "?utm_medium=paid-social&utm_source=partner", "", "partner paid high utm_paid")]
    [InlineData("6.7 #9 paidsocial", "?utm_medium=paidsocial&utm_source=partner", "", "partner paid high utm_paid")]
    [InlineData("6.7 #9 display", "?utm_medium=display&utm_source=partner", "", "partner paid high utm_paid")]
    [InlineData(
        "6.7 #9 not mcpromo",
        "?utm_medium=mcpromo&utm_source=partner",
        "",
        "partner mcpromo high utm_explicit"
    )]
    [InlineData("6.7 #10 paid without a source", "?utm_medium=cpc", "", "unknown paid medium utm_paid_no_source")]
    [InlineData("6.7 #11 fbclid alone", "?fbclid=1", "", "facebook paid medium fbclid_only")]
    [InlineData("6.7 #11 before #12", "?fbclid=1&utm_source=newsletter", "", "facebook paid medium fbclid_only")]
    [InlineData(
        "6.7 #12 utm_source and utm_medium",
        "?utm_source=newsletter&utm_medium=email",
        "",
        "newsletter email high utm_explicit"
    )]
    [InlineData("6.7 #12 utm_source alone", "?utm_source=newsletter", "", "newsletter unknown high utm_explicit")]
    [InlineData(
        "6.7 #12 before a referrer",
        "?utm_source=newsletter",
        "https://www.google.com/",
        "newsletter unknown high utm_explicit"
    )]
    [InlineData("6.7 #13 facebook.com", "", "https://facebook.com/", "facebook social medium ref_facebook")]
    [InlineData("6.7 #13 m.facebook.com", "", "https://m.facebook.com/", "facebook social medium ref_facebook")]
    [InlineData(
        "6.7 #13 l.facebook.com without fbclid",
        "",
        "https://l.facebook.com/",
        "facebook social medium ref_facebook"
    )]
    [InlineData("6.7 #13 lm.facebook.com", "", "https://lm.facebook.com/", "facebook social medium ref_facebook")]
    [InlineData("6.7 #13 www.facebook.com", "", "https://www.facebook.com/x", "facebook social medium ref_facebook")]
    [InlineData("6.7 #14 instagram.com", "", "https://instagram.com/", "instagram social medium ref_instagram")]
    [InlineData("6.7 #14 l.instagram.com", "", "https://l.instagram.com/", "instagram social medium ref_instagram")]
    [InlineData("6.7 #15 t.co", "", "https://t.co/abc", "twitter social medium ref_social")]
    [InlineData(
        "6.7 #15 an app of a network",
        "",
        "android-app://com.linkedin.android",
        "linkedin social medium ref_social"
    )]
    [InlineData("6.7 #15 reddit", "", "https://www.reddit.com/r/a", "reddit social medium ref_social")]
    [InlineData("6.7 #16 google", "", "https://www.google.com/", "google organic medium ref_search")]
    [InlineData("6.7 #16 bing", "", "https://www.bing.com/search?q=a", "bing organic medium ref_search")]
    [InlineData("6.7 #16 duckduckgo", "", "https://duckduckgo.com/", "duckduckgo organic medium ref_search")]
    [InlineData(
        "6.7 #16 an app that searches",
        "",
        "android-app://com.google.android.googlequicksearchbox",
        "google organic medium ref_search"
    )]
    [InlineData("6.7 #17 a mail app", "", "android-app://com.google.android.gm/", "email email medium ref_email")]
    [InlineData("6.7 #17 web mail", "", "https://mail.google.com/mail/u/0/", "email email medium ref_email")]
    [InlineData("6.7 #18 the site itself", "", "https://shop.example/other", "internal direct high ref_internal")]
    [InlineData("6.7 #18 without www", "", "https://www.shop.example/other", "internal direct high ref_internal")]
    [InlineData(
        "6.7 #18 not another subdomain",
        "",
        "https://blog.shop.example/",
        "blog.shop.example referral low ref_other"
    )]
    [InlineData("6.7 #19 no referrer", "", "", "direct direct high direct")]
    [InlineData("6.7 #19 a referrer that is none", "", "::::", "direct direct high direct")]
    [InlineData(
        "6.7 #20 any other host",
        "",
        "https://www.News.Example.com/a",
        "news.example.com referral low ref_other"
    )]
    [InlineData(
        "6.7 campaign is independent of the rule",
        "?gclid=1&utm_campaign=Spring%20Sale",
        "",
        "google paid high gclid",
        "Spring Sale"
    )]
    [InlineData("6.7 campaign alone", "?utm_campaign=Spring", "", "direct direct high direct", "Spring")]
    [InlineData(
        "6.7 campaign is not lower-cased",
        "?utm_source=A&utm_medium=EMAIL&utm_campaign=MiXed",
        "",
        "a email high utm_explicit",
        "MiXed"
    )]
    [InlineData(
        "6.7 names in any case",
        "?UTM_Source=newsletter&Utm_Medium=email",
        "",
        "newsletter email high utm_explicit"
    )]
    [InlineData("6.7 GCLID in any case", "?GCLID=1", "", "google paid high gclid")]
    [InlineData(
        "6.7 values are trimmed and lower-cased",
        "?utm_source=%20NewsLetter+&utm_medium=+EMail%20",
        "",
        "newsletter email high utm_explicit"
    )]
    [InlineData("6.7 an empty parameter is absent", "?gclid=&utm_source=", "", "direct direct high direct")]
    [InlineData(
        "6.7 the first occurrence counts",
        "?utm_source=first&utm_source=second",
        "",
        "first unknown high utm_explicit"
    )]
    [InlineData("6.7 the fragment is not read", "#?gclid=1&utm_source=x", "", "direct direct high direct")]
    [InlineData("6.7 percent and plus are decoded", "?utm_source=a%2Bb+c", "", "a+b c unknown high utm_explicit")]
    [InlineData("6.7 click ids beyond the published ones", "?twclid=3&dclid=2", "", "google paid high dclid")]
    [InlineData("6.7 click ids of nobody", "?xyzclid=1", "", "direct direct high direct")]
    public async Task Source_ByTheCascade_IsAsPublished(
        string rule,
        string query,
        string referrer,
        string expected,
        string campaign = ""
    )
    {
        var word = $"attribution-{rule}";
        var body = $$"""{"event":"{{word}}","url":{{Text(Site + query)}},"referrer":{{Text(referrer)}}}""";

        var answer = await edge.PostAsync("/v1/track", "sk", body);

        Assert.True(answer.Status == 202, $"{rule}: {answer}");
        var stored = JsonDocument.Parse(await edge.ForwardedAsync($"\"{word}\"")).RootElement;
        string[] members = ["source", "medium", "source_confidence", "source_rule_id"];
        Assert.Equal(expected, string.Join(' ', members.Select(member => Value(stored, member))));
        Assert.Equal(campaign, Value(stored, "campaign"));
    }

    private static string Text(string value) => JsonSerializer.Serialize(value);

    private static string Value(JsonElement element, string member) =>
        element.TryGetProperty(member, out var value) ? value.GetString()! : "";
}
