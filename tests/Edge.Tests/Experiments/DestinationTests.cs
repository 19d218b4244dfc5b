using CsCheck;
using Edge.Experiments;
using Edge.Formats;
using Xunit;

namespace Edge.Tests.Experiments;

public class DestinationTests
{
    /// <summary>Strings that redirect bypasses are made of; none may become a Location.</summary>
    public static TheoryData<string> Refused =>
        [
            "",
            " ",
            "/",
            "//evil.example",
            "///evil.example",
            "////evil.example",
            "\\\\evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "/%5cevil.example",
            "%2f%2fevil.example",
            "evil.example",
            "www.evil.example/path",
            "?next=https://a",
            "#https://a",
            ".",
            "..",
            "http:evil.example",
            "https:evil.example",
            "http:/evil.example",
            "https:/evil.example",
            "http:\\\\evil.example",
            "https:\\/evil.example",
            "https:/\\evil.example",
            "http:///evil.example",
            "https:///evil.example",
            "https://",
            "http://",
            "https:///",
            "https://?a",
            "https://#a",
            "https://:443",
            "https://:443/",
            "https:// /",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "java\tscript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "ftp://example.com/",
            "ws://example.com/",
            "mailto:a@example.com",
            "blob:https://example.com/x",
            "about:blank",
            "view-source:https://example.com",
            "https://user@evil.example/",
            "https://user:pw@evil.example/",
            "https://@evil.example/",
            "https://example.com@evil.example",
            "https://example.com:443@evil.example/",
            "https://example.com%40evil.example/",
            "https://example.com\\@evil.example",
            "https://example.com\\.evil.example/",
            "https://evil.example\\",
            "https://example.com/\\evil",
            "\thttps://example.com",
            "\nhttps://example.com",
            " https://example.com",
            "https://example.com ",
            "https://example.com/\r\nSet-Cookie: a=b",
            "https://example.com/a\nb",
            "https://example.com/a\tb",
            "https://exa\tmple.com/",
            "https://exa\nmple.com/",
            "https://example.com/\0",
            "https://example.com\u0000.evil.example/",
            "https://example.com/\u0085",
            "https://exam ple.com/",
            "https://example..com/",
            "https://.example.com/",
            "https://-example.com/",
            "https://example-.com/",
            "https://exam%70le.com/",
            "https://%65xample.com/",
            "https://example.com:0/",
            "https://example.com:65536/",
            "https://example.com:/",
            "https://example.com:a/",
            "https://example.com:+80/",
            "https://example.com:080/",
            "https://example.com:80:80/",
            "https://exa<mple.com/",
            "https://exa\"mple.com/",
            "https://exa|mple.com/",
            "https://exa'mple.com/",
            "https://a,b.example/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0x7f.0.0.1/",
            "https://0177.0.0.1/",
            "https://127.1/",
            "https://127.0.0.1.5/",
            "https://256.0.0.1/",
            "https://1.2.3/",
            "https://example.0x/",
            "https://example.123/",
            "https://[::1/",
            "https://::1/",
            "https://[::1%25eth0]/",
            "https://[127.0.0.1]/",
            "https://[example.com]/",
            "https://[]/",
            "https://[::1]a/",
            "https://ｅxample.com/",
            "https://example。com/",
            "https://example．com/",
            "https://example｡com/",
            "https://exa\u00ADmple.com/",
            "https://exa\u200Bmple.com/",
            "https://exa\u202Emple.com/",
            "https://exa\u2044mple.com/",
            "https://example.com\u2215evil.example/",
            "https://℀.example/",
            "https://①.example/",
            "https://ﬁ.example/",
            "https://a\u0308.example/",
            "https://🙂.example/",
            "hxxps://example.com/",
            "https//example.com/",
            "https;//example.com/",
            "https://\u3000/",
            "https://xn--/",
        ];

    [Theory]
    [MemberData(nameof(Refused))]
    public void TryParse_Bypass_IsRefused(string text)
    {
        Assert.Null(Destination.TryParse(text, httpsOnly: false, out var message, out var code));

        Assert.NotEmpty(message);
        Assert.Equal(ViolationCodes.InvalidFormat, code);
    }

