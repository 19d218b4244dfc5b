using System.Text;
using Edge.Events;
using Edge.Formats;
using Edge.Requests.Ingestion;
using Xunit;

namespace Edge.Tests.Requests.Ingestion;

public class TrafficalBodyTests
{
    private const string NoEvents = "events must be a non-empty array (max 1000)";
    private const string NotInstant = "must be an RFC 3339 date-time with an offset";
    private const string Unicode = "must not contain U+0000 or half of a surrogate pair";

    private static readonly TrafficalScope Scope = new("org_acme", "proj_marketplace", "production", 0);

    [Fact]
    public void Read_PublishedExample_IsBothEvents()
    {
        var reading = Read(
            """
            {
              "events": [
                {
                  "type": "exposure", "orgId": "org_acme", "projectId": "proj_marketplace", "env": "production",
                  "unitKey": "user_789", "timestamp": "2026-05-21T10:30:00Z", "decisionId": "dec_abc123",
                  "layers": [{"layerId": "layer_checkout", "policyId": "policy_color_test", "allocationName": "treatment", "bucket": 7420}]
                },
                {
                  "type": "track", "orgId": "org_acme", "projectId": "proj_marketplace", "env": "production",
                  "unitKey": "user_789", "timestamp": "2026-05-21T10:35:00Z", "event": "purchase",
                  "properties": { "order_total": 49.99, "currency": "USD" }, "decisionId": "dec_abc123"
                }
              ]
            }
            """
        );

        Assert.Null(reading.Refusal);
        Assert.Empty(reading.Errors);
        Assert.Equal(["exposure", "track"], reading.Events.Select(e => e.Type));
        Assert.All(reading.Events, e => Assert.Equal("user_789", Json.Text(e.UnitKey)));
        Assert.All(reading.Events, e => Assert.Equal("dec_abc123", Json.Text(e.DecisionId)));
        Assert.All(
            reading.Events,
            e => Assert.Equal("""{"orgId": "org_acme","env": "production"}""", Json.Text(e.Extra))
        );
        Assert.Equal(
            """[{"layerId": "layer_checkout", "policyId": "policy_color_test", "allocationName": "treatment", "bucket": 7420}]""",
            Json.Text(reading.Events[0].Layers)
        );
        Assert.Equal("purchase", Json.Text(reading.Events[1].Event));
        Assert.Equal("""{ "order_total": 49.99, "currency": "USD" }""", Json.Text(reading.Events[1].Properties));
        Assert.Equal("2026-05-21T10:35:00.000Z", Timestamp.Format(reading.Events[1].Timestamp!.Value));
    }

