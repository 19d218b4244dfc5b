using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>Ledger, journal and sinks for those who manage experiments.</summary>
public class SystemTests(ManagedEdge site) : IClassFixture<ManagedEdge>
{
    [Fact]
    public async Task System_AfterEvents_AddsUp()
    {
        var (_, slug) = await site.CreateAsync("", "start");
        for (var i = 0; i < 20; i++)
        {
            await site.Edge.Client.GetAsync($"/s/{slug}/pixel.gif?u={i}");
        }

        await site.Edge.UntilForwardedAsync();

        var system = await AskAsync("GET", "/system");
        var ledger = system.GetProperty("ledger");
        Assert.True(Number(ledger, "received") >= 20);
        Assert.Equal(
            Number(ledger, "received"),
            Number(ledger, "stored") + Number(ledger, "inFlight") + Number(ledger, "droppedTotal") + Number(ledger, "unaccounted")
        );
        Assert.All(
            system.GetProperty("sinks").EnumerateArray(),
            sink =>
                Assert.Equal(
                    Number(sink, "stored"),
                    Number(sink, "forwarded") + Number(sink, "pending") + Number(sink, "deadLettered") + Number(sink, "skipped")
                )
        );
    }

    [Fact]
    public async Task System_LookedAtTwice_HasRates()
    {
        await Wait.ForAsync(
            () => AskAsync("GET", "/system"),
            system =>
                system.GetProperty("journal").GetProperty("storedPerSecond").ValueKind == JsonValueKind.Number
                && system.GetProperty("sinks")[0].GetProperty("perSecond").ValueKind == JsonValueKind.Number
        );
    }

    [Fact]
    public async Task Sink_PausedAndResumed_FollowsAndIsInTheAudit()
    {
        Assert.True((await AskAsync("POST", "/system/sinks/file/pause")).GetProperty("paused").GetBoolean());
        await Wait.ForAsync(() => StateAsync("file"), state => state == "paused");

        Assert.False((await AskAsync("POST", "/system/sinks/file/resume")).GetProperty("paused").GetBoolean());
        await Wait.ForAsync(() => StateAsync("file"), state => state == "forwarding");

        var audit = (await site.SendAsync("GET", "/audit")).Json.GetProperty("entries");
        var actions = audit.EnumerateArray().Select(entry => entry.GetProperty("action").GetString()).ToArray();
        Assert.Contains("sink.pause", actions);
        Assert.Contains("sink.resume", actions);
    }

    [Theory]
    [InlineData("tally", HttpStatusCode.NotFound)]
    [InlineData("none", HttpStatusCode.NotFound)]
    [InlineData("..%2F..%2Fx", HttpStatusCode.NotFound)]
    public async Task Sink_ThatCannotBePaused_IsNone(string name, HttpStatusCode status)
    {
        using var answer = await SendAsync("POST", $"/system/sinks/{name}/pause", site.Key);

        Assert.Equal(status, answer.StatusCode);
    }

    [Fact]
    public async Task Sink_OfAKeyOfATeam_IsNotPaused()
    {
        var key = await site.CreateKeyAsync("pictify", "--project", "team");

        using var paused = await SendAsync("POST", "/system/sinks/file/pause", key);
        using var shown = await SendAsync("GET", "/system", key);
        using var keyless = await SendAsync("GET", "/system", "");

        Assert.Equal(
            (HttpStatusCode.Forbidden, HttpStatusCode.OK, HttpStatusCode.Unauthorized),
            (paused.StatusCode, shown.StatusCode, keyless.StatusCode)
        );
    }

    private async Task<string> StateAsync(string name) =>
        (await AskAsync("GET", "/system"))
            .GetProperty("sinks")
            .EnumerateArray()
            .First(sink => sink.GetProperty("name").GetString() == name)
            .GetProperty("state")
            .GetString()!;

    private async Task<JsonElement> AskAsync(string method, string path)
    {
        using var answer = await SendAsync(method, path, site.Key);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
    }

    private async Task<HttpResponseMessage> SendAsync(string method, string path, string key)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Headers.Authorization = key.Length > 0 ? new AuthenticationHeaderValue("Bearer", key) : null;
        return await site.Edge.Client.SendAsync(request);
    }

    private static long Number(JsonElement element, string name) => element.GetProperty(name).GetInt64();
}
