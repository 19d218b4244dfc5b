using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Edge.Access;
using Edge.Tests.Support;
using Xunit;
using static Edge.Tests.Support.Packing;

namespace Edge.Tests.Endpoints.Ingestion;

/// <summary>
/// The four ingestion APIs over a real listener: what is answered, and what stands in the journal afterwards.
/// </summary>
public class IngestionTests
{
    private const string Chrome =
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";
    private const string ArtieEvent =
        """{"event":"signup","properties":{"plan": "basic"},"timestamp":"2025-10-29T22:00:00.778Z","messageId":"m1","context":{"n":1.0}}""";

    [Fact]
    public async Task Artie_Batch_IsStoredWithItsIdsAndRepetitionsOnce()
    {
        await using var site = await IngestSite.StartAsync();
        var key = site.Issue(KeyKind.Artie);

        var first = await site.PostAsync("/v1/bulk-track", key, $"[{ArtieEvent},{ArtieEvent}]");
        var again = await site.PostAsync("/v1/bulk-track", key, $"[{ArtieEvent}]");
        var single = await site.PostAsync("/v1/track", key, ArtieEvent);
        var noId = await site.PostAsync(
            "/v1/bulk-track",
            key,
            """[{"event":"a","properties":{},"timestamp":"2025-10-29T22:00:00Z"}]"""
        );

        first.Is(200, """{"status":"ok","messageIds":["m1","m1"]}""");
        Assert.Equal("disk", first.Header("Edge-Ack"));
        again.Is(200, """{"status":"ok","messageIds":["m1"]}""");
        single.Is(200, """{"status":"ok","messageId":"m1"}""");
        var made = JsonDocument.Parse(noId.Body).RootElement.GetProperty("messageIds")[0].GetString();
        var events = await site.StopAndReadAsync();
        Assert.Equal(["m1", made], events.Select(e => e.Text("event_id")));
        Assert.Equal(
            """{"plan":"basic"}|{"context":{"n":1.0}}""",
            $"{events[0].GetProperty("properties")}|{events[0].GetProperty("extra")}"
        );
    }

    [Fact]
    public async Task Artie_WithOneInvalidEvent_StoresNothing()
    {
        await using var site = await IngestSite.StartAsync();
        var key = site.Issue(KeyKind.Artie);

        var answer = await site.PostAsync(
            "/v1/bulk-track",
            key,
            $$"""[{{ArtieEvent}},{"event":"x","properties":null,"timestamp":"2025-10-29T22:00:00Z"}]"""
        );

        Assert.Equal(400, answer.Status);
        Assert.StartsWith(
            """{"error":"Invalid event format.","index":1,"detail":""",
            answer.Body,
            StringComparison.Ordinal
        );
        Assert.Empty(await site.StopAndReadAsync());
    }

    [Fact]
    public async Task Event_SentAgainAfterARestart_IsRecognised()
    {
        await using var site = await IngestSite.StartAsync();
        var artie = site.Issue(KeyKind.Artie, grant => grant with { Project = "shop" });
        var traffical = site.Issue(
            KeyKind.Traffical,
            grant => grant with { Project = "p", Environment = "production" }
        );
        var track =
            """{"events":[{"id":"trk_1","type":"exposure","unitKey":"u","timestamp":"2026-05-21T10:30:00Z","layers":[]}]}""";
        await site.PostAsync("/v1/bulk-track", artie, $"[{ArtieEvent}]");
        await site.PostAsync("/v1/events", traffical, track);

        await site.RestartAsync();

        (await site.PostAsync("/v1/bulk-track", artie, $"[{ArtieEvent}]")).Is(
            200,
            """{"status":"ok","messageIds":["m1"]}"""
        );
        (await site.PostAsync("/v1/events/batch", traffical, track)).Is(200, """{"accepted":1,"written":1}""");
        Assert.Equal(["m1", "trk_1"], (await site.StopAndReadAsync()).Select(e => e.Text("event_id")));
    }

