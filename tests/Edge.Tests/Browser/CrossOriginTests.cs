using Edge.Tests.BlackBox;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Browser;

/// <summary>
/// What a real browser lets a page of another site do with the routes (spec 1.8), without our client: fetch with and without credentials,
/// with and without a preflight, beacons of every kind. A refusal must be readable too, or senders could not tell it from a broken network.
/// </summary>
public sealed class CrossOriginTests(BrowsedEdge site) : IClassFixture<BrowsedEdge>
{
    [Theory]
    [InlineData("an event with its key", "/v1/track", "{ event: 'e' }", "headers: { Authorization: 'Bearer TRACK', 'Content-Type': 'application/json' }", 202)]
    [InlineData("an event with its key in the query", "/v1/track?key=TRACK", "{ event: 'e' }", "credentials: 'omit'", 202)]
    [InlineData("an event with the key of another origin", "/v1/track?key=FOREIGN", "{ event: 'e' }", "credentials: 'omit'", 403)]
    [InlineData("a wrong event", "/v1/track?key=TRACK", "{}", "credentials: 'omit'", 400)]
    public async Task Fetch_FromAnotherSite_IsAnsweredReadably(string name, string path, string body, string options, int status)
    {
        var (_, slug) = await site.CreateAsync("", "start");
        await using var page = await site.OpenAsync();

        var answer = await page.RunAsync(Fill(
            $"fetch('EDGE{path}', {{ method: 'POST', body: JSON.stringify({body}), {options} }}).then(r => r.status + ' ' + r.type, String)", slug));

        Assert.Equal($"{name}: {status} cors", $"{name}: {answer}");
    }

    [Fact]
    public async Task Beacon_WithTheKeyInItsAddress_Arrives()
    {
        var name = ManagedEdge.NewSlug();
        await using var page = await site.OpenAsync();
        await page.RunAsync(Fill($"navigator.sendBeacon('EDGE/v1/track?key=TRACK', JSON.stringify({{ event: 'beacon {name}' }}))", ""));

        await Forwarded.WaitForAsync(site.DataDir, e => e.Text("event") == $"beacon {name}");
    }

    [Theory]
    [InlineData("/s/SLUG/resolve")]
    [InlineData("/s/SLUG/pixel.gif")]
    [InlineData("/sdk.js")]
    [InlineData("/openapi.json")]
    public async Task Get_OfWhatPagesMayRead_IsReadable(string path)
    {
        var (_, slug) = await site.CreateAsync("", "start");
        await using var page = await site.OpenAsync();

        Assert.Equal("200 cors", await page.RunAsync(Fill($"fetch('EDGE{path}', {{ credentials: 'omit' }}).then(r => r.status + ' ' + r.type, String)", slug)));
    }

    [Fact]
    public async Task Get_OfExperiments_IsNotReadable()
    {
        await using var page = await site.OpenAsync();

        var answer = await page.RunAsync(Fill($"fetch('EDGE/experiments/api', {{ headers: {{ Authorization: 'Bearer {site.Key}' }} }}).then(r => r.status, String)", ""));

        Assert.Equal("TypeError: Failed to fetch", answer);
    }

    private string Fill(string script, string slug) => script
        .Replace("EDGE", site.Edge.Address.ToString().TrimEnd('/'), StringComparison.Ordinal)
        .Replace("SLUG", slug, StringComparison.Ordinal)
        .Replace("WRITE", site.WriteKey, StringComparison.Ordinal)
        .Replace("TRACK", site.TrackKey, StringComparison.Ordinal)
        .Replace("FOREIGN", site.ForeignKey, StringComparison.Ordinal)
        .Replace("TRAFFICAL", site.TrafficalKey, StringComparison.Ordinal);
}
