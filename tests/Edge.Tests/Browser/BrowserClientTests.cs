using System.Text.Json;
using Edge.Tests.BlackBox;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Browser;

/// <summary>
/// The client <c>/sdk.js</c> in a page of another site, in a real browser, down to the forwarded event. Every test has an experiment or a name
/// of its own, by which its events are told apart.
/// </summary>
public sealed class BrowserClientTests(BrowsedEdge site) : IClassFixture<BrowsedEdge>
{
    [Fact]
    public async Task Page_ThatMayStore_KnowsItsVisitorAgain()
    {
        var name = ManagedEdge.NewSlug();
        await using var page = await site.OpenAsync("data-storage=local");
        await page.RunAsync($"edge.track('first {name}')");
        var first = await WaitForTrackAsync($"first {name}");
        await page.GoToAsync(site.Site.PageWith(site.Edge.Address, $"data-key={site.TrackKey} data-storage=local"));
        await page.RunAsync($"edge.track('second {name}')");

        Assert.Equal(first.Text("anonymous_id"), (await WaitForTrackAsync($"second {name}")).Text("anonymous_id"));
    }

    [Fact]
    public async Task Key_OfAnotherOrigin_IsRefusedAndTheEventGivenUp()
    {
        var name = ManagedEdge.NewSlug();
        await using var page = await site.OpenAsync();
        await page.RunAsync($"edge.init({{ key: '{site.ForeignKey}' }}); edge.track('foreign {name}')");
        await page.HearAsync("edge: track refused with 403");
        await page.RunAsync($"edge.init({{ key: '{site.TrackKey}' }}); edge.track('own {name}')");
        await WaitForTrackAsync($"own {name}");

        Assert.DoesNotContain(Forwarded.Lines(site.DataDir), line => line.Contains($"foreign {name}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Track_WhoseAnswerIsLost_IsSentAgainAndStoredOnce()
    {
        const string FirstAnswerLost = """
            const send = fetch; let tries = 0;
            window.again = new Promise(done => window.fetch = async (...request) => {
              const answer = await send(...request);
              if (++tries == 1) throw new TypeError('lost');
              done(answer.status);
              return answer;
            })
            """;
        var name = ManagedEdge.NewSlug();
        await using var page = await site.OpenAsync("data-delay=20", FirstAnswerLost);
        var status = await page.RunAsync($"edge.track('twice {name}'), window.again");
        await page.RunAsync($"edge.track('after {name}')");
        await WaitForTrackAsync($"after {name}");

        Assert.Equal("202", status);
        Assert.Single(Forwarded.Lines(site.DataDir), line => line.Contains($"\"twice {name}\"", StringComparison.Ordinal));
    }

    private Task<JsonElement> WaitForTrackAsync(string name) => Forwarded.WaitForAsync(site.DataDir, e => e.Text("event") == name);
}
