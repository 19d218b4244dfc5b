using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>
/// What became of single events, with a real destination that goes away and comes back, and answers that wait for it.
/// </summary>
public sealed class ReceiptTests : IAsyncLifetime
{
    private readonly TempDirectory _data = new();
    private HttpReceiver _hook = null!;
    private string _sender = "";
    private string _manager = "";

    public async ValueTask InitializeAsync()
    {
        _hook = await HttpReceiver.StartAsync();
        _sender = await CreateKeyAsync("millimetric-sk");
        _manager = await CreateKeyAsync("pictify-read");
    }

    public async ValueTask DisposeAsync()
    {
        await _hook.DisposeAsync();
        _data.Dispose();
    }

    [Fact]
    public async Task Forwarded_AskedFor_IsAnsweredWhenTheSinksHaveIt()
    {
        await using var edge = await StartAsync();

        var (ack, ids) = await TrackAsync(edge, "forwarded", "order-1");

        Assert.Equal("forwarded", ack);
        var id = Assert.Single(ids);
        Assert.Contains(_hook.Taken, request => request.Text.Contains(id, StringComparison.Ordinal));
        var receipt = await ReceiptAsync(edge, id);
        Assert.Equal(("stored", "millimetric", "default", "order-1"), (receipt.Text("state"), receipt.Text("api"), receipt.Text("project"), receipt.Text("eventId")));
        Assert.Equal(1, receipt.GetProperty("journal").GetProperty("sequence").GetInt64());
        var sinks = receipt.GetProperty("sinks").EnumerateArray().ToArray();
        Assert.Equal(["file", "hook"], sinks.Select(sink => sink.Text("name")).Order());
        Assert.All(sinks, sink => Assert.Equal("forwarded", sink.Text("state")));
        Assert.All(sinks, sink => Assert.True(sink.GetProperty("durable").GetBoolean()));
        Assert.All(sinks, sink => Assert.InRange(sink.GetProperty("by").GetDateTimeOffset(), receipt.GetProperty("createdAt").GetDateTimeOffset(), DateTimeOffset.UtcNow.AddSeconds(1)));

        // By the id that the sender gave it, too; and to whoever manages the project.
        Assert.Equal(id, (await ReceiptAsync(edge, "order-1")).Text("id"));
        Assert.Equal(id, (await ReceiptAsync(edge, id, _manager)).Text("id"));
        await UntilMetricAsync(edge, """edge_ack_forwarded_total{result="reached"} 1""");
    }

    [Fact]
    public async Task Forwarded_WhileTheDestinationIsDown_SaysDiskInTime_AndTheReceiptSaysWhenItWas()
    {
        _hook.Script = static _ => new ScriptedAnswer(503, Takes: false);
        string id;
        await using (var edge = await StartAsync())
        {
            (var ack, var ids) = await TrackAsync(edge, "forwarded", "order-1");
            id = Assert.Single(ids);
            Assert.Equal("disk", ack);
            Assert.Equal("forwarded", (await TrackAsync(edge, "forwarded=file", "order-2")).Ack);
            Assert.Equal("disk", (await TrackAsync(edge, "forwarded=hook", "order-3")).Ack);
            Assert.Equal("disk", (await TrackAsync(edge, "forwarded=nowhere", "order-4")).Ack);
            Assert.Equal("memory", (await TrackAsync(edge, "memory", "order-5")).Ack);
            Assert.Equal("disk", (await TrackAsync(edge, "sideways", "order-6")).Ack);
            await UntilMetricAsync(edge, """edge_ack_forwarded_total{result="missed"} 3""");

            var waiting = SinkOf(await ReceiptAsync(edge, id), "hook");
            Assert.Equal(("pending", "retrying"), (waiting.Text("state"), waiting.Text("sink")));
            Assert.Equal(JsonValueKind.Null, waiting.GetProperty("by").ValueKind);
            // What was answered from memory is found at once.
            Assert.Equal("stored", (await ReceiptAsync(edge, "order-5")).Text("state"));

            var back = DateTimeOffset.UtcNow;
            _hook.Script = static _ => ScriptedAnswer.Ok;
            var taken = await Wait.ForAsync(
                async () => SinkOf(await ReceiptAsync(edge, id), "hook"),
                sink => sink.Text("state") == "forwarded" && sink.GetProperty("durable").GetBoolean()
            );
            Assert.True(taken.GetProperty("by").GetDateTimeOffset() > back.AddSeconds(-1));
            Assert.Equal("forwarded", (await TrackAsync(edge, "forwarded", "order-7")).Ack);
            Assert.Equal(0, await edge.StopAsync());
        }

        // The cursors remember that it was, and nobody when.
        await using var again = await StartAsync();
        var receipt = await ReceiptAsync(again, id);
        Assert.Equal("forwarded", SinkOf(receipt, "hook").Text("state"));
        Assert.Equal(JsonValueKind.Null, SinkOf(receipt, "hook").GetProperty("by").ValueKind);
    }

