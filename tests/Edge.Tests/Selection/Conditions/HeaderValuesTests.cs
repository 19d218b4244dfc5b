using Edge.Formats;
using Edge.Selection.Conditions;
using Xunit;

namespace Edge.Tests.Selection.Conditions;

public class HeaderValuesTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("en-US", "en-US")]
    [InlineData("en-US,en;q=0.9,de;q=0.8", "en-US")]
    [InlineData("de;q=0.8, en-GB ; q=0.9 , fr", "fr")]
    [InlineData("de;q=0.5,en;q=0.5", "de")]
    [InlineData("*", "")]
    [InlineData("*,en;q=0.1", "en")]
    [InlineData("en;q=0", "")]
    [InlineData("en;q=x,de;q=0.001", "de")]
    [InlineData("en;level=1", "en")]
    [InlineData(",,;q=1,", "")]
    [InlineData("en;q=7,de", "en")]
    public void PreferredLanguage_Header_IsTheHighestQuality(string header, string expected) =>
        Assert.Equal(expected, HeaderValues.PreferredLanguage(header).ToString());

    [Theory]
    [InlineData("", "")]
    [InlineData("https://www.example.com/path?x#y", "example.com")]
    [InlineData("https://example.com", "example.com")]
    [InlineData("HTTPS://WWW.Example.com:8443/", "Example.com")]
    [InlineData("https://user:pw@example.com/", "example.com")]
    [InlineData("https://[2001:db8::1]:80/", "[2001:db8::1]")]
    [InlineData("android-app://com.google.android.gm/", "com.google.android.gm")]
    [InlineData("example.com", "")]
    [InlineData("://example.com", "")]
    [InlineData("https://", "")]
    [InlineData("https://wwwx.example", "wwwx.example")]
    public void ReferrerDomain_Header_IsTheHost(string header, string expected) =>
        Assert.Equal(expected, HeaderValues.ReferrerDomain(header).ToString());

    [Theory]
    [InlineData("?a=1", "a", "1")]
    [InlineData("a=1", "a", "1")]
    [InlineData("?b=2&a=1&a=3", "a", "1")]
    [InlineData("?a", "a", "")]
    [InlineData("?a=", "a", "")]
    [InlineData("?a=b=c", "a", "b=c")]
    [InlineData("?a=x+y%20z%2B", "a", "x y z+")]
    [InlineData("?a=%C3%BC%e2%82%ac", "a", "ü€")]
    [InlineData("?a=%F0%9F%99%82", "a", "🙂")]
    [InlineData("?a=%ff", "a", "\uFFFD")]
    [InlineData("?a=100%", "a", "100%")]
    [InlineData("?a=%zz%4", "a", "%zz%4")]
    [InlineData("?a=ü+", "a", "ü ")]
    [InlineData("?%61=1", "a", "1")]
    [InlineData("?gr%C3%B6%C3%9Fe=XL", "größe", "XL")]
    [InlineData("?A=1", "a", null)]
    [InlineData("?aa=1&ba=2", "a", null)]
    [InlineData("", "a", null)]
    [InlineData("?", "a", null)]
    [InlineData("?&&=&", "a", null)]
    public void QueryValue_Parameter_IsDecoded(string query, string name, string? expected)
    {
        var isFound = QueryValue.TryRead(query, name, new char[256], out var value);

        Assert.Equal(expected, isFound ? value.ToString() : null);
    }

    [Theory]
    [InlineData(256, true)]
    [InlineData(257, false)]
    public void QueryValue_Length_IsBounded(int chars, bool expected)
    {
        Assert.Equal(expected, QueryValue.TryRead("?a=" + new string('x', chars), "a", new char[256], out _));
        Assert.Equal(expected, QueryValue.TryRead("?a=+" + new string('x', chars - 1), "a", new char[256], out _));
        Assert.False(QueryValue.TryRead("?" + new string('+', 100_000) + "=1", "a", new char[256], out _));
    }

    [Fact]
    public void AnyText_NeverThrows()
    {
        const string Alphabet = "abq=;,.*&?+%0F/:@[]#- \u00fc\ud83d\ude42";
        var random = new Random(17);
        var scratch = new char[256];
        for (var i = 0; i < 50_000; i++)
        {
            var chars = new char[random.Next(30)];
            for (var c = 0; c < chars.Length; c++)
            {
                chars[c] = Alphabet[random.Next(Alphabet.Length)];
            }
            Assert.DoesNotContain(",", HeaderValues.PreferredLanguage(chars).ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain("/", HeaderValues.ReferrerDomain(chars).ToString(), StringComparison.Ordinal);
            QueryValue.TryRead(chars, "a", scratch, out _);
        }
    }
}