    [Fact]
    public void TryParse_LoneSurrogate_IsRefused()
    {
        // Not rows above: the test runner itself replaces them on the way.
        foreach (
            var text in new[]
            {
                "https://\uD800.example/",
                "https://example.com/\uD800",
                "https://example.com/a\uDC00b",
            }
        )
        {
            Assert.Null(Destination.TryParse(text, httpsOnly: false, out _, out _));
        }
    }

    [Theory]
    [InlineData("https://example.com/landing", "https://example.com/landing")]
    [InlineData("https://example.com", "https://example.com/")]
    [InlineData("https://example.com?a=b", "https://example.com/?a=b")]
    [InlineData("https://example.com#top", "https://example.com/#top")]
    [InlineData("HTTPS://EXAMPLE.COM/Path", "https://example.com/Path")]
    [InlineData("HtTp://example.com:8080/", "http://example.com:8080/")]
    [InlineData("http://example.com:80/", "http://example.com:80/")]
    [InlineData("https://example.com:443/", "https://example.com:443/")]
    [InlineData("https://example.com:65535/x", "https://example.com:65535/x")]
    [InlineData("https://straße.example/", "https://xn--strae-oqa.example/")]
    [InlineData("https://ςigma.example/", "https://xn--igma-fod.example/")]
    [InlineData("https://example.com./a", "https://example.com./a")]
    [InlineData("http://127.0.0.1./", "http://127.0.0.1/")]
    [InlineData("http://localhost/", "http://localhost/")]
    [InlineData("http://127.0.0.1:8080/x", "http://127.0.0.1:8080/x")]
    [InlineData("https://[::1]/", "https://[::1]/")]
    [InlineData("https://[2001:DB8:0:0::1]:8443/a", "https://[2001:db8::1]:8443/a")]
    [InlineData("https://a_b.example.com/", "https://a_b.example.com/")]
    [InlineData("https://bücher.example/", "https://xn--bcher-kva.example/")]
    [InlineData("https://BÜCHER.example/", "https://xn--bcher-kva.example/")]
    [InlineData("https://пример.рф/", "https://xn--e1afmkfd.xn--p1ai/")]
    [InlineData("https://例え.jp/", "https://xn--r8jz45g.jp/")]
    [InlineData("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/")]
    [InlineData("https://example.com/a b", "https://example.com/a%20b")]
    [InlineData("https://example.com/ü?ö=ä#ß", "https://example.com/%C3%BC?%C3%B6=%C3%A4#%C3%9F")]
    [InlineData("https://example.com/🙂", "https://example.com/%F0%9F%99%82")]
    [InlineData("https://example.com/%41%2f%c3%bc", "https://example.com/%41%2f%c3%bc")]
    [InlineData("https://example.com/100%", "https://example.com/100%25")]
    [InlineData("https://example.com/%zz%4", "https://example.com/%25zz%254")]
    [InlineData("https://example.com/<>\"`{}|^", "https://example.com/%3C%3E%22%60%7B%7D%7C%5E")]
    [InlineData("https://example.com/a/../b/./c//d", "https://example.com/a/../b/./c//d")]
    [InlineData(
        "https://example.com/?next=https://other.example/@x:y",
        "https://example.com/?next=https://other.example/@x:y"
    )]
    [InlineData("https://example.com/?utm_source=mail&sig=a%2Bb==", "https://example.com/?utm_source=mail&sig=a%2Bb==")]
    [InlineData("https://example.com/[a]!$&'()*+,;=", "https://example.com/[a]!$&'()*+,;=")]
    public void TryParse_Url_BecomesItsAsciiForm(string text, string location)
    {
        var destination = Destination.TryParse(text, httpsOnly: false, out var message, out _);

        Assert.Equal(("", location), (message, destination?.Location));
        // Written once, it is read again as itself.
        Assert.Equal(location, Destination.TryParse(location, false, out _, out _)?.Location);
    }

    [Fact]
    public void TryParse_Length_IsLimitedAsGivenAndAsWritten()
    {
        var longest = "https://example.com/" + new string('a', 2048 - 20);

        Assert.Equal(longest, Destination.TryParse(longest, false, out _, out _)?.Location);
        Assert.Null(Destination.TryParse(longest + "a", false, out _, out var code));
        Assert.Equal(ViolationCodes.TooLong, code);
        Assert.Null(Destination.TryParse("https://example.com/" + new string('ü', 400), false, out _, out code));
        Assert.Equal(ViolationCodes.TooLong, code);
    }

