using System.Text;
using Xunit;
using static Edge.Tests.BlackBox.Conformance.Row;

namespace Edge.Tests.BlackBox.Conformance;

/// <summary><c>POST /v1/events</c> (spec 5.3 to 5.6): a bad event never loses the good ones around it.</summary>
public class TrafficalTests(ConformanceEdge edge) : IClassFixture<ConformanceEdge>
{
    private const string Refusal =
        """{"error":"Bad Request","message":"events must be a non-empty array (max 1000)"}""";
    private const string One = """{"accepted":1,"written":1}""";
    private const string Scope = """ "orgId":"org_acme","projectId":"proj_marketplace","env":"production" """;
    private const string Time = """ "timestamp":"2026-05-21T10:30:00Z" """;
    private const string Layer = """{"layerId":"layer_ui","bucket":1}""";

    private static readonly Row[] Rows =
    [
        // The body as a whole
        Whole("5.3 no events", "{}", Refusal),
        Whole("5.3 events null", """{"events":null}""", Refusal),
        Whole("5.3 events as an object", """{"events":{}}""", Refusal),
        Whole("5.3 events as a text", """{"events":"[]"}""", Refusal),
        Whole("5.3 events of nothing", """{"events":[]}""", Refusal),
        Whole("5.3 a bare array", $"[{Decision("{row}")}]", Refusal),
        Whole("5.3 null", "null", Refusal),
        Whole("5.3 events in another case", $$"""{"Events":[{{Decision("{row}")}}]}""", Refusal),
        Whole("5.3 1001 events", Many(1001), Refusal),
        Of(
            "5.3 1000 events",
            "/v1/events",
            "traffical",
            Many(1000),
            200,
            """{"accepted":1000,"written":1000}""",
            stores: 1000
        ),
        Of(
            "5.3 999 events through the alias",
            "/v1/events/batch",
            "traffical",
            Many(999),
            200,
            """{"accepted":999,"written":999}""",
            stores: 999
        ),
        Of(
            "1.4 unknown members beside events",
            "/v1/events",
            "traffical",
            $$"""{"sdk":"x","events":[{{Decision("{row}")}}],"sentAt":1}""",
            200,
            One
        ),
        Of(
            "1.4 the last of two events members counts",
            "/v1/events",
            "traffical",
            $$"""{"events":[],"events":[{{Decision("{row}")}}]}""",
            200,
            One
        ),
        // type
        Bad("5.4 an event that is no object", "5"),
        Bad("5.4 an event null", "null"),
        Bad("5.4 an event as an array", "[]"),
        Bad("5.4 no type", $$"""{"unitKey":"{row}",{{Time}},"layers":[]}"""),
        Bad("5.4 another type", $$"""{"type":"click","unitKey":"{row}",{{Time}},"layers":[]}"""),
        Bad("5.4 type in another case", $$"""{"type":"Exposure","unitKey":"{row}",{{Time}},"layers":[]}"""),
        Bad("5.4 type as a number", $$"""{"type":1,"unitKey":"{row}",{{Time}},"layers":[]}"""),
        // members of all types
        Bad("5.4 no unitKey", $$"""{"type":"exposure",{{Time}},"layers":[]}"""),
        Bad("5.4 empty unitKey", $$"""{"type":"exposure","unitKey":"",{{Time}},"layers":[]}"""),
        Bad("5.4 unitKey as a number", $$"""{"type":"exposure","unitKey":5,{{Time}},"layers":[]}"""),
        Bad("5.4 unitKey null", $$"""{"type":"exposure","unitKey":null,{{Time}},"layers":[]}"""),
        Good(
            "5.4 unitKey of 1024 characters",
            $$"""{"type":"exposure","unitKey":"{{A(1024)}}",{{Time}},"layers":[],"decisionId":"{row}"}"""
        ),
        Bad("5.4 unitKey of 1025 characters", $$"""{"type":"exposure","unitKey":"{{A(1025)}}",{{Time}},"layers":[]}"""),
        Bad("5.4 no timestamp", """{"type":"exposure","unitKey":"{row}","layers":[]}"""),
        Bad("5.4 timestamp as a number", """{"type":"exposure","unitKey":"{row}","timestamp":1,"layers":[]}"""),
        Bad(
            "1.5 timestamp without an offset",
            """{"type":"exposure","unitKey":"{row}","timestamp":"2026-05-21T10:30:00","layers":[]}"""
        ),
        Bad(
            "5.4 timestamp that is none",
            """{"type":"exposure","unitKey":"{row}","timestamp":"yesterday","layers":[]}"""
        ),
        Good(
            "1.5 timestamp with an offset",
            """{"type":"exposure","unitKey":"{row}","timestamp":"2026-05-21T10:30:00.25+01:00","layers":[]}""",
            """{"timestamp":"2026-05-21T09:30:00.250Z","...":0}"""
        ),
        .. from member in new[]
        {
            "userId",
            "anonymousId",
            "sessionId",
            "requestId",
            "sdkName",
            "sdkVersion",
            "decisionId",
            "id",
        }
        select Bad(
            $"5.4 {member} as a number",
            $$"""{"type":"exposure","unitKey":"{row}",{{Time}},"layers":[],"{{member}}":7}"""
        ),
        Bad("5.4 context as a text", $$"""{"type":"exposure","unitKey":"{row}",{{Time}},"layers":[],"context":"x"}"""),
        Good(
            "5.4 every member of an exposure is stored",
            $$"""{"type":"exposure",{{Scope}},"unitKey":"{row}",{{Time}},"layers":[{{Layer}}],"decisionId":"dec_1","userId":"u1","anonymousId":"a1","sessionId":"s1","sdkName":"js-client","sdkVersion":"1.2.3","requestId":"r1","context":{"plan":"pro"},"assignments":{"color":"red"} }""",
            $$"""{"type":"exposure","api":"traffical","project":"proj_marketplace","unit_key":"{row}","timestamp":"2026-05-21T10:30:00.000Z","decision_id":"dec_1","user_id":"u1","anonymous_id":"a1","session_id":"s1","layers":[{{Layer}}],"...":0}"""
        ),
        // the scope of the key
        Good(
            "5.4 an exposure without a scope takes the key's",
            $$"""{"type":"exposure","unitKey":"{row}",{{Time}},"layers":[]}""",
            """{"project":"proj_marketplace","...":0}"""
        ),
        Good(
            "5.4 a decision without a scope takes the key's",
            $$"""{"type":"decision","unitKey":"{row}",{{Time}},"layers":[]}""",
            """{"project":"proj_marketplace","...":0}"""
        ),
        Bad(
            "5.4 an exposure of another project",
            $$"""{"type":"exposure","projectId":"proj_other","unitKey":"{row}",{{Time}},"layers":[]}""",
            "projectId does not match API key"
        ),
        Bad(
            "5.4 a track of another project",
            $$"""{"type":"track","orgId":"org_acme","projectId":"proj_other","env":"production","unitKey":"{row}",{{Time}},"event":"e"}""",
            "projectId does not match API key"
        ),
        Bad(
            "5.4 a track of another organization",
            $$"""{"type":"track","orgId":"org_other","projectId":"proj_marketplace","env":"production","unitKey":"{row}",{{Time}},"event":"e"}""",
            "orgId does not match API key"
        ),
        Bad(
            "5.4 a track of another environment",
            $$"""{"type":"track","orgId":"org_acme","projectId":"proj_marketplace","env":"staging","unitKey":"{row}",{{Time}},"event":"e"}""",
            "env does not match API key"
        ),
        Bad(
            "5.4 a decision of another environment",
            $$"""{"type":"decision","env":"staging","unitKey":"{row}",{{Time}},"layers":[]}""",
            "env does not match API key"
        ),
        Bad(
            "5.4 a track without orgId",
            $$"""{"type":"track","projectId":"proj_marketplace","env":"production","unitKey":"{row}",{{Time}},"event":"e"}"""
        ),
        Bad(
            "5.4 a track without projectId",
            $$"""{"type":"track","orgId":"org_acme","env":"production","unitKey":"{row}",{{Time}},"event":"e"}"""
        ),
        Bad(
            "5.4 a track without env",
            $$"""{"type":"track","orgId":"org_acme","projectId":"proj_marketplace","unitKey":"{row}",{{Time}},"event":"e"}"""
        ),
        Bad("5.4 orgId as a number", $$"""{"type":"exposure","orgId":1,"unitKey":"{row}",{{Time}},"layers":[]}"""),
        // layers
        Bad("5.4 an exposure without layers", $$"""{"type":"exposure","unitKey":"{row}",{{Time}}}"""),
        Bad("5.4 a decision without layers", $$"""{"type":"decision","unitKey":"{row}",{{Time}}}"""),
        Bad("5.4 layers null", $$"""{"type":"exposure","unitKey":"{row}",{{Time}},"layers":null}"""),
        Bad("5.4 layers as an object", $$"""{"type":"exposure","unitKey":"{row}",{{Time}},"layers":{} }"""),
        Good("5.4 empty layers", Exposure("")),
        Good("5.4 a layer with an id and a bucket", Exposure(Layer)),
        Bad("5.4 a layer that is a text", Exposure("\"layer_ui\"")),
        Bad("5.4 a layer without an id", Exposure("""{"bucket":1}""")),
        Bad("5.4 a layer without a bucket", Exposure("""{"layerId":"l"}""")),
        Bad("5.4 layerId as a number", Exposure("""{"layerId":1,"bucket":1}""")),
        Good("9 #26 bucket 0", Exposure("""{"layerId":"l","bucket":0}""")),
        Good("9 #26 bucket 999", Exposure("""{"layerId":"l","bucket":999}""")),
        Good("9 #26 bucket 7420 of the example", Exposure("""{"layerId":"l","bucket":7420}""")),
        Bad("5.4 bucket below 0", Exposure("""{"layerId":"l","bucket":-1}""")),
        Bad("5.4 bucket with a fraction", Exposure("""{"layerId":"l","bucket":1.5}""")),
        Bad("5.4 bucket as a text", Exposure("""{"layerId":"l","bucket":"1"}""")),
        Good(
            "5.4 further members of a layer are kept",
            Exposure(
                """{"layerId":"l","bucket":1,"policyId":"p","allocationName":"control","allocationId":"x","probability":0.50,"modelVersion":"m"}"""
            ),
            """{"layers":[{"layerId":"l","bucket":1,"policyId":"p","allocationName":"control","allocationId":"x","probability":0.50,"modelVersion":"m"}],"...":0}"""
        ),
        Bad("5.4 policyId as a number", Exposure("""{"layerId":"l","bucket":1,"policyId":2}""")),
        Bad("5.4 one bad layer among good ones", Exposure($$"""{{Layer}},{"layerId":"l"},{{Layer}}""")),
        // decision
        Good("5.4 latencyMs", DecisionWith(""" "latencyMs":12 """)),
        Good("5.4 latencyMs with a fraction", DecisionWith(""" "latencyMs":0.75 """)),
        Bad("5.4 latencyMs below 0", DecisionWith(""" "latencyMs":-1 """)),
        Bad("5.4 latencyMs as a text", DecisionWith(""" "latencyMs":"12" """)),
        Good(
            "5.4 a decision is stored as one",
            DecisionWith(""" "decisionId":"dec_9" """),
            """{"type":"decision","decision_id":"dec_9","...":0}"""
        ),
        // track
        Good("5.4 a track", Track(""), """{"type":"track","event":"purchase","unit_key":"{row}","...":0}"""),
        Bad("5.4 a track without an event", $$"""{"type":"track",{{Scope}},"unitKey":"{row}",{{Time}}}"""),
        Bad(
            "5.4 a track with an empty event",
            $$"""{"type":"track",{{Scope}},"unitKey":"{row}",{{Time}},"event":""}"""
        ),
        Bad(
            "5.4 a track whose event is a number",
            $$"""{"type":"track",{{Scope}},"unitKey":"{row}",{{Time}},"event":4}"""
        ),
        Good(
            "5.4 properties are kept as written",
            Track(""","properties":{"order_total":49.990,"n":12345678901234567890,"t":null}"""),
            """{"properties":{"order_total":49.990,"n":12345678901234567890,"t":null},"...":0}"""
        ),
        Bad("5.4 properties as an array", Track(""","properties":[]""")),
        Good(
            "5.4 an attribution",
            Track(
                ""","attribution":[{"layerId":"l","policyId":"p","allocationName":"a","weight":0.5,"model":"linear"}]"""
            )
        ),
        .. from model in new[] { "first_touch", "last_touch", "linear", "time_decay", "position_based" }
        select Good(
            $"5.4 attribution model {model}",
            Track($$""","attribution":[{"layerId":"l","policyId":"p","allocationName":"a","model":"{{model}}"}]""")
        ),
        Bad(
            "5.4 another attribution model",
            Track(""","attribution":[{"layerId":"l","policyId":"p","allocationName":"a","model":"guess"}]""")
        ),
        Good(
            "5.4 attribution weight 0",
            Track(""","attribution":[{"layerId":"l","policyId":"p","allocationName":"a","weight":0}]""")
        ),
        Good(
            "5.4 attribution weight 1",
            Track(""","attribution":[{"layerId":"l","policyId":"p","allocationName":"a","weight":1}]""")
        ),
        Bad(
            "5.4 attribution weight above 1",
            Track(""","attribution":[{"layerId":"l","policyId":"p","allocationName":"a","weight":1.01}]""")
        ),
        Bad(
            "5.4 attribution weight below 0",
            Track(""","attribution":[{"layerId":"l","policyId":"p","allocationName":"a","weight":-0.1}]""")
        ),
        Bad("5.4 attribution without a policyId", Track(""","attribution":[{"layerId":"l","allocationName":"a"}]""")),
        Bad("5.4 attribution without a layerId", Track(""","attribution":[{"policyId":"p","allocationName":"a"}]""")),
        Bad("5.4 attribution without an allocationName", Track(""","attribution":[{"layerId":"l","policyId":"p"}]""")),
        Bad("5.4 attribution as an object", Track(""","attribution":{}""")),
        Good("5.4 value", Track(""","value":12.5""")),
        Bad("5.4 value as a text", Track(""","value":"12.5" """)),
        Good("5.4 values", Track(""","values":{"revenue":1,"margin":0.5}""")),
        Bad("5.4 values of texts", Track(""","values":{"revenue":"1"}""")),
        Bad("5.4 values as an array", Track(""","values":[1]""")),
        Good("5.4 eventTimestamp", Track(""","eventTimestamp":"2026-05-21T10:29:00Z" """)),
        Bad("5.4 eventTimestamp that is none", Track(""","eventTimestamp":"then" """)),
        Good(
            "5.4 unknown members are accepted",
            Track(""","unitKeyValue":"x","attributionOnly":true,"nested":{"a":[1]}""")
        ),
        // the answer
        Of(
            "5.5 nothing valid is still 200",
            "/v1/events",
            "traffical",
            """{"events":[{},{"type":"x"}]}""",
            200,
            stores: 0,
            json: """{"accepted":0,"written":0,"validationErrors":[{"index":0,"error":"*"},{"index":1,"error":"*"}]}"""
        ),
        Of(
            "5.5 good events around a bad one",
            "/v1/events",
            "traffical",
            $$"""{"events":[{{Decision("{row}a")}},{"type":"x"},{{Decision("{row}b")}}]}""",
            200,
            stores: 2,
            json: """{"accepted":2,"written":2,"validationErrors":[{"index":1,"error":"*"}]}"""
        ),
        Of(
            "5.6 an id twice in one request is written twice and stored once",
            "/v1/events",
            "traffical",
            $$"""{"events":[{{DecisionWith(""" "id":"{row}" """)}},{{DecisionWith(""" "id":"{row}" """)}}]}""",
            200,
            """{"accepted":2,"written":2}""",
            stores: 1
        ),
        Good(
            "5.6 the id of an event is its event_id",
            DecisionWith(""" "id":"{row}-id" """),
            """{"event_id":"{row}-id","...":0}"""
        ),
        Of(
            "5.6 no id, no duplicates",
            "/v1/events",
            "traffical",
            $$"""{"events":[{{Decision("{row}")}},{{Decision("{row}")}}]}""",
            200,
            """{"accepted":2,"written":2}""",
            stores: 2
        ),
        Good("1.4 a member of 512 KiB less is kept", Track($$""","properties":{"a":"{{A(500 * 1024)}}"}""")),
        Bad("1.4 an event above 512 KiB is refused alone", Track($$""","properties":{"a":"{{A(513 * 1024)}}"}""")),
        Bad(
            "1.4 a lone surrogate in a named member",
            $$"""{"type":"decision","unitKey":"{row}\ud800",{{Time}},"layers":[]}"""
        ),
        Bad("1.4 U+0000 in a named member", $$"""{"type":"decision","unitKey":"{row}\u0000",{{Time}},"layers":[]}"""),
        Good(
            "1.4 escapes of a named member are read",
            $$"""{"type":"decision","unitKey":"{row}\u00e9\"",{{Time}},"layers":[]}""",
            """{"unit_key":"{row}é\"","...":0}"""
        ),
    ];

