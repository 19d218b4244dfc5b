using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>Events and refusals as they happen, for few readers at once.</summary>
public class LiveTests(ManagedEdge site) : IClassFixture<ManagedEdge>
{
    private const string FirstKey = "mk_live_4f8a0c1e9b7d2f6a3c5e8b0d1f7a9c2e";
    private const string Phone =
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1";

    [Fact]
    public async Task Event_Stored_IsShownWithItsVerdictAndWithoutThePerson()
    {
        var (_, slug) = await site.CreateAsync("", "start");
        await using var live = await LiveStream.OpenAsync(site.Edge, site.Key, $"?experiment={slug}");

        await VisitAsync($"/s/{slug}/click?u=reader-1");

        using var e = await live.NextAsync("event");
        var root = e.RootElement;
        Assert.Equal(
            ("click", slug, "human"),
            (Text(root, "type"), Text(root, "experiment"), Text(root, "verdict"))
        );
        foreach (var hidden in new[] { "ip_hash", "unit_hash", "user_id", "anonymous_id", "url", "properties", "unit_key" })
        {
            Assert.False(root.TryGetProperty(hidden, out _), hidden);
        }
    }

    [Fact]
    public async Task Filters_OfTypeAndVerdict_LeaveOutTheRest()
    {
        var (_, slug) = await site.CreateAsync("", "start");
        await using var live = await LiveStream.OpenAsync(
            site.Edge,
            site.Key,
            $"?experiment={slug}&type=impression&verdict=human"
        );

        await VisitAsync($"/s/{slug}/click?u=a");
        await VisitAsync($"/s/{slug}/pixel.gif?u=b", "Googlebot/2.1 (+http://www.google.com/bot.html)");
        await VisitAsync($"/s/{slug}/pixel.gif?u=c");

        using var e = await live.NextAsync("event");
        Assert.Equal(("impression", "human"), (Text(e.RootElement, "type"), Text(e.RootElement, "verdict")));
    }