    [Fact]
    public void TryParse_LongHost_IsRefused()
    {
        Assert.Null(Destination.TryParse($"https://{new string('a', 64)}.com/", false, out _, out _));
        Assert.Null(
            Destination.TryParse($"https://{string.Join('.', Enumerable.Repeat("abcdefg", 32))}/", false, out _, out _)
        );
    }

    [Fact]
    public void TryParse_HttpsOnly_RefusesPlainHttp()
    {
        Assert.Null(Destination.TryParse("http://example.com/", httpsOnly: true, out _, out var code));
        Assert.Equal(ViolationCodes.InvalidValue, code);
        Assert.NotNull(Destination.TryParse("https://example.com/", httpsOnly: true, out _, out _));
    }

    [Theory]
    [InlineData("mailto:shop@example.com?subject=Hi there", "mailto:shop@example.com?subject=Hi%20there")]
    [InlineData("TEL:+49-30-1234", "tel:+49-30-1234")]
    [InlineData("shop.app://open/ü?id=1#x", "shop.app://open/%C3%BC?id=1#x")]
    public void TryParse_SchemeOfAnApp_IsAcceptedOnlyWhenAllowed(string text, string location)
    {
        string[] allowed = ["mailto", "tel", "shop.app"];

        Assert.Equal(location, Destination.TryParse(text, false, out _, out _, allowed)?.Location);
        Assert.Equal(location, Destination.OfStored(text)?.Location);
        Assert.Null(Destination.TryParse(text, false, out _, out _));
        Assert.Null(Destination.TryParse(text, false, out var message, out _, ["sms"]));
        Assert.EndsWith("or with sms:", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mailto:")]
    [InlineData("mailto: a")]
    [InlineData("mailto:a\r\nb")]
    [InlineData("mailto:a\\b")]
    [InlineData(" mailto:a")]
    [InlineData("mail to:a")]
    [InlineData("//mailto:a")]
    [InlineData("javascript:alert(1)")]
    [InlineData("JAVASCRIPT:alert(1)")]
    [InlineData("data:text/html,x")]
    [InlineData("x:y")]
    public void TryParse_SchemeOfAnApp_CannotSmuggleAnything(string text)
    {
        // Even if the list said so.
        Assert.Null(Destination.TryParse(text, false, out _, out _, ["mailto", "javascript", "data", "x"]));
        Assert.Null(Destination.OfStored(text));
    }

    [Theory]
    [InlineData("mailto", true)]
    [InlineData("com.example.shop+x-1", true)]
    [InlineData("Mailto", false)]
    [InlineData("mailto:", false)]
    [InlineData("c", false)]
    [InlineData("1a", false)]
    [InlineData("ä-app", false)]
    [InlineData("https", false)]
    [InlineData("javascript", false)]
    [InlineData("data", false)]
    public void SchemeProblem_Scheme_IsNamedUnlessItCanBeAllowed(string scheme, bool isFine) =>
        Assert.Equal(isFine, Destination.SchemeProblem(scheme) is null);

    [Fact]
    public void TryParse_RandomText_IsRefusedOrPrintableAsciiWithTheSameHost()
    {
        const string Alphabet = "abz0-._~:/?#[]@!$&'()*+,;=%\\\t\r\n \u00fc\u200b\u3002\ud83d\ude42<>\"|";
        Gen.Select(Gen.OneOf(Gen.Const("https://"), Gen.Const("http://a.example")), Gen.Char[Alphabet].Array[1, 23])
            .Sample(
                (start, rest) =>
                {
                    if (Destination.TryParse(start + new string(rest), false, out _, out _)?.Location is { } location)
                    {
                        Assert.DoesNotContain(location, c => c is < '!' or > '~');
                        var uri = new Uri(location);
                        Assert.Empty(uri.UserInfo);
                        Assert.StartsWith($"{uri.Scheme}://{uri.Host}", location, StringComparison.Ordinal);
                    }
                },
                iter: 50_000
            );
    }
}
