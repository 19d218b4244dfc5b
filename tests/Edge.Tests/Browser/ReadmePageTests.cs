using Edge.Tests.BlackBox;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Browser;

/// <summary>The page of the README, as it stands there, in a real browser: its visitors are in the results.</summary>
public sealed class ReadmePageTests(BrowsedEdge site) : IClassFixture<BrowsedEdge>
{
    private const int Visitors = 6;
    private const int Buyers = 3;

    [Fact]
    public async Task Page_OfTheReadme_GivesTrialsSuccessesAndARecommendation()
    {
        var slug = ManagedEdge.NewSlug();
        var created = await site.SendAsync(
            "POST",
            "",
            $$"""
            {"name":"Readme","slug":"{{slug}}","type":"ab_test","attributionWindowMinutes":1,"goalConfig":{"type":"conversion"},
             "variants":[{"id":"a","weight":5000},{"id":"b","weight":5000}]}
            """
        );
        Assert.Equal(201, created.Status);
        await site.SendAsync("POST", $"/{slug}/start");
        var html = await PageAsync(slug);

        for (var i = 0; i < Visitors; i++)
        {
            await using var page = await site.OpenEmptyAsync();
            // One browser is one visitor unless the page says who it is.
            await page.GoToAsync(site.Site.PageOf(html.Replace("data-key", $"data-u={slug}-{i} data-key", StringComparison.Ordinal)));
            var label = await page.RunAsync(
                "new Promise(done => { const look = () => buy.textContent == 'Buy' ? setTimeout(look, 20) : done(buy.textContent); look() })"
            );
            Assert.Matches(@"^Buy \([ab]\)$", label);
            await page.RunAsync(i < Buyers ? "buy.click(), edge.flush()" : "edge.flush()");
            await page.GoToAsync("about:blank");
        }

        var results = await Wait.ForAsync(
            async () => (await site.SendAsync("GET", $"/{slug}/results")).Json.GetProperty("results"),
            results => results.GetProperty("totals").GetProperty("trials").GetInt32() == Visitors
        );
        var totals = results.GetProperty("totals");
        Assert.Equal(
            (Visitors, Buyers, Buyers),
            (
                totals.GetProperty("views").GetInt32(),
                totals.GetProperty("conversions").GetInt32(),
                totals.GetProperty("successes").GetInt32()
            )
        );
        Assert.StartsWith("Keep it running: ", results.Text("recommendation"), StringComparison.Ordinal);
        await Forwarded.WaitForAsync(
            site.DataDir,
            e => e.Text("event") == "purchase" && e.Text("properties").Contains("4900", StringComparison.Ordinal)
        );
    }

    private async Task<string> PageAsync(string slug)
    {
        var readme = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "README.md"));
        var begin = readme.IndexOf("<<END\n", StringComparison.Ordinal) + "<<END\n".Length;
        return readme[begin..readme.IndexOf("\nEND\n", begin, StringComparison.Ordinal)]
            .Replace("http://127.0.0.1:8080/", site.Edge.Address.ToString(), StringComparison.Ordinal)
            .Replace("$WRITE", site.WriteKey, StringComparison.Ordinal)
            .Replace("$PUBLIC", site.TrackKey, StringComparison.Ordinal)
            .Replace("'button'", $"'{slug}'", StringComparison.Ordinal);
    }
}
