using Edge.Tests.BlackBox;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Browser;

/// <summary>
/// What a real browser lets a page of another site do with the routes (spec 1.8), without our client: fetch with and
/// without credentials, with and without a preflight, beacons of every kind. A refusal must be readable too, or senders
/// could not tell it from a broken network.
/// </summary>
public sealed class CrossOriginTests(BrowsedEdge site) : IClassFixture<BrowsedEdge>
{
    private const string Event = """{ event: 'view', experiment: 'SLUG', variantId: 'a' }""";
    private const string Exposure =
        """{ events: [{ type: 'exposure', unitKey: 'u', timestamp: '2026-05-21T10:30:00Z', layers: [{ layerId: 'l', bucket: 1 }] }] }""";

    [Theory]
    [InlineData("a string without credentials", "/s/events", Event, "credentials: 'omit'", 200)]
    [InlineData("a string with credentials", "/s/events", Event, "credentials: 'include'", 200)]
    [InlineData(
        "JSON without credentials",
        "/s/events",
        Event,
        "credentials: 'omit', headers: { 'Content-Type': 'application/json' }",
        200
    )]
    [InlineData(
        "JSON with credentials",
        "/s/events",
        Event,
        "credentials: 'include', headers: { 'Content-Type': 'application/json' }",
        200
    )]
    [InlineData(
        "a write key in its header",
        "/s/events",
        Event,
        "headers: { 'X-Write-Key': 'WRITE', 'Content-Type': 'application/json' }",
        200
    )]
    [InlineData("a wrong write key", "/s/events", Event, "headers: { 'X-Write-Key': 'wrong' }", 401)]
    [InlineData("a wrong event with credentials", "/s/events", "{ event: 'other' }", "credentials: 'include'", 400)]
    [InlineData(
        "what Traffical's client sends",
        "/v1/events/batch",
        Exposure,
        "keepalive: true, headers: { Authorization: 'Bearer TRAFFICAL', 'Content-Type': 'application/json' }",
        200
    )]
    [InlineData(
        "the same without a valid key",
        "/v1/events",
        Exposure,
        "headers: { Authorization: 'Bearer wrong', 'Content-Type': 'application/json' }",
        401
    )]
    [InlineData(
        "an event with its key",
        "/v1/track",
        "{ event: 'e' }",
        "headers: { Authorization: 'Bearer TRACK', 'Content-Type': 'application/json' }",
        202
    )]
    [InlineData(
        "an event with its key in the query",
        "/v1/track?key=TRACK",
        "{ event: 'e' }",
        "credentials: 'omit'",
        202
    )]
    [InlineData(
        "an event with the key of another origin",
        "/v1/track?key=FOREIGN",
        "{ event: 'e' }",
        "credentials: 'omit'",
        403
    )]
    [InlineData("a wrong event", "/v1/track?key=TRACK", "{}", "credentials: 'omit'", 400)]
    public async Task Fetch_FromAnotherSite_IsAnsweredReadably(
        string name,
        string path,
        string body,
        string options,
        int status
    )
    {
        var (_, slug) = await site.CreateAsync("", "start");
        await using var page = await site.OpenAsync();

        var answer = await page.RunAsync(
            Fill(
                $"fetch('EDGE{path}', {{ method: 'POST', body: JSON.stringify({body}), {options} }}).then(r => r.status + ' ' + r.type, String)",
                slug
            )
        );

        Assert.Equal($"{name}: {status} cors", $"{name}: {answer}");
    }

    [Theory]
    [InlineData("a string", "JSON.stringify(EVENT)")]
    [InlineData("a Blob of JSON", "new Blob([JSON.stringify(EVENT)], { type: 'application/json' })")]
    [InlineData("a Blob of text", "new Blob([JSON.stringify([EVENT])], { type: 'text/plain' })")]
    public async Task Beacon_OfEveryKind_ArrivesThoughThePageIsLeft(string name, string body)
    {
        var (_, slug) = await site.CreateAsync("", "start");
        await using var page = await site.OpenAsync();

        var isQueued = await page.RunAsync(
            Fill(
                $"addEventListener('pagehide', () => navigator.sendBeacon('EDGE/s/events', {body.Replace("EVENT", Event, StringComparison.Ordinal)})); true",
                slug
            )
        );
        await page.GoToAsync("about:blank");

        Assert.Equal("true", isQueued);
        var view = await Forwarded.WaitForAsync(site.DataDir, e => e.Text("experiment") == slug);
        Assert.Equal($"{name}: view", $"{name}: {view.Text("type")}");
    }

    [Fact]
    public async Task Beacon_WithTheKeyInItsAddress_Arrives()
    {
        var name = ManagedEdge.NewSlug();
        await using var page = await site.OpenAsync();
        await page.RunAsync(
            Fill($"navigator.sendBeacon('EDGE/v1/track?key=TRACK', JSON.stringify({{ event: 'beacon {name}' }}))", "")
        );

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

        Assert.Equal(
            "200 cors",
            await page.RunAsync(
                Fill($"fetch('EDGE{path}', {{ credentials: 'omit' }}).then(r => r.status + ' ' + r.type, String)", slug)
            )
        );
    }

    [Fact]
    public async Task Get_OfExperiments_IsNotReadable()
    {
        await using var page = await site.OpenAsync();

        var answer = await page.RunAsync(
            Fill(
                $"fetch('EDGE/experiments/api', {{ headers: {{ Authorization: 'Bearer {site.Key}' }} }}).then(r => r.status, String)",
                ""
            )
        );

        Assert.Equal("TypeError: Failed to fetch", answer);
    }

    private string Fill(string script, string slug) =>
        script
            .Replace("EDGE", site.Edge.Address.ToString().TrimEnd('/'), StringComparison.Ordinal)
            .Replace("SLUG", slug, StringComparison.Ordinal)
            .Replace("WRITE", site.WriteKey, StringComparison.Ordinal)
            .Replace("TRACK", site.TrackKey, StringComparison.Ordinal)
            .Replace("FOREIGN", site.ForeignKey, StringComparison.Ordinal)
            .Replace("TRAFFICAL", site.TrafficalKey, StringComparison.Ordinal);
}