    [Fact]
    public async Task Receipt_OfWhatASinkRefusesOrLeavesOut_SaysSo()
    {
        _hook.Script = static request =>
            request.Text.Contains("refuse-me", StringComparison.Ordinal)
                ? new ScriptedAnswer(400, Takes: false)
                : ScriptedAnswer.Ok;
        await using var edge = await StartAsync(("EDGE__SINKS__HOOK__FILTERS__TYPES", "track"));

        var (ack, ids) = await TrackAsync(edge, "forwarded=hook", "order-1", "refuse-me");
        Assert.Equal("disk", ack);
        Assert.Equal("dead_lettered", SinkOf(await ReceiptAsync(edge, ids[0]), "hook").Text("state"));
        Assert.Equal("forwarded", SinkOf(await ReceiptAsync(edge, ids[0]), "file").Text("state"));

        var location = await ClickAsync(edge);
        var click = location[(location.IndexOf('=', StringComparison.Ordinal) + 1)..];
        var receipt = await Wait.ForAsync(
            () => ReceiptAsync(edge, click, _manager),
            found => SinkOf(found, "hook").Text("state") != "pending"
        );
        Assert.Equal("click", receipt.Text("type"));
        Assert.Equal("filtered", SinkOf(receipt, "hook").Text("state"));
    }

