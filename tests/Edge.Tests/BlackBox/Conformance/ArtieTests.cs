using Xunit;
using static Edge.Tests.BlackBox.Conformance.Row;

namespace Edge.Tests.BlackBox.Conformance;

/// <summary><c>POST /v1/bulk-track</c> (spec 7): all or nothing.</summary>
public class ArtieTests(ConformanceEdge edge) : IClassFixture<ConformanceEdge>
{
    private const string Ok = """{"status":"ok","messageIds":["{row}"]}""";
    private const string Made = """{"status":"ok","messageIds":["*uuid"]}""";
    private const string Rest = """ "properties":{},"timestamp":"2025-10-29T22:00:00.778Z" """;

    private static readonly Row[] Rows =
    [
        // the array
        Refused("7.1 an object is not an array", Event(""), index: null),
        Refused("7.1 an empty array", "[]", index: null),
        Refused("7.1 events in an object", $$"""{"events":[{{Event("")}}]}""", index: null),
        Bulk("7.1 one event", $"[{Event("")}]", Ok),
        Of(
            "7.3 three events in their order",
            "/v1/bulk-track",
            "artie",
            """
            [{"messageId":"{row}-c","event":"e","properties":{},"timestamp":"2025-10-29T22:00:00Z"},
             {"messageId":"{row}-a","event":"e","properties":{},"timestamp":"2025-10-29T22:00:00Z"},
             {"messageId":"{row}-b","event":"e","properties":{},"timestamp":"2025-10-29T22:00:00Z"}]
            """,
            200,
            """{"status":"ok","messageIds":["{row}-c","{row}-a","{row}-b"]}""",
            stores: 3
        ),
        Of(
            "7.1 no most events",
            "/v1/bulk-track",
            "artie",
            "[" + string.Join(',', Enumerable.Repeat($$"""{"event":"e",{{Rest}}}""", 5_000)) + "]",
            200,
            stores: 5_000
        ),
        // event
        One("7.1 no event", $$"""{ {{Rest}} }"""),
        One("9 an empty event", $$"""{"event":"",{{Rest}}}"""),
        One("7.1 event null", $$"""{"event":null,{{Rest}}}"""),
        One("7.1 event as a number", $$"""{"event":1,{{Rest}}}"""),
        One("7.1 event as an array", $$"""{"event":["e"],{{Rest}}}"""),
        Stored(
            "7.1 event is stored",
            "",
            """{"event":"signup","type":"track","api":"artie","project":"shop","...":0}"""
        ),
        One("7.1 an element that is no object", "1"),
        One("7.1 an element null", "null"),
        One("7.1 an element as an array", "[]"),
        One("7.1 an element as a text", "\"signup\""),
        // properties
        One("7.1 no properties", """{"event":"e","timestamp":"2025-10-29T22:00:00Z"}"""),
        One("7.1 properties null", """{"event":"e","properties":null,"timestamp":"2025-10-29T22:00:00Z"}"""),
        One("7.1 properties as an array", """{"event":"e","properties":[],"timestamp":"2025-10-29T22:00:00Z"}"""),
        One("7.1 properties as a text", """{"event":"e","properties":"{}","timestamp":"2025-10-29T22:00:00Z"}"""),
        One("7.1 properties as a number", """{"event":"e","properties":0,"timestamp":"2025-10-29T22:00:00Z"}"""),
        Bulk("7.1 empty properties", $"[{Event("")}]", Ok, """{"properties":{},"...":0}"""),
        Bulk(
            "7.1 properties are kept",
            """[{"messageId":"{row}","event":"e","properties":{"plan":"basic","freeTrial":true,"n":{"a":[1,null]}},"timestamp":"2025-10-29T22:00:00Z"}]""",
            Ok,
            """{"properties":{"plan":"basic","freeTrial":true,"n":{"a":[1,null]}},"...":0}"""
        ),
        Bulk(
            "1.4 numbers are kept as written",
            """[{"messageId":"{row}","event":"e","properties":{"n":12345678901234567890,"f":1.500,"e":-0.0e1},"timestamp":"2025-10-29T22:00:00Z"}]""",
            Ok,
            """{"properties":{"n":12345678901234567890,"f":1.500,"e":-0.0e1},"...":0}"""
        ),
        // timestamp
        One("7.1 no timestamp", """{"event":"e","properties":{}}"""),
        One("7.1 timestamp null", """{"event":"e","properties":{},"timestamp":null}"""),
        One("7.1 timestamp without an offset", """{"event":"e","properties":{},"timestamp":"2025-10-29T22:00:00"}"""),
        One("7.1 timestamp as a number", """{"event":"e","properties":{},"timestamp":1761775200}"""),
        One("7.1 timestamp of a day", """{"event":"e","properties":{},"timestamp":"2025-10-29"}"""),
        One(
            "7.1 timestamp of a day that is none",
            """{"event":"e","properties":{},"timestamp":"2025-02-29T00:00:00Z"}"""
        ),
        One("7.1 an empty timestamp", """{"event":"e","properties":{},"timestamp":""}"""),
        At("1.5 timestamp with milliseconds", "2025-10-29T22:00:00.778Z", "2025-10-29T22:00:00.778Z"),
        At("1.5 timestamp with an offset", "2025-10-29T23:30:00+01:30", "2025-10-29T22:00:00.000Z"),
        At("1.5 timestamp with many digits", "2025-10-29T22:00:00.7789999999999Z", "2025-10-29T22:00:00.778Z"),
        At("1.5 timestamp in lower case", "2025-10-29t22:00:00z", "2025-10-29T22:00:00.000Z"),
        At("1.5 timestamp of the past", "1999-12-31T23:59:59Z", "1999-12-31T23:59:59.000Z"),
        At("1.5 timestamp of the future", "2125-10-29T22:00:00Z", "2125-10-29T22:00:00.000Z"),
        At("1.5 timestamp of a leap day", "2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"),
        // messageId
        Bulk(
            "7.1 no messageId: one is made",
            $$"""[{"event":"{row}",{{Rest}}}]""",
            null,
            """{"event_id":"*uuid","...":0}""",
            Made
        ),
        Bulk("7.1 messageId null: one is made", $$"""[{"messageId":null,"event":"{row}",{{Rest}}}]""", json: Made),
        Bulk("7.1 messageId empty: one is made", $$"""[{"messageId":"","event":"{row}",{{Rest}}}]""", json: Made),
        One("7.1 messageId as a number", $$"""{"messageId":1,"event":"e",{{Rest}}}"""),
        One("7.1 messageId as an object", $$"""{"messageId":{},"event":"e",{{Rest}}}"""),
        Bulk(
            "7.1 messageId of 256 characters",
            $$"""[{"messageId":"{{A(256)}}","event":"{row}",{{Rest}}}]""",
            $$"""{"status":"ok","messageIds":["{{A(256)}}"]}"""
        ),
        One("7.1 messageId of 257 characters", $$"""{"messageId":"{{A(257)}}","event":"e",{{Rest}}}"""),
        Bulk("7.1 messageId is stored as event_id", $"[{Event("")}]", Ok, """{"event_id":"{row}","id":"*","...":0}"""),
        Bulk(
            "7.3 messageId with a quote",
            $$"""[{"messageId":"{row}\"\\","event":"e",{{Rest}}}]""",
            """{"status":"ok","messageIds":["{row}\"\\"]}"""
        ),
        // additional members
        Stored(
            "7.1 additional members are preserved",
            ""","userId":"u1","context":{"ip":"x","n":1.50},"list":[1,2],"none":null""",
            """{"extra":{"userId":"u1","context":{"n":1.50},"list":[1,2],"none":null},"...":0}"""
        ),
        Stored("7.1 without additional members there is nothing extra", "", """{"extra":"!","...":0}"""),
        Stored(
            "7.1 an additional member may have any name",
            ""","id":"x","node":"y","v":2,"received_at":"z","ip_hash":"w" """,
            """{"v":1,"ip_hash":"*hash","received_at":"*time","extra":{"id":"x","node":"y","v":2,"received_at":"z","ip_hash":"w"},"...":0}"""
        ),
        Stored("1.4 the last of two members counts", ""","event":"second" """, """{"event":"second","...":0}"""),
        Of(
            "1.4 the last of two messageIds counts",
            "/v1/bulk-track",
            "artie",
            $$"""[{"messageId":"first","event":"e",{{Rest}},"messageId":"{row}"}]""",
            200,
            Ok
        ),
        // all or nothing
        Refused(
            "7.2 one bad event among good ones: nothing is stored",
            $$"""[{{Event("")}},{"event":""},{{Event("")}}]""",
            index: 1
        ),
        Refused("7.2 the last one bad", $$"""[{{Event("")}},{{Event("")}},{}]""", index: 2),
        Refused("7.2 the first one bad is named", $$"""[{},{},{{Event("")}}]""", index: 0),
        Refused(
            "7.2 an event too large for the journal",
            $$"""[{{Event("")}},{"event":"e","properties":{"a":"{{A(513 * 1024)}}"},"timestamp":"2025-10-29T22:00:00Z"}]""",
            index: 1
        ),
        Bulk(
            "7.2 an event of 500 KiB",
            $$"""[{"messageId":"{row}","event":"e","properties":{"a":"{{A(500 * 1024)}}"},"timestamp":"2025-10-29T22:00:00Z"}]""",
            Ok
        ),
        One("1.4 a lone surrogate in a named member", $$"""{"event":"\udc00",{{Rest}}}"""),
        One("1.4 U+0000 in a named member", $$"""{"event":"a\u0000",{{Rest}}}"""),
        Bulk(
            "1.4 a lone surrogate in properties stays as sent",
            """[{"messageId":"{row}","event":"e","properties":{"a":"\ud800"},"timestamp":"2025-10-29T22:00:00Z"}]""",
            Ok
        ),
        Refused(
            "1.4 65 levels",
            $$"""[{"event":"e","properties":{{Nested(63)}},"timestamp":"2025-10-29T22:00:00Z"}]""",
            index: null
        ),
        Bulk(
            "1.4 64 levels",
            $$"""[{"messageId":"{row}","event":"e","properties":{{Nested(62)}},"timestamp":"2025-10-29T22:00:00Z"}]""",
            Ok
        ),
        // duplicates
        Of(
            "7.4 the same messageId twice in one request is stored once and listed twice",
            "/v1/bulk-track",
            "artie",
            $"[{Event("")},{Event("")}]",
            200,
            """{"status":"ok","messageIds":["{row}","{row}"]}""",
            stores: 1
        ),
        Of(
            "7.4 the first of two wins",
            "/v1/bulk-track",
            "artie",
            $$"""[{"messageId":"{row}","event":"first",{{Rest}}},{"messageId":"{row}","event":"second",{{Rest}}}]""",
            200,
            """{"status":"ok","messageIds":["{row}","{row}"]}""",
            stores: 1,
            stored: """{"event":"first","...":0}"""
        ),
        Of(
            "7.4 events without a messageId are no duplicates",
            "/v1/bulk-track",
            "artie",
            $$"""[{"event":"{row}",{{Rest}}},{"event":"{row}",{{Rest}}}]""",
            200,
            json: """{"status":"ok","messageIds":["*uuid","*uuid"]}""",
            stores: 2
        ),
    ];

