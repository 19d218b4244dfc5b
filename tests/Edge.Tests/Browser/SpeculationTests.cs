using System.Globalization;
using System.Text.RegularExpressions;
using Edge.Tests.BlackBox;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Browser;

/// <summary>A page that has a real browser load its links ahead of the visit (speculation rules).</summary>
public sealed partial class SpeculationTests(BrowsedEdge site) : IClassFixture<BrowsedEdge>
{
    [Fact]
    public async Task Click_LoadedAheadAndThenFollowed_CountsOnce()
    {
        var slug = ManagedEdge.NewSlug();
        var landing = site.Site.Origin + "/landing";
        var definition = ManagedEdge
            .AbTest(slug)
            .Replace($"https://example.com/{slug}", landing, StringComparison.Ordinal);
        Assert.Equal(201, (await site.SendAsync("POST", "", definition)).Status);
        Assert.Equal(200, (await site.SendAsync("POST", $"/{slug}/start")).Status);

        var link = new Uri(site.Edge.Address, $"s/{slug}/click?u=reader").ToString();
        await using var page = await site.OpenAsync();
        await page.RunAsync(
            $$"""
            const rules = document.createElement('script');
            rules.type = 'speculationrules';
            rules.textContent = JSON.stringify({
                prefetch: [{ source: 'list', urls: ['{{link}}'], eagerness: 'immediate' }]
            });
            document.head.append(rules);
            """
        );
        await Wait.ForAsync(RefusedAsync, refused => refused > 0);
        await page.FollowAsync(link);

        Assert.Equal(landing, await page.RunAsync("location.href"));
        var click = await Forwarded.WaitForAsync(site.DataDir, e => e.Text("experiment") == slug);
        Assert.Equal(("click", "human"), (click.Text("type"), click.Text("verdict")));
        Assert.Single(Forwarded.Lines(site.DataDir), line => line.Contains(slug, StringComparison.Ordinal));
    }

    private async Task<long> RefusedAsync() =>
        Refused().Match(await site.Edge.Client.GetStringAsync("/metrics")) is { Success: true } found
            ? long.Parse(found.Groups[1].Value, CultureInfo.InvariantCulture)
            : 0;

    [GeneratedRegex("""edge_requests_total\{route="click",outcome="prefetch"\} (\d+)""")]
    private static partial Regex Refused();
}