    [Fact]
    public void Read_EveryMember_HasItsPlace()
    {
        const string Rest = """
            "orgId":"org_acme","env":"production","requestId":"r","sdkName":"js-client","sdkVersion":"1.0","context":{"page":"/a"},
            "attribution":[{"layerId":"l","policyId":"p","allocationName":"a","weight":0.5,"model":"linear","policyKey":"pk","allocationKey":"ak"}],
            "value":1.10,"values":{"a":12345678901234567890,"b":1e400},"eventTimestamp":"2026-05-21T10:35:00+02:00","latencyMs":0.5,
            "assignments":{"color":"red"},"requestedParameters":null
            """;
        var e = Valid(
            $$"""
            {"type":"track","id":"trk_1","unitKey":"u","timestamp":"2026-05-21T10:35:00Z","projectId":"proj_marketplace","userId":"us","anonymousId":"an",
            "sessionId":"se","decisionId":"de","event":"purchase","properties":{"p":1},"layers":[],{{Rest}}}
            """
        );

        Assert.Equal(
            ["trk_1", "u", "us", "an", "se", "de", "purchase", """{"p":1}""", "[]"],
            new[]
            {
                e.SenderId,
                e.UnitKey,
                e.UserId,
                e.AnonymousId,
                e.SessionId,
                e.DecisionId,
                e.Event,
                e.Properties,
                e.Layers,
            }.Select(Json.Text)
        );
        Assert.Equal(
            $"{{{Rest.Replace("\n", "", StringComparison.Ordinal)}}}",
            Json.Text(e.Extra).Replace("\n", "", StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData("nothing", "", "Invalid JSON body")]
    [InlineData("truncated", """{"events":[""", "Invalid JSON body")]
    [InlineData("two objects", """{"events":[{}]}{}""", "Invalid JSON body")]
    [InlineData("object", "{}", NoEvents)]
    [InlineData("array", "[]", NoEvents)]
    [InlineData("array of events", """[{"type":"track"}]""", NoEvents)]
    [InlineData("null", "null", NoEvents)]
    [InlineData("text", "\"events\"", NoEvents)]
    [InlineData("events null", """{"events":null}""", NoEvents)]
    [InlineData("events object", """{"events":{}}""", NoEvents)]
    [InlineData("events text", """{"events":"[]"}""", NoEvents)]
    [InlineData("events empty", """{"events":[]}""", NoEvents)]
    [InlineData("events twice, the last is empty", """{"events":[{}],"events":[]}""", NoEvents)]
    [InlineData("Events", """{"Events":[{}]}""", NoEvents)]
    public void Read_BodyWithoutEvents_IsRefused(string rule, string json, string refusal)
    {
        Assert.NotEmpty(rule);
        var reading = Read(json);

        Assert.Equal(refusal, reading.Refusal);
        Assert.Empty(reading.Events);
        Assert.Empty(reading.Errors);
    }

    [Fact]
    public void Read_InvalidUtf8_IsRefused() =>
        Assert.Equal(
            "Invalid JSON body",
            TrafficalBody.Read((byte[])[.. "{\"events\":[{\"a\":\""u8, 0xFF, .. "\"}]}"u8], Scope).Refusal
        );

    [Theory]
    [InlineData(1, true)]
    [InlineData(999, true)]
    [InlineData(1000, true)]
    [InlineData(1001, false)]
    public void Read_Events_AreLimited(int count, bool isRead)
    {
        var reading = Read($$"""{"events":[{{string.Join(',', Enumerable.Repeat(Track(), count))}}]}""");

        Assert.Equal(isRead ? null : NoEvents, reading.Refusal);
        Assert.Equal(isRead ? count : 0, reading.Events.Count);
    }

    [Fact]
    public void Read_InvalidEvents_LeaveTheOthersAlone()
    {
        var reading = Read(
            $$"""{"events":[1,{{Track(name: "a")}},{},{{Track(name: "b")}},[[]],{{Track(name: "c")}},null]}"""
        );

        Assert.Equal(["a", "b", "c"], reading.Events.Select(e => Json.Text(e.Event)));
        Assert.Equal(
            [
                new(0, "an event must be an object"),
                new(2, "type must be exposure, track or decision"),
                new(4, "an event must be an object"),
                new(6, "an event must be an object"),
            ],
            reading.Errors
        );
    }

    [Fact]
    public void Read_OnlyInvalidEvents_IsNoRefusal()
    {
        var reading = Read("""{"events":[{}]}""");

        Assert.Null(reading.Refusal);
        Assert.Empty(reading.Events);
        Assert.Single(reading.Errors);
    }

    [Theory]
    [InlineData("type missing", "type", null, "type must be exposure, track or decision")]
    [InlineData("type unknown", "type", "\"Track\"", "type must be exposure, track or decision")]
    [InlineData("type number", "type", "1", "type must be exposure, track or decision")]
    [InlineData("unitKey missing", "unitKey", null, "unitKey is required")]
    [InlineData("unitKey null", "unitKey", "null", "unitKey is required")]
    [InlineData("unitKey empty", "unitKey", "\"\"", "unitKey must not be empty")]
    [InlineData("unitKey number", "unitKey", "789", "unitKey must be a string")]
    [InlineData("unitKey NUL", "unitKey", "\"\\u0000\"", $"unitKey {Unicode}")]
    [InlineData("unitKey surrogate", "unitKey", "\"\\ud800\"", $"unitKey {Unicode}")]
    [InlineData("timestamp missing", "timestamp", null, "timestamp is required")]
    [InlineData("timestamp number", "timestamp", "1", "timestamp must be a string")]
    [InlineData("timestamp without offset", "timestamp", "\"2026-05-21T10:35:00\"", $"timestamp {NotInstant}")]
    [InlineData("orgId missing", "orgId", null, "orgId is required")]
    [InlineData("orgId empty", "orgId", "\"\"", "orgId must not be empty")]
    [InlineData("orgId of another", "orgId", "\"org_other\"", "orgId does not match API key")]
    [InlineData("orgId number", "orgId", "1", "orgId must be a string")]
    [InlineData("projectId missing", "projectId", null, "projectId is required")]
    [InlineData("projectId of another", "projectId", "\"proj_other\"", "projectId does not match API key")]
    [InlineData("projectId in another case", "projectId", "\"PROJ_MARKETPLACE\"", "projectId does not match API key")]
    [InlineData("env missing", "env", null, "env is required")]
    [InlineData("env of another", "env", "\"test\"", "env does not match API key")]
    [InlineData("event missing", "event", null, "event is required")]
    [InlineData("event empty", "event", "\"\"", "event must not be empty")]
    [InlineData("event object", "event", "{}", "event must be a string")]
    [InlineData("id number", "id", "1", "id must be a string")]
    [InlineData("userId number", "userId", "1", "userId must be a string")]
    [InlineData("anonymousId array", "anonymousId", "[]", "anonymousId must be a string")]
    [InlineData("sessionId boolean", "sessionId", "true", "sessionId must be a string")]
    [InlineData("decisionId object", "decisionId", "{}", "decisionId must be a string")]
    [InlineData("requestId number", "requestId", "1", "requestId must be a string")]
    [InlineData("sdkName number", "sdkName", "1", "sdkName must be a string")]
    [InlineData("sdkVersion number", "sdkVersion", "1.0", "sdkVersion must be a string")]
    [InlineData("properties array", "properties", "[]", "properties must be an object")]
    [InlineData("context text", "context", "\"{}\"", "context must be an object")]
    [InlineData("eventTimestamp text", "eventTimestamp", "\"now\"", $"eventTimestamp {NotInstant}")]
    [InlineData("eventTimestamp empty", "eventTimestamp", "\"\"", $"eventTimestamp {NotInstant}")]
    [InlineData("latencyMs text", "latencyMs", "\"1\"", "latencyMs must be a number")]
    [InlineData("latencyMs negative", "latencyMs", "-0.001", "latencyMs must be at least 0")]
    [InlineData("value text", "value", "\"1\"", "value must be a number")]
    [InlineData("values array", "values", "[1]", "values must be an object")]
    [InlineData("values of text", "values", """{"a":1,"b":"2"}""", "values must hold numbers")]
    [InlineData("values of objects", "values", """{"a":{"b":1}}""", "values must hold numbers")]
    [InlineData("values of null", "values", """{"a":null}""", "values must hold numbers")]
    [InlineData("attribution object", "attribution", "{}", "attribution must be an array")]
    [InlineData("attribution of text", "attribution", "[\"a\"]", "attribution must hold objects")]
    [InlineData(
        "attribution without layer",
        "attribution",
        """[{"policyId":"p","allocationName":"a"}]""",
        "attribution[].layerId is required"
    )]
    [InlineData(
        "attribution without policy",
        "attribution",
        """[{"layerId":"l","allocationName":"a"}]""",
        "attribution[].policyId is required"
    )]
    [InlineData(
        "attribution without allocation",
        "attribution",
        """[{"layerId":"l","policyId":"p"}]""",
        "attribution[].allocationName is required"
    )]
    [InlineData(
        "attribution weight text",
        "attribution",
        """[{"layerId":"l","policyId":"p","allocationName":"a","weight":"1"}]""",
        "attribution[].weight must be a number"
    )]
    [InlineData(
        "attribution weight below",
        "attribution",
        """[{"layerId":"l","policyId":"p","allocationName":"a","weight":-0.1}]""",
        "attribution[].weight must be between 0 and 1"
    )]
    [InlineData(
        "attribution weight above",
        "attribution",
        """[{"layerId":"l","policyId":"p","allocationName":"a","weight":1.0001}]""",
        "attribution[].weight must be between 0 and 1"
    )]
    [InlineData(
        "attribution model",
        "attribution",
        """[{"layerId":"l","policyId":"p","allocationName":"a","model":"shapley"}]""",
        "attribution[].model must be first_touch, last_touch, linear, time_decay or position_based"
    )]
    [InlineData(
        "attribution model number",
        "attribution",
        """[{"layerId":"l","policyId":"p","allocationName":"a","model":1}]""",
        "attribution[].model must be first_touch, last_touch, linear, time_decay or position_based"
    )]
    [InlineData(
        "attribution policyKey",
        "attribution",
        """[{"layerId":"l","policyId":"p","allocationName":"a","policyKey":1}]""",
        "attribution[].policyKey must be a string"
    )]
    [InlineData(
        "attribution allocationKey",
        "attribution",
        """[{"layerId":"l","policyId":"p","allocationName":"a","allocationKey":[]}]""",
        "attribution[].allocationKey must be a string"
    )]
    [InlineData(
        "the second attribution",
        "attribution",
        """[{"layerId":"l","policyId":"p","allocationName":"a"},{}]""",
        "attribution[].layerId is required"
    )]
    [InlineData("layers on a track", "layers", "{}", "layers must be an array")]
    public void Read_TrackBreakingARule_IsAnError(string rule, string member, string? value, string error)
    {
        Assert.NotEmpty(rule);
        Assert.Equal(error, Assert.Single(Read($$"""{"events":[{{Replace(Track(), member, value)}}]}""").Errors).Error);
    }

    [Theory]
    [InlineData("exposure", "layers missing", null, "layers is required")]
    [InlineData("decision", "layers missing", null, "layers is required")]
    [InlineData("exposure", "layers null", "null", "layers is required")]
    [InlineData("exposure", "layers object", "{}", "layers must be an array")]
    [InlineData("decision", "layers text", "\"[]\"", "layers must be an array")]
    [InlineData("exposure", "layer text", "[\"a\"]", "layers must hold objects")]
    [InlineData("exposure", "layer without id", """[{"bucket":1}]""", "layers[].layerId is required")]
    [InlineData("exposure", "layer id number", """[{"layerId":1,"bucket":1}]""", "layers[].layerId must be a string")]
    [InlineData("exposure", "layer id empty", """[{"layerId":"","bucket":1}]""", "layers[].layerId must not be empty")]
    [InlineData(
        "exposure",
        "policyId number",
        """[{"layerId":"l","policyId":1,"bucket":1}]""",
        "layers[].policyId must be a string"
    )]
    [InlineData(
        "exposure",
        "allocationName number",
        """[{"layerId":"l","allocationName":1,"bucket":1}]""",
        "layers[].allocationName must be a string"
    )]
    [InlineData("exposure", "bucket missing", """[{"layerId":"l"}]""", "layers[].bucket is required")]
    [InlineData("exposure", "bucket null", """[{"layerId":"l","bucket":null}]""", "layers[].bucket is required")]
    [InlineData(
        "exposure",
        "bucket text",
        """[{"layerId":"l","bucket":"1"}]""",
        "layers[].bucket must be an integer of at least 0"
    )]
    [InlineData(
        "exposure",
        "bucket negative",
        """[{"layerId":"l","bucket":-1}]""",
        "layers[].bucket must be an integer of at least 0"
    )]
    [InlineData(
        "exposure",
        "bucket fraction",
        """[{"layerId":"l","bucket":0.5}]""",
        "layers[].bucket must be an integer of at least 0"
    )]
    [InlineData(
        "exposure",
        "bucket beyond numbers",
        """[{"layerId":"l","bucket":1e400}]""",
        "layers[].bucket must be an integer of at least 0"
    )]
    [InlineData(
        "decision",
        "the second layer",
        """[{"layerId":"l","bucket":1},{"layerId":"m"}]""",
        "layers[].bucket is required"
    )]
    public void Read_AssignmentBreakingARule_IsAnError(string type, string rule, string? layers, string error)
    {
        Assert.NotEmpty(rule);
        Assert.Equal(
            error,
            Assert.Single(Read($$"""{"events":[{{Replace(Assignment(type), "layers", layers)}}]}""").Errors).Error
        );
    }

    [Theory]
    [InlineData("empty layers", "[]")]
    [InlineData("bucket 0", """[{"layerId":"l","bucket":0}]""")]
    [InlineData("negative zero", """[{"layerId":"l","bucket":-0}]""")]
    [InlineData("bucket of the published example", """[{"layerId":"l","bucket":7420}]""")]
    [InlineData("integer with a point", """[{"layerId":"l","bucket":12.0}]""")]
    [InlineData("large", """[{"layerId":"l","bucket":12345678901234567890}]""")]
    [InlineData("null for what is optional", """[{"layerId":"l","policyId":null,"allocationName":null,"bucket":1}]""")]
    [InlineData(
        "empty text for what is optional",
        """[{"layerId":"l","policyId":"","allocationName":"","bucket":1}]"""
    )]
    [InlineData(
        "more members",
        """[{"layerId":"l","bucket":1,"allocationId":"x","probability":0.5,"modelVersion":3,"attributionOnly":true}]"""
    )]
    public void Read_ValidLayers_StayByteForByte(string rule, string layers)
    {
        Assert.NotEmpty(rule);
        Assert.Equal(layers, Json.Text(Valid(Replace(Assignment("exposure"), "layers", layers)).Layers));
        Assert.Equal(layers, Json.Text(Valid(Replace(Assignment("decision"), "layers", layers)).Layers));
    }

    [Theory]
    [InlineData(999, true)]
    [InlineData(1000, false)]
    [InlineData(7420, false)]
    public void Read_BucketCountOfTheProject_IsEnforcedWhenItIsKnown(int bucket, bool isValid)
    {
        var json =
            $$"""{"events":[{{Replace(Assignment("exposure"), "layers", $$"""[{"layerId":"l","bucket":{{bucket}} }]""")}}]}""";
        var errors = TrafficalBody.Read(Encoding.UTF8.GetBytes(json), Scope with { BucketCount = 1000 }).Errors;

        Assert.Equal(isValid ? [] : [new(0, "layers[].bucket must be less than 1000")], errors);
        Assert.Empty(Read(json).Errors);
    }

    [Theory]
    [InlineData("exposure")]
    [InlineData("decision")]
    public void Read_AssignmentWithoutScope_TakesThatOfTheKey(string type) =>
        Assert.Equal(
            type,
            Valid($$"""{"type":"{{type}}","unitKey":"u","timestamp":"2026-05-21T10:30:00Z","layers":[]}""").Type
        );

    [Theory]
    [InlineData("orgId")]
    [InlineData("projectId")]
    [InlineData("env")]
    public void Read_AssignmentOfAnotherScope_IsAnError(string member) =>
        Assert.Equal(
            $"{member} does not match API key",
            Assert.Single(Read($$"""{"events":[{{Replace(Assignment("exposure"), member, "\"x\"")}}]}""").Errors).Error
        );

    [Fact]
    public void Read_KeyWithoutOrganizationAndEnvironment_TakesAny()
    {
        var json = Replace(Replace(Track(), "orgId", "\"any\""), "env", "\"dev\"");
        var reading = TrafficalBody.Read(
            Encoding.UTF8.GetBytes($$"""{"events":[{{json}}]}"""),
            new TrafficalScope(null, "proj_marketplace", null, 0)
        );

        Assert.Empty(reading.Errors);
    }

    [Theory]
    [InlineData("unitKey")]
    [InlineData("id")]
    [InlineData("userId")]
    [InlineData("anonymousId")]
    [InlineData("sessionId")]
    [InlineData("decisionId")]
    [InlineData("requestId")]
    [InlineData("sdkName")]
    [InlineData("sdkVersion")]
    public void Read_Ids_AreLimitedInUtf16Units(string member)
    {
        Valid(Replace(Track(), member, $"\"{Json.Chars(1023)}\""));
        Valid(Replace(Track(), member, $"\"{Json.Chars(1024)}\""));
        Assert.Equal(
            $"{member} must be at most 1024 characters",
            Assert
                .Single(Read($$"""{"events":[{{Replace(Track(), member, $"\"{Json.Chars(1025)}\"")}}]}""").Errors)
                .Error
        );
    }

    [Theory]
    [InlineData(ReceivedEvent.BytesMax - 1, true)]
    [InlineData(ReceivedEvent.BytesMax, true)]
    [InlineData(ReceivedEvent.BytesMax + 1, false)]
    public void Read_EventAsSent_IsLimited(int bytes, bool isValid)
    {
        var large = Track(name: new string('x', bytes - Track(name: "").Length));
        var reading = Read($$"""{"events":[{{Track()}},{{large}},{{Track()}}]}""");

        Assert.Equal(isValid ? 3 : 2, reading.Events.Count);
        Assert.Equal(isValid ? [] : [new(1, "the event must be at most 524288 bytes")], reading.Errors);
    }

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public void Read_Nesting_IsLimited(int depth, bool isValid)
    {
        var reading = Read(
            $$"""{"events":[{{Replace(Track(), "context", $$"""{"c":{{Json.Nested(depth - 4)}} }""")}}]}"""
        );

        Assert.Equal(isValid ? null : "Invalid JSON body", reading.Refusal);
    }

    [Theory]
    [InlineData("null", "id", "null")]
    [InlineData("empty text", "userId", "\"\"")]
    [InlineData("weight 0", "attribution", """[{"layerId":"l","policyId":"p","allocationName":"a","weight":0}]""")]
    [InlineData("weight 1", "attribution", """[{"layerId":"l","policyId":"p","allocationName":"a","weight":1.0}]""")]
    [InlineData("no attribution", "attribution", "[]")]
    [InlineData("values empty", "values", "{}")]
    [InlineData("value beyond the platform's range", "value", "-1e400")]
    [InlineData("latency 0", "latencyMs", "0")]
    [InlineData("properties null", "properties", "null")]
    public void Read_TrackAtTheEdgeOfARule_IsValid(string rule, string member, string value)
    {
        Assert.NotEmpty(rule);
        Valid(Replace(Track(), member, value));
    }

    [Theory]
    [InlineData("first_touch")]
    [InlineData("last_touch")]
    [InlineData("linear")]
    [InlineData("time_decay")]
    [InlineData("position_based")]
    public void Read_AttributionModel_IsOneOfFive(string model) =>
        Valid(
            Replace(
                Track(),
                "attribution",
                $$"""[{"layerId":"l","policyId":"p","allocationName":"a","model":"{{model}}"}]"""
            )
        );

    [Fact]
    public void Read_MemberTwice_LastWins()
    {
        var e = Valid($$"""{"value":"x","unitKey":1,{{Track()[1..^1]}},"value":2}""");

        Assert.Equal("u", Json.Text(e.UnitKey));
        Assert.Equal("""{"orgId":"org_acme","env":"production","value":2}""", Json.Text(e.Extra));
    }

    [Fact]
    public void Read_EventsTwice_LastWins() =>
        Assert.Equal(
            "b",
            Json.Text(
                Assert
                    .Single(
                        Read(
                            $$"""{"events":[{{Track(name: "a")}},1],"batch":{},"events":[{{Track(name: "b")}}]}"""
                        ).Events
                    )
                    .Event
            )
        );

    [Fact]
    public void Read_ByteOrderMark_IsSkipped() =>
        Assert.Single(Read($$"""{{"\uFEFF"}}{"events":[{{Track()}}]}""").Events);

    private static string Track(string name = "purchase") =>
        $$"""{"type":"track","orgId":"org_acme","projectId":"proj_marketplace","env":"production","unitKey":"u","timestamp":"2026-05-21T10:35:00Z","event":"{{name}}"}""";

    private static string Assignment(string type) =>
        $$"""{"type":"{{type}}","orgId":"org_acme","projectId":"proj_marketplace","env":"production","unitKey":"u","timestamp":"2026-05-21T10:35:00Z","layers":[]}""";

    /// <summary>The event with another value of a member, or without the member.</summary>
    private static string Replace(string json, string member, string? value)
    {
        var members = json[1..^1]
            .Split(',')
            .Where(each => !each.StartsWith($"\"{member}\":", StringComparison.Ordinal));
        return $"{{{string.Join(',', value is null ? members : members.Append($"\"{member}\":{value}"))}}}";
    }

    private static TrafficalReading Read(string json) => TrafficalBody.Read(Encoding.UTF8.GetBytes(json), Scope);

    private static ReceivedEvent Valid(string json)
    {
        var reading = Read($$"""{"events":[{{json}}]}""");
        Assert.Null(reading.Refusal);
        Assert.Empty(reading.Errors);
        return Assert.Single(reading.Events);
    }
}