    [Fact]
    public async Task Request_Refused_IsShownWithItsShapeAndWithoutSecrets()
    {
        await using var live = await LiveStream.OpenAsync(site.Edge, site.Key, "?type=refused");

        using var content = new StringContent(
            """{"event":"nonsense","experiment":"x","note":"wk_secret","at":"203.0.113.77:80"}""",
            Encoding.UTF8,
            "application/json"
        );
        using var answer = await site.Edge.Client.PostAsync("/s/events", content);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("must be one of", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        using var refused = await live.NextAsync("refused");
        var root = refused.RootElement;
        Assert.Equal(
            ("POST", "/s/events", 400, "validation-error"),
            (Text(root, "method"), Text(root, "route"), root.GetProperty("status").GetInt32(), Text(root, "reason"))
        );
        var curl = Text(root, "curl");
        Assert.Contains("nonsense", curl, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", curl, StringComparison.Ordinal);
        Assert.DoesNotContain("203.0.113.77", curl, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ingestion_WhileSomebodyReads_IsAnsweredAsEver()
    {
        var key = await site.CreateKeyAsync("artie");
        await using var live = await LiveStream.OpenAsync(site.Edge, site.Key, "");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/bulk-track");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        var events = string.Join(
            ',',
            Enumerable.Repeat("""{"event":"e","timestamp":"2026-05-21T10:30:00Z","properties":{"text":"some more text"}}""", 5_000)
        );
        request.Content = new StringContent($"[{events}]", Encoding.UTF8, "application/json");

        using var answer = await site.Edge.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        Assert.Equal(5_000, body.RootElement.GetProperty("messageIds").GetArrayLength());
        using var sampled = await live.NextAsync("sampled");
        Assert.True(sampled.RootElement.GetProperty("skipped").GetInt64() > 0);
        Assert.InRange(sampled.RootElement.GetProperty("shown").GetInt32(), 0, 50);
    }

    [Fact]
    public async Task Event_OfAnotherTeam_IsNotShownToAKeyOfATeam()
    {
        var key = await site.CreateKeyAsync("pictify", "--project", "live-team");
        var own = ManagedEdge.NewSlug();
        await site.SendAsync("POST", "", ManagedEdge.AbTest(own), key);
        Assert.Equal(200, (await site.SendAsync("POST", $"/{own}/start", null, key)).Status);
        var (_, foreign) = await site.CreateAsync("", "start");
        await using var live = await LiveStream.OpenAsync(site.Edge, key, "");

        await VisitAsync($"/s/{foreign}/pixel.gif?u=a");
        await site.Edge.Client.PostAsync("/v1/track", new StringContent("{}"));
        await VisitAsync($"/s/{own}/pixel.gif?u=a");

        using var e = await live.NextAsync("");
        Assert.Equal(own, Text(e.RootElement, "experiment"));
    }

    [Fact]
    public async Task Readers_BeyondTheirNumber_AreRefusedAndNoKeyHasAllPlaces()
    {
        using var data = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(data.Path, ["--demo"], [("EDGE__API__FIRSTKEY", FirstKey)]);
        string[] keys = [FirstKey, await KeyAsync(data.Path), await KeyAsync(data.Path)];
        foreach (var key in keys)
        {
            await UntilKnownAsync(edge, key);
        }

        var streams = new List<LiveStream>();
        foreach (var key in keys[..2])
        {
            for (var i = 0; i < 4; i++)
            {
                streams.Add(await LiveStream.OpenAsync(edge, key, ""));
            }

            // Whoever comes too often, comes too often alone.
            Assert.Equal(HttpStatusCode.ServiceUnavailable, await LiveStream.StatusAsync(edge, key, ""));
        }

        using (var full = await LiveStream.AskAsync(edge, keys[2], ""))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, full.StatusCode);
            Assert.NotNull(full.Headers.RetryAfter);
        }

        // An orderly stop ends them all.
        Assert.Equal(0, await edge.StopAsync());
        foreach (var stream in streams)
        {
            await stream.UntilEndAsync();
            await stream.DisposeAsync();
        }
    }

    /// <summary>Within the time between two heartbeats, at which it would be noticed anyway.</summary>
    [Theory]
    [InlineData("loops")]
    [InlineData("sockets")]
    public async Task Reader_ThatClosesItsConnection_MakesRoomAtOnce(string transport)
    {
        using var data = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(
            data.Path,
            ["--demo"],
            [("EDGE__API__FIRSTKEY", FirstKey), ("EDGE__HTTP__TRANSPORT", transport)]
        );
        await UntilKnownAsync(edge, FirstKey);
        for (var reader = 0; reader < 12; reader++)
        {
            var clock = Stopwatch.StartNew();
            await using var live = await LiveStream.OpenAsync(edge, FirstKey, "");
            Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        }
    }

    [Theory]
    [InlineData("?typ=click", HttpStatusCode.BadRequest)]
    [InlineData("?type=click&type=view", HttpStatusCode.BadRequest)]
    [InlineData("?type=zzz", HttpStatusCode.BadRequest)]
    [InlineData("?verdict=nobody", HttpStatusCode.BadRequest)]
    [InlineData("?experiment=No+Slug", HttpStatusCode.BadRequest)]
    [InlineData("?experiment=exp_", HttpStatusCode.BadRequest)]
    [InlineData("?type=refused", HttpStatusCode.OK)]
    [InlineData("?experiment=exp_Some-1&verdict=bot&type=impression", HttpStatusCode.OK)]
    public async Task Query_ThatIsWrong_IsRefused(string query, HttpStatusCode status) =>
        Assert.Equal(status, await LiveStream.StatusAsync(site.Edge, site.Key, query));

    /// <summary>Their answer has no body, also while somebody looks at what is refused.</summary>
    [Fact]
    public async Task Preflight_WhileSomebodyReads_IsAnsweredAndItsConnectionStays()
    {
        await using var live = await LiveStream.OpenAsync(site.Edge, site.Key, "");
        const string Preflight =
            "OPTIONS /s/events HTTP/1.1\r\nHost: x\r\nOrigin: https://a.example\r\n"
            + "Access-Control-Request-Method: POST\r\n";

        var answers = await RawHttp.SendAsync(
            site.Edge.Address,
            $"{Preflight}\r\n{Preflight}Connection: close\r\n\r\n"
        );

        Assert.Equal(2, answers.Split("HTTP/1.1 204").Length - 1);
    }

    [Fact]
    public async Task Stream_WithoutAKey_IsRefused() =>
        Assert.Equal(HttpStatusCode.Unauthorized, await LiveStream.StatusAsync(site.Edge, "", ""));

    /// <summary>Until a key is accepted, which a question that takes no place shows.</summary>
    private static Task<HttpStatusCode> UntilKnownAsync(EdgeProcess edge, string key) =>
        Wait.ForAsync(
            () => LiveStream.StatusAsync(edge, key, "?typ=click"),
            static status => status == HttpStatusCode.BadRequest
        );

    private static async Task<string> KeyAsync(string data)
    {
        var (exitCode, output, error) = await EdgeProcess.RunAsync(
            ["keys", "create", "--kind", "pictify-read", "--data-dir", data]
        );
        Assert.True(exitCode == 0, error);
        return output.Trim();
    }

    private async Task VisitAsync(string path, string agent = Phone)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("User-Agent", agent);
        using var answer = await site.Edge.Client.SendAsync(request);
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    /// <summary>An open stream of server-sent events.</summary>
    private sealed class LiveStream : IAsyncDisposable
    {
        private readonly HttpResponseMessage _answer;
        private readonly StreamReader _reader;

        private LiveStream(HttpResponseMessage answer, StreamReader reader) => (_answer, _reader) = (answer, reader);

        public static async Task<LiveStream> OpenAsync(EdgeProcess edge, string key, string query)
        {
            // The client reads on for two seconds before it closes a connection, so the reader before may still be there.
            var answer = await Wait.ForAsync(
                () => AskAsync(edge, key, query),
                static answer => answer.StatusCode != HttpStatusCode.ServiceUnavailable
            );
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal("text/event-stream", answer.Content.Headers.ContentType!.MediaType);
            var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
            Assert.Equal("retry: 3000", await reader.ReadLineAsync());
            return new LiveStream(answer, reader);
        }

        public static async Task<HttpStatusCode> StatusAsync(EdgeProcess edge, string key, string query)
        {
            using var answer = await AskAsync(edge, key, query);
            return answer.StatusCode;
        }

        /// <summary>The data of the next event of a name; of any event for an empty one.</summary>
        public async Task<JsonDocument> NextAsync(string name)
        {
            using var deadline = new CancellationTokenSource(Wait.Limit);
            var current = "";
            while (await _reader.ReadLineAsync(deadline.Token) is { } line)
            {
                if (line.StartsWith("event: ", StringComparison.Ordinal))
                {
                    current = line["event: ".Length..];
                }
                else if (line.StartsWith("data: ", StringComparison.Ordinal) && (name.Length == 0 || current == name))
                {
                    return JsonDocument.Parse(line["data: ".Length..]);
                }
            }

            throw new InvalidOperationException("the stream has ended");
        }

        public async Task UntilEndAsync()
        {
            using var deadline = new CancellationTokenSource(Wait.Limit);
            while (await _reader.ReadLineAsync(deadline.Token) is not null) { }
        }

        public ValueTask DisposeAsync()
        {
            _reader.Dispose();
            _answer.Dispose();
            return ValueTask.CompletedTask;
        }

        public static async Task<HttpResponseMessage> AskAsync(EdgeProcess edge, string key, string query)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/events/live" + query);
            request.Headers.Authorization = key.Length > 0 ? new AuthenticationHeaderValue("Bearer", key) : null;
            return await edge.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        }
    }
}
