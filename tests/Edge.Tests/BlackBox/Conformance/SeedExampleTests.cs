using System.Text;
using System.Text.Json.Nodes;
using Xunit;
using static Edge.Tests.Support.Packing;

namespace Edge.Tests.BlackBox.Conformance;

/// <summary>
/// The examples of the five published documents, sent as they stand there and answered as it stands there; only keys,
/// uids and times are the server's. A constant names its document.
/// </summary>
public class SeedExampleTests(ConformanceEdge edge) : IClassFixture<ConformanceEdge>
{
    /// <summary>Traffical, post events: body.</summary>
    private const string TrafficalBody = """
        {
          "events": [
            {
              "type": "exposure",
              "orgId": "org_acme",
              "projectId": "proj_marketplace",
              "env": "production",
              "unitKey": "user_789",
              "timestamp": "2026-05-21T10:30:00Z",
              "decisionId": "dec_abc123",
              "layers": [
                {
                  "layerId": "layer_checkout",
                  "policyId": "policy_color_test",
                  "allocationName": "treatment",
                  "bucket": 7420
                }
              ]
            },
            {
              "type": "track",
              "orgId": "org_acme",
              "projectId": "proj_marketplace",
              "env": "production",
              "unitKey": "user_789",
              "timestamp": "2026-05-21T10:35:00Z",
              "event": "purchase",
              "properties": { "order_total": 49.99, "currency": "USD" },
              "decisionId": "dec_abc123"
            }
          ]
        }
        """;

    /// <summary>Traffical, post events: the three answers.</summary>
    private const string TrafficalAccepted = """{"accepted": 2, "written": 2}""";
    private const string TrafficalBadRequest =
        """{"error": "Bad Request", "message": "events must be a non-empty array (max 1000)"}""";
    private const string TrafficalUnauthorized =
        """{"error": "Unauthorized", "message": "Invalid or expired API key"}""";

    /// <summary>Millimetric, track: request.</summary>
    private const string MillimetricBody = """
        {
          "event": "signup",
          "event_id": "evt_abc123",
          "timestamp": "2026-05-16T19:00:00.000Z",
          "anonymous_id": "u_abc",
          "user_id": "user_42",
          "session_id": "sess_xyz",

          "url": "https://yoursite.com/?utm_source=facebook&utm_medium=cpc&fbclid=abc",
          "path": "/",
          "referrer": "https://l.facebook.com/",

          "properties": { "plan": "free", "team_size": 4 }
        }
        """;

    /// <summary>Millimetric, track: response.</summary>
    private const string MillimetricAccepted = """{ "ok": true, "event_id": "evt_abc123" }""";

    /// <summary>Millimetric, track: curl (server-side).</summary>
    private const string MillimetricCurl = """
        {
            "event": "purchase",
            "anonymous_id": "u_abc",
            "user_id": "user_42",
            "properties": { "amount_cents": 4900, "currency": "usd" }
          }
        """;

    /// <summary>Millimetric, track: MCP.</summary>
    private const string MillimetricMcp = """
        { "event": "purchase", "anonymous_id": "u_abc",
                             "properties": { "amount_cents": 4900 } }
        """;

    /// <summary>Artie, bulk-track: the example of every property of Event.</summary>
    private const string ArtieEvent = """
        {"messageId": "8b0f62f9-1e8e-4f15-8c2a-9d23c9c6c0e2", "event": "signup", "timestamp": "2025-10-29T22:00:00.778Z",
         "properties": {"plan": "basic", "accountType": "email", "freeTrial": true}}
        """;

    /// <summary>Artie, bulk-track: Success for a bulk request.</summary>
    private const string ArtieBulkAccepted =
        """{"status": "ok", "messageIds": ["8b0f62f9-1e8e-4f15-8c2a-9d23c9c6c0e2", "ef32acb1-9b9f-4ac8-a2e0-c6a3c91e7761"]}""";

    /// <summary>Artie, bulk-track: Success for a single event.</summary>
    private const string ArtieSingleAccepted =
        """{"status": "ok", "messageId": "8b0f62f9-1e8e-4f15-8c2a-9d23c9c6c0e2"}""";

    /// <summary>Pictify, experiments: the examples of Experiment, ExperimentVariant and GoalConfig together.</summary>
    private const string PictifyExperiment = """
        {"slug": "homepage-hero-test", "type": "ab_test", "name": "Homepage Hero A/B Test", "templateUid": "tmpl_xyz789",
         "variants": [{"id": "control", "weight": 5000, "isDefault": true}, {"id": "variant-a", "name": "New Design", "weight": 5000}]}
        """;

    /// <summary>Pictify, track events: the examples of ExperimentEvent.</summary>
    private const string PictifyEvent =
        """{"event": "impression", "experiment": "homepage-hero-test", "variantId": "variant-a"}""";

