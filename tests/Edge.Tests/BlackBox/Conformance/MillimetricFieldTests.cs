using Xunit;
using static Edge.Tests.BlackBox.Conformance.Row;

namespace Edge.Tests.BlackBox.Conformance;

/// <summary><c>POST /v1/track</c>: what an event may say, and what becomes of it (spec 6.3 to 6.5).</summary>
public class MillimetricFieldTests(ConformanceEdge edge) : IClassFixture<ConformanceEdge>
{
    private const string ServerPath = "/v1/track";
    private const string Accepted = """{"ok":true,"event_id":"{row}"}""";

    private static readonly Row[] Rows =
    [
        // event
        Whole("6.3 event of 1 character is accepted", """{"event":"e","event_id":"{row}"}""", 202, Accepted),
        Whole(
            "6.3 event of 128 characters is accepted",
            $$"""{"event":"{{A(128)}}","event_id":"{row}"}""",
            202,
            Accepted
        ),
        Refused("6.3 event of 129 characters is refused", $$"""{"event":"{{A(129)}}"}""", "event"),
        Refused("6.3 empty event is refused", """{"event":""}""", "event"),
        Whole(
            "6.2 missing event is Required",
            """{"event_id":"x"}""",
            400,
            """{"error":"invalid_payload","details":{"formErrors":[],"fieldErrors":{"event":["Required"]}}}"""
        ),
        Whole(
            "6.2 empty object lacks only its event",
            "{}",
            400,
            """{"error":"invalid_payload","details":{"formErrors":[],"fieldErrors":{"event":["Required"]}}}"""
        ),
        Refused("6.3 event null is refused", """{"event":null}""", "event"),
        Refused("6.3 event as a number is refused", """{"event":1}""", "event"),
        Refused("6.3 event as an object is refused", """{"event":{}}""", "event"),
        Refused("6.3 event as an array is refused", """{"event":["e"]}""", "event"),
        Whole(
            "6.3 event is not trimmed",
            """{"event":" e ","event_id":"{row}"}""",
            202,
            Accepted,
            """{"event":" e ","...":0}"""
        ),
        Whole(
            "6.3 event of a system",
            """{"event":"$pageview","event_id":"{row}"}""",
            202,
            Accepted,
            """{"event":"~^\\$pageview$","...":0}"""
        ),
        Whole(
            "6.3 event of 128 UTF-16 units beyond the BMP",
            $$"""{"event":"{{Times("😀", 64)}}","event_id":"{row}"}""",
            202,
            Accepted
        ),
        Refused("6.3 event of 130 UTF-16 units beyond the BMP", $$"""{"event":"{{Times("😀", 65)}}"}""", "event"),
        Whole(
            "6.3 event of 128 letters of two bytes",
            $$"""{"event":"{{Times("é", 128)}}","event_id":"{row}"}""",
            202,
            Accepted
        ),
        Whole(
            "6.3 event of 128 escapes",
            $$"""{"event":"{{Times("\\u00e9", 128)}}","event_id":"{row}"}""",
            202,
            Accepted,
            $$"""{"event":"{{Times("é", 128)}}","...":0}"""
        ),
        Whole(
            "6.3 type and api of the event",
            """{"event":"signup","event_id":"{row}"}""",
            202,
            Accepted,
            """{"type":"track","event":"signup","api":"millimetric","event_id":"{row}","project":"shop","...":0}"""
        ),
        // event_id
        Whole(
            "6.4 event_id is echoed",
            """{"event":"e","event_id":"{row}"}""",
            202,
            Accepted,
            """{"event_id":"{row}","...":0}"""
        ),
        Whole(
            "6.4 no event_id is answered null",
            """{"event":"{row}"}""",
            202,
            """{"ok":true,"event_id":null}""",
            """{"event_id":"!","id":"*","...":0}"""
        ),
        Whole(
            "6.3 event_id null is absent",
            """{"event":"{row}","event_id":null}""",
            202,
            """{"ok":true,"event_id":null}"""
        ),
        Whole(
            "6.3 event_id of 1 character",
            """{"event":"{row}","event_id":"1"}""",
            202,
            """{"ok":true,"event_id":"1"}"""
        ),
        Whole(
            "6.3 event_id of 128 characters",
            $$"""{"event":"{row}","event_id":"{{A(128)}}"}""",
            202,
            $$"""{"ok":true,"event_id":"{{A(128)}}"}"""
        ),
        Refused("6.3 event_id of 129 characters", $$"""{"event":"e","event_id":"{{A(129)}}"}""", "event_id"),
        Refused("6.3 empty event_id", """{"event":"e","event_id":""}""", "event_id"),
        Refused("6.3 event_id as a number", """{"event":"e","event_id":5}""", "event_id"),
        Field(
            "6.4 event_id with a quote is echoed as JSON",
            "",
            """{"event":"{row}","event_id":"a\"b\\c"}""",
            """{"ok":true,"event_id":"a\"b\\c"}"""
        ),
        // timestamp
        Member(
            "6.3 timestamp in UTC",
            """ "timestamp":"2026-05-16T19:00:00.000Z" """,
            """{"timestamp":"2026-05-16T19:00:00.000Z","...":0}"""
        ),
        Member(
            "1.5 timestamp without a fraction",
            """ "timestamp":"2026-05-16T19:00:00Z" """,
            """{"timestamp":"2026-05-16T19:00:00.000Z","...":0}"""
        ),
        Member(
            "1.5 timestamp with an offset is stored in UTC",
            """ "timestamp":"2026-05-16T21:00:00.5+02:00" """,
            """{"timestamp":"2026-05-16T19:00:00.500Z","...":0}"""
        ),
        Member(
            "1.5 timestamp with a negative offset",
            """ "timestamp":"2026-05-16T13:30:00-05:30" """,
            """{"timestamp":"2026-05-16T19:00:00.000Z","...":0}"""
        ),
        Member(
            "1.5 timestamp with nine digits keeps the milliseconds",
            """ "timestamp":"2026-05-16T19:00:00.123456789Z" """,
            """{"timestamp":"2026-05-16T19:00:00.123Z","...":0}"""
        ),
        Member(
            "1.5 timestamp in lower case",
            """ "timestamp":"2026-05-16t19:00:00z" """,
            """{"timestamp":"2026-05-16T19:00:00.000Z","...":0}"""
        ),
        Member(
            "1.5 timestamp in the far past",
            """ "timestamp":"1970-01-01T00:00:00Z" """,
            """{"timestamp":"1970-01-01T00:00:00.000Z","...":0}"""
        ),
        Member(
            "1.5 timestamp in the future",
            """ "timestamp":"2099-12-31T23:59:59Z" """,
            """{"timestamp":"2099-12-31T23:59:59.000Z","received_at":"*time","...":0}"""
        ),
        Member("6.3 timestamp null is absent", """ "timestamp":null """),
        Member(
            "6.3 timestamp defaults to the server's time",
            """ "user_id":"u" """,
            """{"received_at":"*time","timestamp":"*time","...":0}"""
        ),
        Wrong("1.5 timestamp without an offset", """ "timestamp":"2026-05-16T19:00:00" """, "timestamp"),
        Wrong("1.5 timestamp of a day", """ "timestamp":"2026-05-16" """, "timestamp"),
        Wrong(
            "1.5 timestamp with a blank for the T and no zone",
            """ "timestamp":"2026-05-16 19:00:00" """,
            "timestamp"
        ),
        Wrong("6.3 timestamp as a number", """ "timestamp":1778958000 """, "timestamp"),
        Wrong("6.3 empty timestamp", """ "timestamp":"" """, "timestamp"),
        Wrong("6.3 timestamp of a day that is none", """ "timestamp":"2026-02-30T00:00:00Z" """, "timestamp"),
        Wrong("6.3 timestamp of an hour that is none", """ "timestamp":"2026-02-03T25:00:00Z" """, "timestamp"),
        // anonymous_id, user_id, session_id
        Member("6.3 anonymous_id as sent", """ "anonymous_id":"u_abc" """, """{"anonymous_id":"u_abc","...":0}"""),
        Member(
            "6.3 anonymous_id of 128 characters",
            $""" "anonymous_id":"{A(128)}" """,
            $$"""{"anonymous_id":"{{A(128)}}","...":0}"""
        ),
        Wrong("6.3 anonymous_id of 129 characters", $""" "anonymous_id":"{A(129)}" """, "anonymous_id"),
        Wrong("6.3 empty anonymous_id", """ "anonymous_id":"" """, "anonymous_id"),
        Wrong("6.3 anonymous_id as a number", """ "anonymous_id":7 """, "anonymous_id"),
        Member("6.3 anonymous_id is made when absent", """ "user_id":"u" """, """{"anonymous_id":"*uuid","...":0}"""),
        Member("6.3 anonymous_id null is absent", """ "anonymous_id":null """, """{"anonymous_id":"*uuid","...":0}"""),
        Member(
            "6.3 user_id of 256 characters",
            $""" "user_id":"{A(256)}" """,
            $$"""{"user_id":"{{A(256)}}","...":0}"""
        ),
        Wrong("6.3 user_id of 257 characters", $""" "user_id":"{A(257)}" """, "user_id"),
        Wrong("6.3 empty user_id", """ "user_id":"" """, "user_id"),
        Wrong("6.3 user_id as a boolean", """ "user_id":true """, "user_id"),
        Member("6.3 user_id absent is left out", """ "path":"/" """, """{"user_id":"!","...":0}"""),
        Member(
            "6.3 session_id of 128 characters",
            $""" "session_id":"{A(128)}" """,
            $$"""{"session_id":"{{A(128)}}","...":0}"""
        ),
        Wrong("6.3 session_id of 129 characters", $""" "session_id":"{A(129)}" """, "session_id"),
        Wrong("6.3 empty session_id", """ "session_id":"" """, "session_id"),
        Member(
            "10 session_id of the vector",
            """ "anonymous_id":"u_abc","timestamp":"2026-05-16T19:00:00Z" """,
            """{"session_id":"u_abc-988310","...":0}"""
        ),
        Member(
            "6.3 session_id at the end of its half hour",
            """ "anonymous_id":"u_abc","timestamp":"2026-05-16T19:29:59.999Z" """,
            """{"session_id":"u_abc-988310","...":0}"""
        ),
        Member(
            "6.3 session_id of the next half hour",
            """ "anonymous_id":"u_abc","timestamp":"2026-05-16T19:30:00Z" """,
            """{"session_id":"u_abc-988311","...":0}"""
        ),
        Member(
            "6.3 session_id from the instant, not the local time",
            """ "anonymous_id":"u_abc","timestamp":"2026-05-16T21:00:00+02:00" """,
            """{"session_id":"u_abc-988310","...":0}"""
        ),
        Member(
            "6.3 session_id before 1970 is rounded down",
            """ "anonymous_id":"u_abc","timestamp":"1969-12-31T23:59:59Z" """,
            """{"session_id":"u_abc--1","...":0}"""
        ),
        Member(
            "6.3 session_id as sent wins",
            """ "anonymous_id":"u_abc","session_id":"s","timestamp":"2026-05-16T19:00:00Z" """,
            """{"session_id":"s","...":0}"""
        ),
        Member(
            "6.3 session_id of a made anonymous_id",
            """ "timestamp":"2026-05-16T19:00:00Z" """,
            """{"session_id":"~^[0-9a-f]{8}-[0-9a-f-]{27}-988310$","...":0}"""
        ),
        // url, path, referrer
        Member(
            "6.3 url over https",
            """ "url":"https://shop.example/a?b=c#d" """,
            """{"url":"https://shop.example/a?b=c#d","...":0}"""
        ),
        Member("6.3 url over http", """ "url":"http://shop.example/" """, """{"url":"http://shop.example/","...":0}"""),
        Member("6.3 url of 2048 characters", $""" "url":"https://shop.example/{A(2027)}" """),
        Wrong("6.3 url of 2049 characters", $""" "url":"https://shop.example/{A(2028)}" """, "url"),
        Wrong("6.3 url that is none", """ "url":"not a url" """, "url"),
        Wrong("6.3 url without a host", """ "url":"/path" """, "url"),
        Wrong("6.3 empty url", """ "url":"" """, "url"),
        Wrong("6.3 url as a number", """ "url":1 """, "url"),
        Member(
            "6.3 url of another scheme is not classified",
            """ "url":"ftp://shop.example/?gclid=1" """,
            """{"source":"~^(direct)?$","medium":"direct","...":0}"""
        ),
        Member("6.3 path as sent", """ "path":"/p","url":"https://shop.example/q" """, """{"path":"/p","...":0}"""),
        Member("6.3 path from the url", """ "url":"https://shop.example/q/r?s=t" """, """{"path":"/q/r","...":0}"""),
        Member("6.3 path of a url without one", """ "url":"https://shop.example" """, """{"path":"/","...":0}"""),
        Member("6.3 path of 2048 characters", $""" "path":"/{A(2047)}" """),
        Wrong("6.3 path of 2049 characters", $""" "path":"/{A(2048)}" """, "path"),
        Wrong("6.3 path as an object", """ "path":{} """, "path"),
        Member("6.3 referrer of 2048 characters", $""" "referrer":"https://a.example/{A(2030)}" """),
        Wrong("6.3 referrer of 2049 characters", $""" "referrer":"https://a.example/{A(2031)}" """, "referrer"),
        Member(
            "6.3 referrer that is no url is taken for none",
            """ "referrer":"not a url" """,
            """{"source":"direct","medium":"direct","referrer":"not a url","...":0}"""
        ),
        Member("6.3 empty referrer", """ "referrer":"" """, """{"source":"!","...":0}"""),
        Wrong("6.3 referrer as a number", """ "referrer":1 """, "referrer"),
        // properties
        Member("6.3 empty properties", """ "properties":{} """),
        Member(
            "6.3 properties are kept",
            """ "properties":{"plan":"free","team_size":4,"n":{"a":[1,null,true]}} """,
            """{"properties":{"plan":"free","team_size":4,"n":{"a":[1,null,true]}},"...":0}"""
        ),
        Member(
            "1.4 numbers of properties are kept as written",
            """ "properties":{"n":12345678901234567890,"f":1.10,"e":1E+2} """,
            """{"properties":{"n":12345678901234567890,"f":1.10,"e":1E+2},"...":0}"""
        ),
        Member("6.3 properties null is absent", """ "properties":null """, """{"properties":"!","...":0}"""),
        Wrong("6.3 properties as an array", """ "properties":[] """, "properties"),
        Wrong("6.3 properties as a text", """ "properties":"{}" """, "properties"),
        Wrong("6.3 properties as a number", """ "properties":1 """, "properties"),
        Member("6.3 properties of 8192 bytes", $$""" "properties":{"a":"{{A(8184)}}"} """),
        Wrong("6.3 properties of 8193 bytes", $$""" "properties":{"a":"{{A(8185)}}"} """, "properties"),
        Member(
            "6.3 blanks of properties do not count",
            $$""" "properties": { "a" : "{{A(8184)}}" {{Times(" ", 4000)}} } """
        ),
        Member("6.3 properties of 8192 bytes in letters of two", $$""" "properties":{"a":"{{Times("é", 4092)}}"} """),
        Wrong(
            "6.3 properties of 8194 bytes in letters of two",
            $$""" "properties":{"a":"{{Times("é", 4093)}}"} """,
            "properties"
        ),
        Member(
            "6.3 escapes of properties count as what they say",
            $$""" "properties":{"a":"{{Times("\\u0061", 8184)}}"} """
        ),
        // what is not a member
        Member(
            "6.3 enrichment that is sent is ignored",
            """ "source":"evil","medium":"evil","campaign":"evil","source_confidence":"evil","source_rule_id":"evil","country":"ZZ","ip_hash":"evil","device_type":"evil","browser":"evil","os":"evil","verdict":"evil" """,
            """{"source":"!","medium":"!","ip_hash":"*hash","country":"!","device_type":"~^(?!evil)","browser":"~^(?!evil)","os":"~^(?!evil)","verdict":"~^(?!evil)","...":0}"""
        ),
        Member(
            "6.3 enrichment of the wrong type is ignored",
            """ "source":1,"country":{},"ip_hash":[] """,
            """{"ip_hash":"*hash","...":0}"""
        ),
        Member(
            "1.4 unknown members are not stored",
            """ "colour":"red","id":"x","node":"y","v":9,"project":"z","api":"artie" """,
            """{"colour":"!","v":1,"project":"shop","api":"millimetric","...":0}"""
        ),
        Whole(
            "1.4 the last of two members counts",
            """{"event":"first","event_id":"x","event":"second","event_id":"{row}"}""",
            202,
            Accepted,
            """{"event":"second","...":0}"""
        ),
        Whole(
            "6.3 everything at once that is wrong is named",
            """{"event":"","user_id":5,"properties":[]}""",
            400,
            json: """{"error":"invalid_payload","details":{"formErrors":[],"fieldErrors":{"event":["*"],"user_id":["*"],"properties":["*"]}}}"""
        ),
    ];

