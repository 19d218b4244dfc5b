using Edge.Catalog;
using Edge.Experiments;
using Xunit;

namespace Edge.Tests.Experiments;

/// <summary>What a click may add to the stored destination, and that it can change nothing else of it.</summary>
public class LinkTargetTests
{
    private const string Id = "01890a5d-ac96-774b-bcce-b302099a8057";

    /// <summary>Destinations as stored; what comes before their end of the query may not change.</summary>
    private static readonly string[] Destinations =
    [
        "https://shop.example/",
        "https://shop.example:8443/a/b?x=1&utm_medium=own#top",
        "https://shop.example/?click={clickId}",
        "http://[2001:db8::1]/p?",
        "https://shop.example/a?b#c?d=e",
    ];

    /// <summary>Values that redirect bypasses and header injections are made of.</summary>
    private static readonly string[] Hostile =
    [
        "https://evil.example/",
        "//evil.example",
        "\\\\evil.example",
        "/\\evil.example",
        "@evil.example",
        ":@evil.example",
        "#@evil.example",
        "%23@evil.example",
        "?@evil.example",
        "%0d%0aLocation:%20https://evil.example/",
        "%0D%0ASet-Cookie:a=b",
        "\r\nLocation: https://evil.example/",
        "\u0000",
        "%00",
        "%",
        "%2",
        "%zz",
        "%25%30%64",
        "..%2f..%2f",
        "../../..",
        "%2e%2e/",
        ";jsessionid=1",
        "%26utm_medium=stolen",
        "a=b=c",
        "+",
        "%2B",
        "<script>alert(1)</script>",
        "\"'`",
        "{clickId}",
        "%7BclickId%7D",
        "javascript:alert(1)",
        "data:text/html,x",
        "\u00e9\u00ff",
        "%c3%28",
        "%ff%fe",
        "%e2%80%ae",
        "[::1]",
        "a b",
        "a%09b",
        "",
    ];

    public static TheoryData<string, string> Corpus
    {
        get
        {
            var rows = new TheoryData<string, string>();
            foreach (var destination in Destinations)
            {
                foreach (var value in Hostile)
                {
                    rows.Add(destination, value);
                }
            }
            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Corpus))]
    public void Complete_HostileQuery_LeavesEverythingButTheQueryAsItIsStored(string destination, string hostile)
    {
        var stored = Destination.OfStored(destination)!.Location.Replace("%7BclickId%7D", Id, StringComparison.Ordinal);
        var target = TargetOf(destination, "q", "utm_*");

        foreach (var query in (string[])[$"?q={hostile}", $"?{hostile}", $"?utm_{hostile}=x&q=1", $"q={hostile}&q=2#{hostile}"])
        {
            var location = target.Complete(query, Id).ToString();

            var mark = stored.IndexOf('#', StringComparison.Ordinal);
            var (head, fragment) = mark < 0 ? (stored, "") : (stored[..mark], stored[mark..]);
            Assert.StartsWith(head, location, StringComparison.Ordinal);
            Assert.EndsWith(fragment, location, StringComparison.Ordinal);
            var added = location[head.Length..(location.Length - fragment.Length)];
            Assert.DoesNotContain(added, c => !char.IsAsciiLetterOrDigit(c) && !"-._~%=&?".Contains(c));
            Assert.True(added.Length == 0 || added[0] == (head.Contains('?') ? head[^1] == '?' ? added[0] : '&' : '?'));
            Assert.InRange(location.Length, 1, LinkTarget.LocationCharsMax);
            var (before, after) = (new Uri(stored), new Uri(location));
            Assert.Equal(
                (before.Scheme, before.Authority, before.AbsolutePath, before.Fragment, before.UserInfo),
                (after.Scheme, after.Authority, after.AbsolutePath, after.Fragment, after.UserInfo)
            );
            Assert.StartsWith(before.Query, after.Query, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("https://a.example/", "?utm_source=mail&x=1&gclid=2", "https://a.example/?utm_source=mail&gclid=2")]
    [InlineData("https://a.example/?b=1#top", "utm_source=mail", "https://a.example/?b=1&utm_source=mail#top")]
    [InlineData("https://a.example/?", "?gclid=1", "https://a.example/?gclid=1")]
    [InlineData("https://a.example/?b&", "?gclid=1", "https://a.example/?b&gclid=1")]
    [InlineData("https://a.example/?utm_source=own", "?utm_source=mail", "https://a.example/?utm_source=own")]
    [InlineData("https://a.example/?utm%5Fsource=own", "?utm_source=mail", "https://a.example/?utm%5Fsource=own")]
    [InlineData("https://a.example/", "?utm%5Fsource=m&gcl%69d=1", "https://a.example/?utm_source=m&gclid=1")]
    [InlineData("https://a.example/", "?gclid=1&gclid=2", "https://a.example/?gclid=1")]
    [InlineData("https://a.example/", "?gclid=&utm_x", "https://a.example/?gclid=&utm_x=")]
    [InlineData("https://a.example/", "?gclid=a+b%2Bc%20d", "https://a.example/?gclid=a%20b%2Bc%20d")]
    [InlineData("https://a.example/", "?gclid=%C3%BC%zz", "https://a.example/?gclid=%C3%BC%25zz")]
    [InlineData("https://a.example/", "?GCLID=1&utm_[x]=2&utm_x%26y=3", "https://a.example/")]
    [InlineData("https://a.example/?c={clickId}&d={clickId}#{clickId}", "", $"https://a.example/?c={Id}&d={Id}#%7BclickId%7D")]
    [InlineData("https://a.example/{clickId}", "", "https://a.example/%7BclickId%7D")]
    [InlineData("shop-app://open?c={clickId}", "?gclid=1", $"shop-app://open?c={Id}")]
    public void Complete_Query_IsPassedOnByName(string destination, string query, string expected) =>
        Assert.Equal(expected, TargetOf(destination, "gclid", "utm_*").Complete(query, Id).ToString());

    [Fact]
    public void Complete_TooMuch_IsLeftOutAsAWhole()
    {
        var target = TargetOf("https://a.example/#end", "q*");
        var large = new string('a', 1000);

        var location = target.Complete($"?q1={large}&q2={new string('b', 1025)}&q3={large}&q4={large}&q5={large}&q6=x", "");

        Assert.Equal($"https://a.example/?q1={large}&q3={large}&q4={large}&q5={large}&q6=x#end", location.ToString());
        Assert.Equal(
            $"https://a.example/?q1={large}&q3={large}&q4={large}&q6={large}#end",
            target.Complete($"?q1={large}&q3={large}&q4={large}&q5={large.Replace("a", "%20", StringComparison.Ordinal)}&q6={large}", "")
                .ToString()
        );
    }

    [Fact]
    public void Write_Click_AllocatesNothing()
    {
        var target = TargetOf("https://a.example/?c={clickId}", "utm_*");
        var room = new char[LinkTarget.LocationCharsMax];
        target.Write("?utm_source=a%20b", Id, room);

        var before = GC.GetAllocatedBytesForCurrentThread();
        target.Write("?utm_source=a%20b", Id, room);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(0, TargetOf("https://a.example/?c={clickId}").Constant.Count);
        Assert.Equal("https://a.example/", TargetOf("https://a.example/").Constant.ToString());
    }

    private static LinkTarget TargetOf(string destination, params string[] names) =>
        new(
            Destination.OfStored(destination)!.Location,
            PassedParameters.Of(Definitions.Experiment(Definitions.Minimal) with { PassQuery = names })
        );
}