    /// <summary>Pictify, track events: ExperimentEventResponse.</summary>
    private const string PictifyAccepted = """{"ok": true, "processed": 1}""";
    private const string PictifyWarned = """{"ok": true, "processed": 1, "warning": "write_key_recommended"}""";

    /// <summary>Pictify, both documents: the example of Error.</summary>
    private const string PictifyError = """
        {"type": "https://docs.pictify.io/errors/invalid-api-key", "title": "Invalid API Key", "status": 401,
         "detail": "The provided API key is invalid or has been revoked.", "instance": "/experiments/api"}
        """;

    [Theory]
    [InlineData("Traffical: the example", "/v1/events", "traffical", TrafficalBody, 200, TrafficalAccepted)]
    [InlineData("Traffical: the alias", "/v1/events/batch", "traffical", TrafficalBody, 200, TrafficalAccepted)]
    [InlineData("Traffical: 400", "/v1/events", "traffical", """{"events": []}""", 400, TrafficalBadRequest)]
    [InlineData("Traffical: 401", "/v1/events", "", TrafficalBody, 401, TrafficalUnauthorized)]
    [InlineData("Millimetric: the example from a server", "/v1/track", "sk", MillimetricBody, 202, MillimetricAccepted)]
    [InlineData(
        "Millimetric: the example from a browser",
        "/v1/track",
        "pk",
        MillimetricBody,
        202,
        MillimetricAccepted,
        "Origin: https://shop.example"
    )]
    [InlineData("Millimetric: curl", "/v1/track", "sk", MillimetricCurl, 202, """{"ok": true, "event_id": null}""")]
    [InlineData("Millimetric: MCP", "/v1/track", "sk", MillimetricMcp, 202, """{"ok": true, "event_id": null}""")]
    [InlineData(
        "Millimetric: 400 without an event",
        "/v1/track",
        "sk",
        """{"anonymous_id": "u_abc"}""",
        400,
        """{"error": "invalid_payload", "...": 0}"""
    )]
    [InlineData(
        "Millimetric: 403",
        "/v1/track",
        "pk",
        MillimetricBody,
        403,
        """{"error": "origin_not_allowed"}""",
        "Origin: https://another.example"
    )]
    [InlineData(
        "Artie: the examples in bulk",
        "/v1/bulk-track",
        "artie",
        $$"""[{{ArtieEvent}}, {"messageId": "ef32acb1-9b9f-4ac8-a2e0-c6a3c91e7761", "event": "signup", "timestamp": "2025-10-29T22:00:00.778Z", "properties": {} }]""",
        200,
        ArtieBulkAccepted
    )]
    [InlineData("Artie: the example alone", "/v1/track", "artie", ArtieEvent, 200, ArtieSingleAccepted)]
    [InlineData(
        "Artie: 400",
        "/v1/bulk-track",
        "artie",
        """[{"event": "signup"}]""",
        400,
        """{"error": "Invalid event format.", "...": 0}"""
    )]
    [InlineData("Artie: 401", "/v1/bulk-track", "", $"[{ArtieEvent}]", 401, """{"error": "Unauthorized"}""")]
    [InlineData(
        "Pictify: an event with a write key",
        "/s/events",
        "",
        PictifyEvent,
        200,
        PictifyAccepted,
        "X-Write-Key: {write}"
    )]
    [InlineData("Pictify: an event without", "/s/events", "", PictifyEvent, 200, PictifyWarned)]
    [InlineData("Pictify: an array", "/s/events", "", $"[{PictifyEvent}]", 200, PictifyWarned)]
    [InlineData(
        "Pictify: 400",
        "/s/events",
        "",
        """{"event": "impression"}""",
        400,
        """{"type": "*", "title": "*", "status": 400, "...": 0}"""
    )]
    [InlineData("Pictify: Error", "/experiments/api", "pictify-revoked", PictifyExperiment, 401, PictifyError)]
    public async Task Example_AsPublished_IsAnsweredAsPublished(
        string row,
        string path,
        string key,
        string body,
        int status,
        string pattern,
        string header = "Accept: */*"
    )
    {
        await EnsureExperimentAsync();

        var answer = await edge.PostAsync(path, key, body, header);

        Assert.True(answer.Status == status, $"{row}: {answer}");
        Assert.True(
            JsonPattern.Difference(pattern, answer.Body) is null,
            $"{row}: {JsonPattern.Difference(pattern, answer.Body)}\n{answer}"
        );
    }