    public static TheoryData<string> Rules => [.. Rows.Select(row => row.Rule)];

    [Theory]
    [MemberData(nameof(Rules))]
    public Task Events_ByTheirRule_AreAnswered(string rule) => edge.CheckAsync(Rows.Single(row => row.Rule == rule));

    private static Row Whole(string rule, string body, string answer) =>
        Of(rule, "/v1/events", "traffical", body, 400, answer);

    private static Row Good(string rule, string one, string? stored = null) =>
        Of(rule, "/v1/events", "traffical", $$"""{"events":[{{one}}]}""", 200, One, stored: stored);

    /// <summary>The event is refused between two good ones, which are kept.</summary>
    private static Row Bad(string rule, string one, string error = "*") =>
        Of(
            rule,
            "/v1/events",
            "traffical",
            $$"""{"events":[{{Decision("{row}before")}},{{one}},{{Decision("{row}after")}}]}""",
            200,
            stores: 2,
            json: $$"""{"accepted":2,"written":2,"validationErrors":[{"index":1,"error":"{{error}}"}]}"""
        );

    private static string Decision(string unit) =>
        $$"""{"type":"decision","unitKey":"{{unit}}",{{Time}},"layers":[]}""";

    private static string DecisionWith(string member) =>
        $$"""{"type":"decision","unitKey":"{row}",{{Time}},"layers":[],{{member}}}""";

    private static string Exposure(string layers) =>
        $$"""{"type":"exposure","unitKey":"{row}",{{Time}},"layers":[{{layers}}]}""";

    private static string Track(string more) =>
        $$"""{"type":"track",{{Scope}},"unitKey":"{row}",{{Time}},"event":"purchase"{{more}}}""";

    private static string Many(int count)
    {
        var body = new StringBuilder("{\"events\":[");
        for (var i = 0; i < count; i++)
        {
            body.Append(i > 0 ? "," : "").Append(Decision($"{{row}}-{i}"));
        }

        return body.Append("]}").ToString();
    }
}