    [Fact]
    public async Task Receipt_OfUnknownMalformedAndForeignIds_IsRefusedInOneForm()
    {
        var foreign = await CreateKeyAsync("millimetric-sk", "--project", "other");
        var team = await CreateKeyAsync("pictify", "--project", "other");
        var writer = await CreateKeyAsync("millimetric-sk", "--scope", "ingest");
        var page = await CreateKeyAsync("millimetric-pk", "--origin", "https://shop.example");
        await using var edge = await StartAsync();
        var (_, ids) = await TrackAsync(edge, "disk", "order-1");
        var id = Assert.Single(ids);
        Assert.Equal("stored", (await ReceiptAsync(edge, id)).Text("state"));

        foreach (
            var (path, key, status, problem) in new[]
            {
                (id, foreign, 404, "receipt-not-found"),
                (id, team, 404, "receipt-not-found"),
                ("order-1", foreign, 404, "receipt-not-found"),
                ("order-2", _sender, 404, "receipt-not-found"),
                ("0198c2a4-7d3e-7a10-8000-3f9b1c2d4e5f", _sender, 404, "receipt-not-found"),
                ("ffffffff-ffff-7fff-bfff-ffffffffffff", _manager, 404, "receipt-not-found"),
                ("order-1", _manager, 400, "validation-error"),
                ("..%2f..%2fetc%2fpasswd", _manager, 400, "validation-error"),
                ("", _sender, 400, "validation-error"),
                (new string('x', 257), _sender, 400, "validation-error"),
                (id, "", 401, "missing-authorization"),
                (id, "sk_live_wrong", 401, "invalid-api-key"),
                (id, page, 401, "invalid-api-key"),
                (id, writer, 403, "missing-scope"),
            }
        )
        {
            using var answer = await AskAsync(edge, path, key);
            Assert.Equal((status, "application/problem+json"), ((int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
            var body = Parse(await answer.Content.ReadAsStringAsync());
            Assert.EndsWith("/" + problem, body.Text("type"), StringComparison.Ordinal);
        }

        using var post = new HttpRequestMessage(HttpMethod.Post, $"/receipts/{id}");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await edge.Client.SendAsync(post)).StatusCode);
    }

    private static JsonElement SinkOf(JsonElement receipt, string name) =>
        receipt.GetProperty("sinks").EnumerateArray().Single(sink => sink.Text("name") == name);

    private static JsonElement Parse(string text) => JsonDocument.Parse(text).RootElement.Clone();

    private static async Task UntilMetricAsync(EdgeProcess edge, string line) =>
        _ = await Wait.ForAsync(
            () => edge.Client.GetStringAsync("/metrics"),
            page => page.Contains(line + "\n", StringComparison.Ordinal)
        );

    private static async Task<string> ClickAsync(EdgeProcess edge)
    {
        using var answer = await edge.Client.GetAsync("/s/leads/click?u=reader");
        Assert.Equal(HttpStatusCode.Found, answer.StatusCode);
        return answer.Headers.Location!.ToString();
    }

    private async Task<EdgeProcess> StartAsync(params (string Name, string Value)[] more)
    {
        Directory.CreateDirectory(_data["experiments"]);
        await File.WriteAllTextAsync(
            _data["experiments/leads.json"],
            """
            {"uid":"exp_leads","slug":"leads","type":"ab_test","name":"Leads","status":"running","variants":[{"id":"a","weight":10000,"isDefault":true},{"id":"b","weight":0}],
             "goalConfig":{"type":"click_through","destinationUrl":"https://shop.example/?click={clickId}"},
             "createdAt":"2026-01-01T00:00:00.000Z","updatedAt":"2026-01-01T00:00:00.000Z"}
            """
        );
        return await EdgeProcess.StartAsync(
            _data.Path,
            [],
            [
                ("EDGE__SINKS__HOOK__TYPE", "http"),
                ("EDGE__SINKS__HOOK__URL", _hook.Url.ToString()),
                ("EDGE__SINKS__HOOK__ALLOWPRIVATE", "true"),
                ("EDGE__SINKS__HOOK__RETRYCEILINGMS", "200"),
                ("EDGE__SINKS__FILE__TYPE", "file"),
                ("EDGE__ACK__FORWARDEDMS", "2500"),
                .. more,
            ]
        );
    }

    private async Task<(string Ack, string[] Ids)> TrackAsync(EdgeProcess edge, string ack, string id, string name = "signup")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/track")
        {
            Content = new StringContent($$"""{"event":"{{name}}","event_id":"{{id}}","user_id":"u-1"}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _sender);
        request.Headers.Add("Edge-Ack", ack);
        using var answer = await edge.Client.SendAsync(request);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        return (answer.Headers.GetValues("Edge-Ack").Single(), answer.Headers.GetValues("Edge-Receipt").Single().Split(", "));
    }

    private async Task<JsonElement> ReceiptAsync(EdgeProcess edge, string id, string? key = null)
    {
        using var answer = await AskAsync(edge, id, key ?? _sender);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.OK, text);
        return Parse(text).GetProperty("receipt");
    }

    private static async Task<HttpResponseMessage> AskAsync(EdgeProcess edge, string id, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/receipts/{id}");
        if (key.Length > 0)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }
        return await edge.Client.SendAsync(request);
    }

    private async Task<string> CreateKeyAsync(string kind, params string[] more)
    {
        var (exitCode, output, error) = await EdgeProcess.RunAsync(
            ["keys", "create", "--kind", kind, "--data-dir", _data.Path, .. more]
        );
        Assert.True(exitCode == 0, error);
        return output.Trim();
    }
}
