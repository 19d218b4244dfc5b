using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>
/// Requests of tests, as the native binary keeps them apart from people's: events, counts, limits, sinks, ledger.
/// </summary>
public class SyntheticTests(SyntheticTests.TestedEdge edge) : IClassFixture<SyntheticTests.TestedEdge>
{
    /// <summary>Of the event loops and of the server, which reads what is not plainly a pixel or click.</summary>
    [Theory]
    [InlineData("GET", "/s/SLUG/pixel.gif?u=a", "impression")]
    [InlineData("GET", "/s/SLUG/click?u=a", "click")]
    [InlineData("POST", "/s/SLUG/pixel.gif?u=a", "impression")]
    [InlineData("POST", "/s/SLUG/click?u=a", "click")]
    [InlineData("POST", "/s/events", "view")]
    public async Task Request_WithASignedMark_IsAnsweredAsAlwaysAndItsEventSaysSo(
        string method,
        string path,
        string type
    )
    {
        var (_, slug) = await edge.CreateAsync("", "start");
        var test = $"t-{slug}";
        var mark = await edge.MarkAsync(test);
        path = path.Replace("SLUG", slug, StringComparison.Ordinal);
        var body = path == "/s/events" ? $$"""{"event":"view","experiment":"{{slug}}"}""" : null;

        var (ofPeople, peoplesBytes) = await SendAsync(method, path, body);
        var (ofTest, bytes) = await SendAsync(method, path, body, mark);

        Assert.Equal(ofPeople.StatusCode, ofTest.StatusCode);
        Assert.Equal(peoplesBytes, bytes);
        Assert.Equal(ofPeople.Headers.Location, ofTest.Headers.Location);
        Assert.EndsWith(", synthetic", Outcome(ofTest), StringComparison.Ordinal);
        Assert.DoesNotContain("synthetic", Outcome(ofPeople), StringComparison.Ordinal);
        var marked = await edge.WaitForTestEventAsync(e => e.Text("synthetic") == test);
        Assert.Equal(type, marked.Text("type"));
        Assert.Equal(slug, marked.Text("experiment"));
        Assert.NotEqual("", marked.Text("ip_hash"));
        // The ordinary sink has what people did, and nothing of the test.
        var plain = await Forwarded.WaitForAsync(edge.DataDir, e => e.Text("experiment") == slug);
        Assert.Equal("", plain.Text("synthetic"));
        Assert.DoesNotContain(Forwarded.Lines(edge.DataDir), line => line.Contains(test, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Tail_OfATest_SaysItsName()
    {
        var (_, slug) = await edge.CreateAsync("", "start");
        var mark = await edge.MarkAsync("watched");
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/events/live?experiment={slug}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", edge.Key);
        using var live = await edge.Edge.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var lines = new StreamReader(await live.Content.ReadAsStreamAsync());

        _ = await SendAsync("GET", $"/s/{slug}/pixel.gif?u=a", null, mark);

        string? line;
        do
        {
            line = await lines.ReadLineAsync().WaitAsync(Wait.Limit);
        } while (line is not null && !line.Contains(slug, StringComparison.Ordinal));
        Assert.Contains("\"synthetic\":\"watched\"", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Marks_ThatCountForNothing_LeaveTheRequestOneOfPeople()
    {
        var (_, slug) = await edge.CreateAsync("", "start");
        var good = await edge.MarkAsync("good");
        var stranger = await Marks.SignAsync("syn_" + new string('x', 20) + "0123456789AB", "stranger");
        string[][] ignored =
        [
            ["1"],
            [""],
            ["good.0123456789abcdef.1.x"],
            [new string('a', 5_000)],
            [good[..^1] + (good[^1] == '0' ? '1' : '0')],
            ["b" + good[1..]],
            [stranger],
            [good, good],
        ];
        var before = await IgnoredAsync();

        for (var i = 0; i < ignored.Length; i++)
        {
            foreach (var path in (string[])[$"/s/{slug}/pixel.gif?u=n-{i}", $"/s/{slug}/click?u=n-{i}"])
            {
                var (answer, _) = await SendAsync("GET", path, null, ignored[i]);

                Assert.Equal(path.Contains("click", StringComparison.Ordinal) ? 302 : 200, (int)answer.StatusCode);
                Assert.Equal("recorded", Outcome(answer));
            }
        }

        await Wait.ForAsync(
            () => Task.FromResult(Forwarded.Lines(edge.DataDir).Count(line => line.Contains(slug, StringComparison.Ordinal))),
            count => count == 2 * ignored.Length
        );
        Assert.True(await IgnoredAsync() - before >= 2 * ignored.Length);
    }

    [Fact]
    public async Task Key_RevokedOrOfAnotherKind_SignsNothing()
    {
        var (_, slug) = await edge.CreateAsync("", "start");
        var secret = await edge.CreateKeyAsync("synthetic", "--project", "revoked");
        var mark = await Marks.SignAsync(secret, "revoked");
        await UntilOutcomeAsync(slug, mark, "recorded, synthetic");
        var id = (await EdgeProcess.RunAsync(["keys", "list", "--data-dir", edge.DataDir]))
            .Output.Split('\n')
            .First(line => line.Contains(secret[^4..], StringComparison.Ordinal))
            .Split('\t')[0];

        var (exitCode, _, error) = await EdgeProcess.RunAsync(["keys", "revoke", id, "--data-dir", edge.DataDir]);

        Assert.True(exitCode == 0, error);
        await UntilOutcomeAsync(slug, mark, "recorded");
        var access = await edge.SendAsync("GET", "", key: await edge.CreateKeyAsync("synthetic"));
        Assert.Equal(401, access.Status);
        (exitCode, _, error) = await EdgeProcess.RunAsync(["synthetic", "x"], [("EDGE_SYNTHETIC_KEY", edge.Key)]);
        Assert.Equal(2, exitCode);
        Assert.Contains("edge keys create --kind synthetic", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clicks_OfATest_UseUpNoneOfALinksClicks()
    {
        var (_, slug) = await edge.CreateAsync(
            ""","linkConfig":{"maxClicks":1,"exhaustedUrl":"https://shop.example/gone"}""",
            "start"
        );
        var mark = await edge.MarkAsync("clicks");
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal($"https://example.com/{slug}", await FollowAsync(slug, mark));
        }

        Assert.Equal($"https://example.com/{slug}", await FollowAsync(slug));
        Assert.Equal("https://shop.example/gone", await FollowAsync(slug));
        // What is used up is so for a test as well.
        Assert.Equal("https://shop.example/gone", await FollowAsync(slug, mark));
    }

    [Fact]
    public async Task Limits_OfSenders_AreNotForTests()
    {
        var (_, slug) = await edge.CreateAsync("", "start");
        var mark = await edge.MarkAsync("limits");
        var view = $$"""{"event":"view","experiment":"{{slug}}"}""";
        const string Address = "203.0.113.77";

        for (var i = 0; i < 2 * TestedEdge.AddressPerMinute; i++)
        {
            Assert.Equal(HttpStatusCode.OK, await PostAsync("/s/events", view, null, Address, mark));
        }

        for (var i = 0; i < TestedEdge.AddressPerMinute; i++)
        {
            Assert.Equal(HttpStatusCode.OK, await PostAsync("/s/events", view, null, Address));
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, await PostAsync("/s/events", view, null, Address));
        Assert.Equal(HttpStatusCode.OK, await PostAsync("/s/events", view, null, Address, mark));
        foreach (var (kind, path, body) in Ingestion)
        {
            var key = await edge.CreateKeyAsync(kind, "--project", $"limits-{kind}");
            var statuses = new List<HttpStatusCode>();
            for (var i = 0; i < 12; i++)
            {
                statuses.Add(await PostAsync(path, body(i), key, Address, mark));
            }

            Assert.DoesNotContain(HttpStatusCode.TooManyRequests, statuses);
            Assert.True((int)statuses[0] is >= 200 and < 300, $"{path}: {statuses[0]}");
        }
    }

    [Fact]
    public async Task Ids_OfATest_AreNotRepetitionsOfPeoples()
    {
        var key = await edge.CreateKeyAsync("artie", "--project", "ids");
        var mark = await edge.MarkAsync("ids");
        var body = """[{"event":"order","messageId":"one-id","timestamp":"2026-11-30T00:00:00Z","properties":{}}]""";
        async Task<int> StoredAsync()
        {
            await edge.Edge.UntilForwardedAsync();
            return Forwarded.Lines(edge.DataDir).Count(line => line.Contains("one-id", StringComparison.Ordinal));
        }

        Assert.Equal(HttpStatusCode.OK, await PostAsync("/v1/bulk-track", body, key, null, mark));
        Assert.Equal(HttpStatusCode.OK, await PostAsync("/v1/bulk-track", body, key, null, mark));
        Assert.Equal(0, await StoredAsync());
        Assert.Equal(HttpStatusCode.OK, await PostAsync("/v1/bulk-track", body, key));
        Assert.Equal(HttpStatusCode.OK, await PostAsync("/v1/bulk-track", body, key));

        Assert.Equal(1, await StoredAsync());
        await edge.WaitForTestEventAsync(e => e.Text("event_id") == "one-id");
        Assert.Equal(1, edge.TestLines().Count(line => line.Contains("one-id", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Ledger_OfTests_AddsUpAndSurvivesARestart()
    {
        using var data = new TempDirectory();
        var (exitCode, key, error) = await EdgeProcess.RunAsync([
            "keys",
            "create",
            "--kind",
            "synthetic",
            "--data-dir",
            data.Path,
        ]);
        Assert.True(exitCode == 0, error);
        var mark = await Marks.SignAsync(key.Trim(), "ledger");
        var sinks = new[] { ("EDGE__SINKS__FILE__FILTERS__SYNTHETIC", "include") };
        await using (var first = await EdgeProcess.StartAsync(data.Path, environment: sinks))
        {
            for (var i = 0; i < 20; i++)
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, $"/s/demo-ab/pixel.gif?u={i}");
                if (i % 4 != 0)
                {
                    request.Headers.Add("Edge-Synthetic", mark);
                }

                using var answer = await first.Client.SendAsync(request);
            }

            var ledger = await Wait.ForAsync(
                () => LedgerAsync(first),
                now => SinkOf(now).GetProperty("forwarded").GetInt64() == 20
            );
            Assert.Equal("""{"received":15,"stored":15,"dropped":0}""", Synthetic(ledger));
            Assert.Equal(20, ledger.GetProperty("stored").GetInt64());
            var file = SinkOf(ledger);
            Assert.Equal(("20", "15", "0"), (file.Text("forwarded"), file.Text("synthetic"), file.Text("filtered")));
            var metrics = await first.Client.GetStringAsync("/metrics");
            Assert.Contains("\nedge_synthetic_events_stored_total 15\n", metrics, StringComparison.Ordinal);
            Assert.Contains("\nedge_sink_synthetic_total{sink=\"file\"} 15\n", metrics, StringComparison.Ordinal);
            Assert.Equal(0, await first.StopAsync());
        }

        await using var second = await EdgeProcess.StartAsync(data.Path, environment: sinks);

        Assert.Equal("""{"received":15,"stored":15,"dropped":0}""", Synthetic(await LedgerAsync(second)));
        var tally = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(data.Path, "tally.json"))).RootElement;
        Assert.Equal(20, tally.GetProperty("sequence").GetInt64());
    }

    private static (string Kind, string Path, Func<int, string> Body)[] Ingestion =>
        [
            ("artie", "/v1/bulk-track", _ => """[{"event":"order","timestamp":"2026-11-30T00:00:00Z","properties":{}}]"""),
            ("millimetric-sk", "/v1/track", _ => """{"event":"order","anonymous_id":"a"}"""),
            (
                "traffical",
                "/v1/events",
                i =>
                    $$"""
                    {"events":[{"type":"track","id":"e-{{i}}","orgId":"o","projectId":"limits-traffical","env":"production",
                     "event":"order","unitKey":"u","timestamp":"2026-11-30T00:00:00Z"}]}
                    """
            ),
        ];

    private static JsonElement SinkOf(JsonElement ledger) =>
        ledger.GetProperty("sinks").EnumerateArray().Single(sink => sink.Text("sink") == "file");

    private static string Synthetic(JsonElement ledger) =>
        JsonSerializer.Serialize(ledger.GetProperty("synthetic")).Replace(" ", "", StringComparison.Ordinal);

    private static async Task<JsonElement> LedgerAsync(EdgeProcess process) =>
        JsonDocument.Parse(await process.Client.GetStringAsync("/ledger")).RootElement;

    private static string Outcome(HttpResponseMessage answer) =>
        Assert.Single(answer.Headers.GetValues("Edge-Outcome"));

    private async Task<long> IgnoredAsync() =>
        (await edge.Edge.Client.GetStringAsync("/metrics"))
            .Split('\n')
            .Where(line => line.StartsWith("edge_synthetic_marks_ignored_total{", StringComparison.Ordinal))
            .Sum(line => long.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture));

    private async Task UntilOutcomeAsync(string slug, string mark, string outcome) =>
        await Wait.ForAsync(
            async () => Outcome((await SendAsync("GET", $"/s/{slug}/pixel.gif?u=k", null, mark)).Answer),
            said => said == outcome
        );

    private async Task<string> FollowAsync(string slug, params string[] marks) =>
        (await SendAsync("GET", $"/s/{slug}/click?u=a", null, marks)).Answer.Headers.Location!.ToString();

    private async Task<HttpStatusCode> PostAsync(
        string path,
        string body,
        string? key,
        string? address = null,
        params string[] marks
    )
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        request.Headers.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        request.Headers.Add("X-Forwarded-For", address ?? "203.0.113.1");
        foreach (var mark in marks)
        {
            request.Headers.Add("Edge-Synthetic", mark);
        }

        using var answer = await edge.Edge.Client.SendAsync(request);
        return answer.StatusCode;
    }

    private async Task<(HttpResponseMessage Answer, byte[] Body)> SendAsync(
        string method,
        string path,
        string? body,
        params string[] marks
    )
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (method == "POST")
        {
            request.Content = new StringContent(body ?? "", Encoding.UTF8, "application/json");
        }

        request.Headers.Add("Edge-Debug", edge.Key);
        foreach (var mark in marks)
        {
            Assert.True(request.Headers.TryAddWithoutValidation("Edge-Synthetic", mark));
        }

        var answer = await edge.Edge.Client.SendAsync(request);
        return (answer, await answer.Content.ReadAsByteArrayAsync());
    }

    /// <summary>A service with a key for tests, and a sink that gets nothing but what they send.</summary>
    public sealed class TestedEdge : ManagedEdge
    {
        /// <summary>Requests that an address may send to <c>/s/events</c> in a minute.</summary>
        internal const int AddressPerMinute = 20;

        private string _secret = "";

        protected override (string Name, string Value)[] Settings =>
            [
                ("EDGE__SINKS__FILE__TYPE", "file"),
                ("EDGE__SINKS__TESTS__TYPE", "file"),
                ("EDGE__SINKS__TESTS__FILTERS__SYNTHETIC", "only"),
                ("EDGE__INGEST__ADDRESSPERMINUTE", $"{AddressPerMinute}"),
                ("EDGE__INGEST__MILLIMETRICPERSECOND", "1"),
                ("EDGE__INGEST__MILLIMETRICBURST", "1"),
                ("EDGE__INGEST__TRAFFICALPERSECOND", "1"),
                ("EDGE__INGEST__ARTIEPERSECOND", "1"),
            ];

        /// <summary>The header's value for a test of this name.</summary>
        internal Task<string> MarkAsync(string test) => Marks.SignAsync(_secret, test);

        /// <summary>What the sink for tests has written.</summary>
        internal IEnumerable<string> TestLines() =>
            Directory
                .GetFiles(Path.Combine(DataDir, "forwarded", "tests"), "*.ndjson")
                .SelectMany(Forwarded.ReadCompleteLines);

        internal async Task<JsonElement> WaitForTestEventAsync(Predicate<JsonElement> condition)
        {
            var found = await Wait.ForAsync(
                () =>
                    Task.FromResult(
                        TestLines()
                            .Select(line => (JsonElement?)JsonDocument.Parse(line).RootElement)
                            .FirstOrDefault(e => condition(e!.Value))
                    ),
                e => e is not null
            );
            return found!.Value;
        }

        protected override async Task PrepareAsync() => _secret = await CreateKeyAsync("synthetic");
    }
}