    public static TheoryData<string> Rules => [.. Rows.Select(row => row.Rule)];

    [Theory]
    [MemberData(nameof(Rules))]
    public Task Track_ByItsRule_Answers(string rule) => edge.CheckAsync(Rows.Single(row => row.Rule == rule));

    private static Row Whole(
        string rule,
        string body,
        int status,
        string? answer = null,
        string? stored = null,
        string? json = null
    ) =>
        Of(
            rule,
            ServerPath,
            "sk",
            body,
            status,
            answer,
            json,
            stored: stored,
            headers: ["User-Agent: Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"]
        );

    private static Row Field(string rule, string key, string body, string answer) =>
        Of(rule, ServerPath, key.Length == 0 ? "sk" : key, body, 202, answer);

    /// <summary>An event with one member more, which is accepted.</summary>
    private static Row Member(string rule, string member, string? stored = null) =>
        Whole(rule, $$"""{"event":"e","event_id":"{row}",{{member}}}""", 202, Accepted, stored);

    /// <summary>An event with one member more, which is refused.</summary>
    private static Row Wrong(string rule, string member, string field) =>
        Refused(rule, $$"""{"event":"e","event_id":"{row}",{{member}}}""", field);

    private static Row Refused(string rule, string body, string field) =>
        Whole(
            rule,
            body,
            400,
            json: $$"""{"error":"invalid_payload","details":{"formErrors":[],"fieldErrors":{"{{field}}":["*"]} } }"""
        );

    private static string Times(string text, int count) => string.Concat(Enumerable.Repeat(text, count));
}