    public static TheoryData<string> Rules => [.. Rows.Select(row => row.Rule)];

    [Theory]
    [MemberData(nameof(Rules))]
    public Task Bulk_ByItsRule_Answers(string rule) => edge.CheckAsync(Rows.Single(row => row.Rule == rule));

    private static Row Bulk(
        string rule,
        string body,
        string? answer = null,
        string? stored = null,
        string? json = null
    ) => Of(rule, "/v1/bulk-track", "artie", body, 200, answer, json, stored: stored);

    private static Row Stored(string rule, string more, string stored) => Bulk(rule, $"[{Event(more)}]", Ok, stored);

    private static Row At(string rule, string sent, string stored) =>
        Bulk(
            rule,
            $$"""[{"messageId":"{row}","event":"e","properties":{},"timestamp":"{{sent}}"}]""",
            Ok,
            $$"""{"timestamp":"{{stored}}","...":0}"""
        );

    /// <summary>One bad event is refused with the whole request, good neighbours included.</summary>
    private static Row One(string rule, string element) => Refused(rule, $"[{Event("")},{element}]", 1);

    private static Row Refused(string rule, string body, int? index) =>
        Of(
            rule,
            "/v1/bulk-track",
            "artie",
            body,
            400,
            json: index is { } i
                ? $$"""{"error":"Invalid event format.","index":{{i}},"detail":"*"}"""
                : """{"error":"Invalid event format.","...":0}"""
        );

    private static string Event(string more) =>
        $$"""{"messageId":"{row}","event":"signup","properties":{},"timestamp":"2025-10-29T22:00:00.778Z"{{more}}}""";
}