    [Theory]
    [InlineData(
        "nested",
        """{"error":"Invalid event format.","detail":"the body is not one JSON value, or is nested deeper than 64 levels"}"""
    )]
    [InlineData(
        "long event",
        """{"error":"Invalid event format.","index":1,"detail":"the event must be at most 524288 bytes"}"""
    )]
    public async Task LargeBody_WrongAtItsBeginning_IsAnsweredBeforeItsEnd(string fault, string expected)
    {
        await using var site = await IngestSite.StartAsync();
        var key = site.Issue(KeyKind.Artie);
        var members = string.Concat(Enumerable.Range(0, 100_000).Select(n => $"\"{n}\":0,"));
        var beginning =
            fault == "nested"
                ? $"[{string.Concat(Enumerable.Repeat("{\"a\":", 200_000))}"
                : $"[{ArtieEvent},{{{members}";
        var gzip = Gzip(Encoding.UTF8.GetBytes(beginning + beginning));

        // The rest never comes.
        var plain = await RawHttp.SendAsync(site.Client.BaseAddress!, Head("Content-Length: 10000000") + beginning);
        var inflated = await RawHttp.SendAsync(
            site.Client.BaseAddress!,
            [.. Encoding.ASCII.GetBytes(Head($"Content-Encoding: gzip\r\nContent-Length: {gzip.Length}")), .. gzip]
        );

        Assert.Contains(expected, plain, StringComparison.Ordinal);
        Assert.Contains(expected, inflated, StringComparison.Ordinal);
        Assert.Empty(await site.StopAndReadAsync());

        string Head(string headers) =>
            $"POST /v1/bulk-track HTTP/1.1\r\nHost: e\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n{headers}\r\n\r\n";
    }

    [Theory]
    [InlineData("", 70_000)]
    [InlineData("Content-Encoding: gzip\r\n", 200_000)]
    public async Task LongBody_WrongAtItsBeginning_IsAnsweredAsSoonAsThatIsThere(string coding, int bytesSent)
    {
        await using var site = await IngestSite.StartAsync();
        var body =
            coding.Length == 0
                ? Encoding.ASCII.GetBytes($"[{string.Concat(Enumerable.Repeat("{\"a\":", 200_000))}")
                : Gzip(
                    Encoding.ASCII.GetBytes(
                        $"[{ArtieEvent},{{{string.Concat(Enumerable.Range(0, 300_000).Select(n => $"\"{n}\":0,"))}"
                    ),
                    CompressionLevel.Optimal
                );
        var head =
            $"POST /v1/bulk-track HTTP/1.1\r\nHost: e\r\nAuthorization: Bearer {site.Issue(KeyKind.Artie)}\r\n{coding}Content-Length: {body.Length}\r\n\r\n";

        var answer = await RawHttp.SendAsync(
            site.Client.BaseAddress!,
            [.. Encoding.ASCII.GetBytes(head), .. body.AsSpan(0, bytesSent)]
        );

        Assert.Contains(
            coding.Length == 0
                ? "nested deeper than 64 levels"
                : "\"index\":1,\"detail\":\"the event must be at most 524288 bytes\"",
            answer,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Event_SentByManyAtOnce_IsStoredOnce()
    {
        await using var site = await IngestSite.StartAsync();
        var key = site.Issue(KeyKind.Artie);

        var answers = await Task.WhenAll(
            Enumerable.Range(0, 32).Select(_ => site.PostAsync("/v1/bulk-track", key, $"[{ArtieEvent}]"))
        );

        Assert.All(answers, answer => answer.Is(200, """{"status":"ok","messageIds":["m1"]}"""));
        Assert.Single(await site.StopAndReadAsync());
    }

    [Fact]
    public async Task Millimetric_PublishedExample_IsEnrichedAndAnswered()
    {
        await using var site = await IngestSite.StartAsync();
        var key = site.Issue(KeyKind.MillimetricSk, grant => grant with { Project = "shop", Environment = "test" });

        var answer = await site.PostAsync(
            "/v1/track",
            key,
            """
            {"event":"signup","event_id":"evt_abc123","timestamp":"2026-05-16T19:00:00.000Z","anonymous_id":"u_abc","user_id":"user_42",
             "url":"https://yoursite.com/a/b?utm_source=facebook&utm_medium=cpc&fbclid=abc","referrer":"https://l.facebook.com/",
             "country":"XX","ip_hash":"mine","source":"mine","properties":{ "plan": "free", "team_size": 4 }}
            """,
            ("User-Agent", Chrome)
        );
        var bare = await site.PostAsync("/v1/track", key, """{"event":"x"}""");

        answer.Is(202, """{"ok":true,"event_id":"evt_abc123"}""");
        bare.Is(202, """{"ok":true,"event_id":null}""");
        var events = await site.StopAndReadAsync();
        string[] members =
        [
            "api",
            "project",
            "environment",
            "session_id",
            "path",
            "source",
            "medium",
            "source_confidence",
            "source_rule_id",
            "browser",
            "verdict",
        ];
        Assert.Equal(
            "millimetric|shop|test|u_abc-988310|/a/b|facebook|paid|high|fb_ad_redirect|chrome|human",
            string.Join('|', members.Select(m => events[0].Text(m)))
        );
        Assert.Equal(32, events[0].Text("ip_hash").Length);
        Assert.Equal("""{"plan":"free","team_size":4}""", events[0].GetProperty("properties").GetRawText());
        Assert.False(events[1].TryGetProperty("source", out _));
        Assert.StartsWith(events[1].Text("anonymous_id") + "-", events[1].Text("session_id"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no key", null, null, 401, "missing_bearer_token")]
    [InlineData("not a key", "hello", null, 401, "malformed_api_key")]
    [InlineData("unknown", "sk_live_12345678_1234", null, 401, "invalid_api_key")]
    [InlineData("another kind", "PK>sk", null, 401, "key_kind_mismatch")]
    [InlineData("reading key", "RK", null, 403, "insufficient_scope")]
    [InlineData("browser key without origin", "PK", null, 403, "origin_not_allowed")]
    [InlineData("browser key from elsewhere", "PK", "https://evil.example", 403, "origin_not_allowed")]
    [InlineData("browser key from null", "PK", "null", 403, "origin_not_allowed")]
    public async Task Millimetric_Key_IsCheckedInOrder(string row, string? key, string? origin, int status, string code)
    {
        await using var site = await IngestSite.StartAsync();
        var pk = site.Issue(KeyKind.MillimetricPk, grant => grant with { Origins = ["https://shop.example"] });
        key = key switch
        {
            "PK" => pk,
            "PK>sk" => "sk" + pk[2..],
            "RK" => site.Issue(KeyKind.MillimetricRk),
            _ => key,
        };

        var answer = await site.PostAsync("/v1/track", key, "not even JSON", ("Origin", origin));

        Assert.True(row.Length > 0 && answer.Status == status, row);
        Assert.Equal($$"""{"error":"{{code}}"}""", answer.Body);
        Assert.Equal(status == 401 ? "Bearer" : null, answer.Header("WWW-Authenticate"));
    }

    [Fact]
    public async Task Millimetric_OverTheBurst_IsToldWhenToComeBack()
    {
        await using var site = await IngestSite.StartAsync(options =>
            (options.MillimetricPerSecond, options.MillimetricBurst) = (1, 2)
        );
        var key = site.Issue(KeyKind.MillimetricSk);
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(202, (await site.PostAsync("/v1/track", key, """{"event":"x"}""")).Status);
        }

        var answer = await site.PostAsync("/v1/track", key, """{"event":"x"}""");

        answer.Is(429, """{"error":"rate_limited","retry_after_s":1}""");
        Assert.Equal("1", answer.Header("Retry-After"));
    }

    [Theory]
    [InlineData("another product's key", "traffical_sk_00000000000000000000000000000000")]
    [InlineData("no key", "x")]
    public async Task Pictify_WrongAuthorization_IsRefusedLikeAWrongWriteKey(string row, string key)
    {
        await using var site = await IngestSite.StartAsync();

        var answer = await site.PostAsync("/s/events", key, """{"event":"view","experiment":"demo-ab"}""");

        Assert.True(answer.Status == 401, row);
        Assert.Contains("invalid-write-key", answer.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://shop.example", "https://shop.example", "true")]
    [InlineData("null", "*", null)]
    public async Task Cors_OpaqueOrigin_GetsNoCredentials(string origin, string allowed, string? credentials)
    {
        await using var site = await IngestSite.StartAsync();

        var answer = await site.PostAsync("/s/events", null, """{"event":"view","experiment":"demo-ab"}""", ("Origin", origin));

        Assert.Equal(200, answer.Status);
        Assert.Equal(allowed, answer.Header("Access-Control-Allow-Origin"));
        Assert.Equal(credentials, answer.Header("Access-Control-Allow-Credentials"));
    }

    [Theory]
    [InlineData("/v1/track", KeyKind.MillimetricPk, KeyKind.MillimetricSk)]
    [InlineData("/v1/events", KeyKind.TrafficalPk, KeyKind.Traffical)]
    public async Task PublicKey_UsedUpByOneAddress_LeavesTheOthersTheirShare(string path, object browser, object server)
    {
        await using var site = await IngestSite.StartAsync(options =>
        {
            (options.MillimetricPerSecond, options.MillimetricBurst) = (1, 4);
            options.TrafficalPerSecond = 1;
            options.TrustedProxies = ["127.0.0.1"];
        });
        const string Origin = "https://shop.example";
        var pk = site.Issue((KeyKind)browser, grant => grant with { Project = "p", Origins = [Origin] });
        var sk = site.Issue((KeyKind)server, grant => grant with { Project = "p" });

        // Garbage, with the origin that anybody can state.
        for (var i = 0; i < 20; i++)
        {
            await FromAsync(pk, "192.0.2.66");
        }

        Assert.Equal(429, (await FromAsync(pk, "192.0.2.66")).Status);
        Assert.NotEqual(429, (await FromAsync(pk, "192.0.2.67")).Status);
        Assert.NotEqual(429, (await FromAsync(sk, "192.0.2.66")).Status);

        Task<IngestAnswer> FromAsync(string key, string address) =>
            site.PostAsync(path, key, "garbage", ("Origin", Origin), ("X-Forwarded-For", address));
    }

    [Fact]
    public async Task Millimetric_VisitorFacts_CountWithTheScopeAlone()
    {
        const string Phone =
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";
        const string Address = "203.0.113.77";
        await using var site = await IngestSite.StartAsync(options => options.AddressSalt = "a salt for the tests 01");
        var plain = site.Issue(KeyKind.MillimetricSk);
        var scoped = site.Issue(KeyKind.MillimetricSk, grant => grant with { Scopes = ["ingest", "facts"] });
        var facts = $$"""{"ip":"{{Address}}","user_agent":"{{Phone}}","locale":["de"]}""";

        var answers = new List<IngestAnswer>
        {
            await SendAsync(scoped, "stated", facts),
            await SendAsync(scoped, "again", facts),
            await SendAsync(scoped, "agent", $$"""{"user_agent":"{{Phone}}"}"""),
            await SendAsync(scoped, "nothing", "null"),
            await SendAsync(plain, "ignored", facts),
            await SendAsync(plain, "unread", """{"ip":"nonsense"}"""),
        };
        var wrong = await SendAsync(scoped, "wrong", """{"ip":"nonsense"}""");

        Assert.All(answers, answer => Assert.Equal(202, answer.Status));
        wrong.Is(400, """{"error":"invalid_payload","details":{"formErrors":[],"fieldErrors":{"context.ip":["Invalid ip"]}}}""");
        var events = (await site.StopAndReadAsync()).ToDictionary(e => e.Text("event"));
        Assert.Equal(
            ("mobile", "ios", "human"),
            (Word("stated", "device_type"), Word("stated", "os"), Word("stated", "verdict"))
        );
        Assert.Equal(Word("again", "ip_hash"), Word("stated", "ip_hash"));
        Assert.Equal("mobile", Word("agent", "device_type"));
        Assert.NotEqual("mobile", Word("ignored", "device_type"));
        Assert.Equal(Word("ignored", "ip_hash"), Word("agent", "ip_hash"));
        Assert.NotEqual(Word("ignored", "ip_hash"), Word("stated", "ip_hash"));
        Assert.Equal(Word("nothing", "ip_hash"), Word("unread", "ip_hash"));
        Assert.All(
            events.Values,
            e =>
            {
                Assert.DoesNotContain(Address, e.GetRawText(), StringComparison.Ordinal);
                Assert.DoesNotContain("iPhone OS", e.GetRawText(), StringComparison.Ordinal);
            }
        );

        string Word(string name, string member) => events[name].Text(member).ToLowerInvariant();

        Task<IngestAnswer> SendAsync(string key, string name, string context) =>
            site.PostAsync(
                "/v1/track",
                key,
                $$"""{"event":"{{name}}","context":{{context}} }""",
                ("User-Agent", "curl/8.5.0")
            );
    }

    [Fact]
    public async Task Pictify_KeyOfAnotherKind_IsNamed()
    {
        await using var site = await IngestSite.StartAsync();
        var management = site.Issue(KeyKind.Pictify);
        var write = site.Issue(KeyKind.Write);

        var inHeader = await site.PostAsync("/s/events", null, "[]", ("X-Write-Key", management));
        var asServer = await site.PostAsync("/s/events", write, "[]");
        var inEvent = await site.PostAsync(
            "/s/events",
            null,
            $$"""[{"event":"view","experiment":"any","writeKey":"{{management}}"}]"""
        );

        Assert.Equal((401, 401, 200), (inHeader.Status, asServer.Status, inEvent.Status));
        Assert.Contains("\"This is a management key (mk_), a secret", inHeader.Body, StringComparison.Ordinal);
        Assert.Contains("\"This is a write key (wk_), public", asServer.Body, StringComparison.Ordinal);
        Assert.Contains("writeKey: This is a management key (mk_), a secret", inEvent.Body, StringComparison.Ordinal);
        Assert.All([inHeader, inEvent], answer => Assert.Contains("revoke", answer.Body, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("/v1/track", "pk_live_abcdefgh_00000000000000000000000000000000")]
    [InlineData("/v1/track", "artie_00000000000000000000000000000000")]
    [InlineData("/v1/events", "traffical_sk_00000000000000000000000000000000")]
    [InlineData("/v1/bulk-track", "artie_00000000000000000000000000000000")]
    [InlineData("/s/events", "pk_live_00000000000000000000000000000000")]
    [InlineData("/experiments/api", "pk_live_00000000000000000000000000000000")]
    public async Task WrongKey_SentOverAndOver_IsLimitedByAddressAndARightOneIsNot(string path, string wrong)
    {
        await using var site = await IngestSite.StartAsync(options =>
        {
            options.WrongKeysPerMinute = 5;
            options.TrustedProxies = ["127.0.0.1"];
        });
        var right = site.Issue(KeyKind.Pictify);

        var statuses = new List<int>();
        for (var i = 0; i < 20; i++)
        {
            var answer = await FromAsync(path, wrong, "192.0.2.66");
            statuses.Add(answer.Status);
            Assert.Equal(answer.Status == 429, answer.Header("Retry-After") is not null);
        }

        // A minute may have begun meanwhile.
        Assert.InRange(statuses.Count(status => status != 429), 5, 10);
        Assert.Equal(429, statuses[^1]);
        Assert.NotEqual(429, (await FromAsync(path, wrong, "192.0.2.67")).Status);
        Assert.NotEqual(429, (await FromAsync("/experiments/api", right, "192.0.2.66")).Status);

        Task<IngestAnswer> FromAsync(string to, string key, string address) =>
            site.PostAsync(to, key, "garbage", ("X-Forwarded-For", address));
    }

    [Fact]
    public async Task WrongKey_InTheEventsOfABody_IsLimitedLikeOneInAHeader()
    {
        await using var site = await IngestSite.StartAsync(options =>
        {
            options.WrongKeysPerMinute = 50;
            options.TrustedProxies = ["127.0.0.1"];
        });
        var right = site.Issue(KeyKind.Write);

        var statuses = new List<int>();
        for (var i = 0; i < 20; i++)
        {
            var guesses = Enumerable.Range(0, 10).Select(j => Event($"wk_{i:D4}{j:D12}"));
            statuses.Add((await FromAsync($"[{string.Join(',', guesses)}]", "192.0.2.66")).Status);
        }

        // Ten guesses a request; a minute may have begun meanwhile.
        Assert.InRange(statuses.Count(status => status == 200), 5, 10);
        Assert.Equal(429, statuses[^1]);
        Assert.Equal(429, (await FromAsync($"[{Event("wk_0")},{Event(right)}]", "192.0.2.66")).Status);
        var answer = await FromAsync(Event(right), "192.0.2.66");
        Assert.Equal((200, true), (answer.Status, answer.Body.Contains("\"processed\":1", StringComparison.Ordinal)));
        Assert.Equal(200, (await FromAsync($"[{Event("wk_0")}]", "192.0.2.67")).Status);

        Task<IngestAnswer> FromAsync(string body, string address) =>
            site.PostAsync("/s/events", null, body, ("X-Forwarded-For", address));

        static string Event(string key) =>
            $$"""{"event":"view","experiment":"demo-ab","variantId":"a","writeKey":"{{key}}"}""";
    }

    [Fact]
    public async Task Millimetric_Beacon_BringsItsKeyInTheQuery()
    {
        await using var site = await IngestSite.StartAsync();
        var pk = site.Issue(KeyKind.MillimetricPk, grant => grant with { Origins = ["https://shop.example"] });
        var sk = site.Issue(KeyKind.MillimetricSk);

        var beacon = await site.PostAsync(
            "/v1/track?key=" + pk,
            null,
            new StringContent("""{"event":"leave"}"""),
            ("Origin", "https://shop.example")
        );
        var secret = await site.PostAsync("/v1/track?key=" + sk, null, new StringContent("""{"event":"leave"}"""));
        var json = await site.PostAsync(
            "/v1/track?key=" + pk,
            null,
            """{"event":"leave"}""",
            ("Origin", "https://shop.example")
        );

        Assert.Equal((202, 401, 401), (beacon.Status, secret.Status, json.Status));
        Assert.Equal("https://shop.example", beacon.Header("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task Traffical_PublishedExample_AndABadNeighbour()
    {
        await using var site = await IngestSite.StartAsync();
        var key = site.Issue(
            KeyKind.Traffical,
            grant => grant with { Project = "proj_marketplace", Organization = "org_acme", Environment = "production" }
        );
        var exposure = """
            {"type":"exposure","orgId":"org_acme","projectId":"proj_marketplace","env":"production","unitKey":"user_789","timestamp":"2026-05-21T10:30:00Z",
             "decisionId":"dec_abc123","layers":[{"layerId":"layer_checkout","policyId":"policy_color_test","allocationName":"treatment","bucket":7420}]}
            """;

        var answer = await site.PostAsync("/v1/events", key, $$"""{"events":[{"type":"track"},{{exposure}}]}""");
        var readOnly = await site.PostAsync(
            "/v1/events",
            site.Issue(KeyKind.Traffical, grant => grant with { Scopes = ["sdk:read"] }),
            "{}"
        );
        var unknown = await site.PostAsync("/v1/events", "traffical_sk_nothing", "{}");
        var empty = await site.PostAsync("/v1/events", key, """{"events":[]}""");

        Assert.StartsWith(
            """{"accepted":1,"written":1,"validationErrors":[{"index":0,"error":""",
            answer.Body,
            StringComparison.Ordinal
        );
        readOnly.Is(403, """{"error":"Forbidden","message":"API key lacks required scope: sdk:write"}""");
        unknown.Is(401, """{"error":"Unauthorized","message":"Invalid or expired API key"}""");
        empty.Is(400, """{"error":"Bad Request","message":"events must be a non-empty array (max 1000)"}""");
        var stored = Assert.Single(await site.StopAndReadAsync());
        Assert.Equal(
            "exposure|user_789|dec_abc123|production",
            $"{stored.Text("type")}|{stored.Text("unit_key")}|{stored.Text("decision_id")}|{stored.Text("environment")}"
        );
        Assert.Equal(7420, stored.GetProperty("layers")[0].GetProperty("bucket").GetInt32());
    }

    [Fact]
    public async Task Pictify_EventsOfABrowser_CarryTheVariantOfThePixel()
    {
        await using var site = await IngestSite.StartAsync();
        using var pixel = new HttpRequestMessage(HttpMethod.Get, "/s/demo-ab/pixel.gif");
        await site.SendAsync(pixel, ("User-Agent", Chrome));
        var view = """{"event":"impression","experiment":"demo-ab","channel":"web","metadata":{"a": 1}}""";

        var browser = await site.PostAsync(
            "/s/events",
            null,
            new StringContent(view),
            ("User-Agent", Chrome),
            ("Origin", "https://shop.example")
        );
        var server = await site.PostAsync("/s/events", null, view, ("User-Agent", "node"));
        var click = await site.PostAsync(
            "/s/events",
            null,
            """{"event":"click","experiment":"demo-ab","variantId":"b"}""",
            ("User-Agent", "node")
        );

        browser.Is(200, """{"ok":true,"processed":1,"warning":"write_key_recommended"}""");
        Assert.Equal(
            ("https://shop.example", "true", "999"),
            (
                browser.Header("Access-Control-Allow-Origin"),
                browser.Header("Access-Control-Allow-Credentials"),
                browser.Header("X-RateLimit-Remaining")
            )
        );
        Assert.Equal((200, 200), (server.Status, click.Status));
        var events = await site.StopAndReadAsync();
        Assert.Equal(
            (events[0].Text("variant"), events[0].Text("unit_hash"), events[0].Text("probability")),
            (events[1].Text("variant"), events[1].Text("unit_hash"), events[1].Text("probability"))
        );
        Assert.Equal(
            "web|{\"a\":1}",
            $"{events[1].Text("channel")}|{events[1].GetProperty("properties").GetRawText()}"
        );
        Assert.Equal(
            ("", "", "exp_demo_ab"),
            (events[2].Text("variant"), events[2].Text("unit_hash"), events[2].Text("experiment_uid"))
        );
        Assert.Equal(("b", "click"), (events[3].Text("variant"), events[3].Text("type")));
    }

    [Fact]
    public async Task Pictify_Array_ReportsTheBadOnesAndTakesTheOthers()
    {
        await using var site = await IngestSite.StartAsync();
        var key = site.Issue(KeyKind.Write);

        var answer = await site.PostAsync(
            "/s/events",
            null,
            """
            [{"event":"view","experiment":"nothing-here"},{"event":"view","experiment":"demo-ab"},{"event":"view","experiment":"demo-ab","variantId":"zz"},
             {"event":"view","experiment":"demo-ab","writeKey":"wk_wrong"}]
            """,
            ("X-Write-Key", null)
        );
        var withKey = await site.PostAsync(
            "/s/events",
            null,
            """{"event":"view","experiment":"demo-ab"}""",
            ("X-Write-Key", key)
        );
        var wrongKey = await site.PostAsync(
            "/s/events",
            null,
            """{"event":"view","experiment":"demo-ab"}""",
            ("X-Write-Key", "wk_wrong")
        );
        var invalid = await site.PostAsync("/s/events", null, """{"event":"hover"}""");

        answer.Is(
            200,
            """{"ok":true,"processed":1,"errors":[{"index":0,"error":"experiment not found"},{"index":2,"error":"variantId is not a variant of the experiment"},"""
                + """{"index":3,"error":"writeKey is invalid or has been revoked"}],"warning":"write_key_recommended"}"""
        );
        withKey.Is(200, """{"ok":true,"processed":1}""");
        Assert.Equal((401, 400), (wrongKey.Status, invalid.Status));
        Assert.Equal("application/problem+json", wrongKey.Header("Content-Type"));
        Assert.Equal(
            [false, true],
            (await site.StopAndReadAsync()).Select(e => e.GetProperty("authenticated").GetBoolean())
        );
    }

    [Fact]
    public async Task Pictify_OverTheLimitOfAnAddress_IsRefusedAndThePixelIsNot()
    {
        await using var site = await IngestSite.StartAsync(options => options.AddressPerMinute = 2);
        var answers = new List<IngestAnswer>();
        for (var i = 0; i < 4; i++)
        {
            answers.Add(await site.PostAsync("/s/events", null, """{"event":"view","experiment":"demo-ab"}"""));
        }

        Assert.Contains(
            answers,
            answer =>
                answer.Status == 429
                && answer.Header("Retry-After") is not null
                && answer.Header("X-RateLimit-Limit") == "2"
        );
        using var pixel = await site.Client.GetAsync("/s/demo-ab/pixel.gif");
        Assert.True(pixel.IsSuccessStatusCode);
    }

    [Fact]
    public async Task Event_WithMembersThatDoNotExist_IsStoredWithoutThemAndSaysSo()
    {
        await using var site = await IngestSite.StartAsync();

        var answer = await site.PostAsync(
            "/s/events",
            null,
            """{"event":"view","experiment":"demo-ab","variant":"a","ip":"192.0.2.1"}"""
        );

        Assert.Equal((200, "variant; meant=variantId, ip"), (answer.Status, answer.Header("Edge-Ignored")));
        var stored = Assert.Single(await site.StopAndReadAsync()).GetRawText();
        Assert.DoesNotContain("192.0.2.1", stored, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/s/events", "Content-Type, X-Write-Key")]
    [InlineData("/v1/events", "Authorization, Content-Type")]
    [InlineData("/v1/events/batch", "Authorization, Content-Type")]
    [InlineData("/v1/track", "Authorization, Content-Type")]
    public async Task Preflight_OfAnyOrigin_IsAllowed(string path, string headers)
    {
        await using var site = await IngestSite.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Options, path);

        var answer = await site.SendAsync(
            request,
            ("Origin", "https://shop.example"),
            ("Access-Control-Request-Method", "POST")
        );

        answer.Is(204, "");
        Assert.Equal(
            ("https://shop.example", "POST", "86400"),
            (
                answer.Header("Access-Control-Allow-Origin"),
                answer.Header("Access-Control-Allow-Methods"),
                answer.Header("Access-Control-Max-Age")
            )
        );
        Assert.StartsWith(headers, answer.Header("Access-Control-Allow-Headers"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/s/events", "application/problem+json", "OPTIONS, POST")]
    [InlineData("/v1/events", "application/json", "OPTIONS, POST")]
    [InlineData("/v1/track", "application/json", "OPTIONS, POST")]
    [InlineData("/v1/bulk-track", "application/json", "POST")]
    public async Task Get_IsRefusedInTheWordsOfTheFamily(string path, string contentType, string allow)
    {
        await using var site = await IngestSite.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, path);

        var answer = await site.SendAsync(request);

        Assert.Equal((405, contentType, allow), (answer.Status, answer.Header("Content-Type"), answer.Header("Allow")));
        Assert.Contains("rror", answer.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("another type", "application/xml", null, 415)]
    [InlineData("another charset", "application/json; charset=utf-16", null, 415)]
    [InlineData("another coding", "application/json", "br", 415)]
    [InlineData("two codings", "application/json", "gzip, gzip", 415)]
    [InlineData("no gzip", "application/json", "gzip", 400)]
    [InlineData("no type", null, null, 200)]
    [InlineData("upper case", "Application/JSON; Charset=\"UTF-8\"", "IDENTITY", 200)]
    public async Task Body_ByItsHeaders_IsTakenOrNot(string row, string? type, string? coding, int status)
    {
        await using var site = await IngestSite.StartAsync();
        var body = new ByteArrayContent(Encoding.UTF8.GetBytes($"[{ArtieEvent}]"));

        var answer = await site.PostAsync(
            "/v1/bulk-track",
            site.Issue(KeyKind.Artie),
            body,
            ("Content-Type", type),
            ("Content-Encoding", coding)
        );

        Assert.True(answer.Status == status, $"{row}: {answer.Status} {answer.Body}");
        if (row.Contains("coding", StringComparison.Ordinal))
        {
            Assert.Equal("gzip", answer.Header("Accept-Encoding"));
        }
    }

    [Theory]
    [InlineData("at the limit", 0, false, 200)]
    [InlineData("one byte more", 1, false, 413)]
    [InlineData("at the limit in gzip", 0, true, 200)]
    [InlineData("one byte more in gzip", 1, true, 413)]
    public async Task Body_AtTheLimit_IsTakenAndBeyondItRefused(string row, int more, bool isGzip, int status)
    {
        await using var site = await IngestSite.StartAsync();
        var text = $"[{ArtieEvent}";
        var filler = new Random(1);
        var body = new StringBuilder(text);
        while (body.Length < (10 << 20) - 2_000)
        {
            body.Append(
                CultureInfo.InvariantCulture,
                $$""",{"event":"e","properties":{"x":"{{filler.NextInt64()}}{{new string('y', 900)}}"},"timestamp":"2025-10-29T22:00:00Z"}"""
            );
        }
        body.Append(' ', (10 << 20) - 1 - body.Length + more).Append(']');
        var bytes = Encoding.UTF8.GetBytes(body.ToString());
        if (isGzip)
        {
            bytes = Gzip(bytes);
        }

        var answer = await site.PostAsync(
            "/v1/bulk-track",
            site.Issue(KeyKind.Artie),
            new ByteArrayContent(bytes),
            ("Content-Encoding", isGzip ? "gzip" : null)
        );

        Assert.True(answer.Status == status, $"{row}: {answer.Status}");
        if (status == 413)
        {
            Assert.Equal("""{"error":"Payload exceeds maximum allowed size (10MB)."}""", answer.Body);
        }
    }

    [Fact]
    public async Task Ack_Memory_IsAnsweredAtOnceAndSaysSo()
    {
        await using var site = await IngestSite.StartAsync();

        var answer = await site.PostAsync(
            "/v1/bulk-track",
            site.Issue(KeyKind.Artie),
            $"[{ArtieEvent}]",
            ("Edge-Ack", "memory")
        );

        Assert.Equal((200, "memory"), (answer.Status, answer.Header("Edge-Ack")));
        Assert.Single(await site.StopAndReadAsync());
    }

    [Fact]
    public async Task JournalThatIsFull_IsAnsweredInTheWordsOfEachApi()
    {
        await using var site = await IngestSite.StartAsync(options =>
            (options.JournalFreeReserveBytes, options.JournalCommitWaitMs) = (1L << 44, 500)
        );

        var artie = await site.PostAsync("/v1/bulk-track", site.Issue(KeyKind.Artie), $"[{ArtieEvent}]");
        var millimetric = await site.PostAsync(
            "/v1/track",
            site.Issue(KeyKind.MillimetricSk),
            """{"event":"x","event_id":"e"}"""
        );
        var traffical = await site.PostAsync(
            "/v1/events",
            site.Issue(KeyKind.Traffical),
            """{"events":[{"type":"exposure","unitKey":"u","timestamp":"2026-05-21T10:30:00Z","layers":[]}]}"""
        );
        var pictify = await site.PostAsync("/s/events", null, """{"event":"view","experiment":"demo-ab"}""");

        artie.Is(500, """{"error":"Internal server error. Please try again later."}""");
        millimetric.Is(500, """{"error":"internal_error"}""");
        Assert.Equal((503, 503), (traffical.Status, pictify.Status));
        Assert.Equal("1", traffical.Header("Retry-After"));
    }
}