    [Theory]
    [InlineData("Artie: 413 of more than 10 MB", "Payload exceeds maximum allowed size (10MB).")]
    public async Task Bulk_BeyondItsSize_IsRefusedInTheWordsOfTheDocument(string row, string error)
    {
        var body = Encoding.UTF8.GetBytes($"[{ArtieEvent}{new string(' ', 10 * 1024 * 1024)}]");

        foreach (var isGzip in new[] { false, true })
        {
            var answer = await edge.SendAsync(
                "POST",
                "/v1/bulk-track",
                "artie",
                isGzip ? Gzip(body) : body,
                "application/json",
                isGzip ? "Content-Encoding: gzip" : "Accept: */*"
            );
            Assert.Equal((row, 413, $$"""{"error":"{{error}}"}"""), (row, answer.Status, answer.Body));
        }
    }

    [Theory]
    [InlineData("Pictify: 201 of the example", "/experiments/api", PictifyExperiment)]
    public async Task Experiment_AsPublished_HasTheMembersOfTheSchema(string row, string path, string body)
    {
        var created = await edge.PostAsync(
            path,
            "pictify",
            body.Replace("homepage-hero-test", "homepage-hero-test-2", StringComparison.Ordinal)
        );

        Assert.Equal((row, 201), (row, created.Status));
        Assert.Null(
            JsonPattern.Difference(
                """
                {"experiment":{"uid":"~^exp_","slug":"homepage-hero-test-2","type":"ab_test","name":"Homepage Hero A/B Test","status":"draft","templateUid":"tmpl_xyz789",
                 "minimumSampleSize":1000,"confidenceThreshold":0.95,"minimumRunDays":7,"winnerVariantId":null,"winnerDeclaredAt":null,"createdAt":"*time","updatedAt":"*time","...":0}}
                """,
                created.Body
            )
        );
        var list = JsonNode.Parse((await edge.SendAsync("GET", path, "pictify", [], "")).Body)!;
        Assert.Equal((1, 20), (list["page"]!.GetValue<int>(), list["limit"]!.GetValue<int>()));
        Assert.NotNull(list["total"]);
        Assert.NotEmpty(list["experiments"]!.AsArray());
    }

    [Theory]
    [InlineData("Millimetric: what the server adds", MillimetricBody)]
    public async Task Event_OfTheExample_CarriesWhatTheDocumentPromises(string row, string body)
    {
        var word = "seed-example";
        await edge.PostAsync(
            "/v1/track",
            "sk",
            body.Replace("evt_abc123", word, StringComparison.Ordinal),
            "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
        );

        var difference = JsonPattern.Difference(
            $$"""
            {"api":"millimetric","type":"track","event":"signup","event_id":"{{word}}","timestamp":"2026-05-16T19:00:00.000Z","anonymous_id":"u_abc","user_id":"user_42",
             "session_id":"sess_xyz","url":"https://yoursite.com/?utm_source=facebook&utm_medium=cpc&fbclid=abc","path":"/","referrer":"https://l.facebook.com/",
             "properties":{"plan":"free","team_size":4},"source":"facebook","medium":"paid","campaign":"!","source_confidence":"high","source_rule_id":"fb_ad_redirect",
             "device_type":"desktop","browser":"chrome","os":"windows","ip_hash":"*hash","...":0}
            """,
            await edge.ForwardedAsync($"\"{word}\"")
        );
        Assert.True(difference is null, $"{row}: {difference}");
    }

    [Theory]
    [InlineData("Traffical: both events of the example")]
    public async Task Events_OfTheTrafficalExample_AreStoredAsSent(string row)
    {
        var body = TrafficalBody.Replace("user_789", "user_seed", StringComparison.Ordinal);
        Assert.Equal((row, 200), (row, (await edge.PostAsync("/v1/events", "traffical", body)).Status));

        var lines = await edge.AllForwardedAsync("\"user_seed\"");

        Assert.Equal(2, lines.Length);
        Assert.Null(
            JsonPattern.Difference(
                """
                {"type":"exposure","unit_key":"user_seed","timestamp":"2026-05-21T10:30:00.000Z","decision_id":"dec_abc123",
                 "layers":[{"layerId":"layer_checkout","policyId":"policy_color_test","allocationName":"treatment","bucket":7420}],"...":0}
                """,
                lines[0]
            )
        );
        Assert.Null(
            JsonPattern.Difference(
                """
                {"type":"track","unit_key":"user_seed","timestamp":"2026-05-21T10:35:00.000Z","event":"purchase","decision_id":"dec_abc123",
                 "properties":{"order_total":49.99,"currency":"USD"},"...":0}
                """,
                lines[1]
            )
        );
    }

    /// <summary>The experiment the examples speak of; made once.</summary>
    private async Task EnsureExperimentAsync()
    {
        var created = await edge.PostAsync("/experiments/api", "pictify", PictifyExperiment);
        if (created.Status == 409)
        {
            return;
        }

        Assert.True(created.Status == 201, created.ToString());
        var uid = JsonNode.Parse(created.Body)!["experiment"]!["uid"]!.GetValue<string>();
        Assert.Equal(200, (await edge.PostAsync($"/experiments/api/{uid}/start", "pictify", "{}")).Status);
    }
}
