using Xunit;
using static Edge.Tests.BlackBox.Conformance.Row;

namespace Edge.Tests.BlackBox.Conformance;

/// <summary><c>POST /s/events</c> (spec 4.3).</summary>
public class PictifyTests(PictifyEdge edge) : IClassFixture<PictifyEdge>
{
    private const string Unkeyed = """{"ok":true,"processed":1,"warning":"write_key_recommended"}""";
    private const string Keyed = """{"ok":true,"processed":1}""";
    private const string Header = "X-Write-Key: {write}";
    private const string NotFound =
        """{"ok":true,"processed":0,"errors":[{"index":0,"error":"experiment not found"}]}""";
    private const string NotRunning =
        """{"ok":true,"processed":0,"errors":[{"index":0,"error":"experiment is not running"}]}""";

    private static readonly Row[] Rows =
    [
        // event
        .. from kind in new[] { "impression", "view", "click", "conversion" }
        select Send(
            $"4.3 {kind}",
            $$"""{"event":"{{kind}}","experiment":"running","variantId":"a","metadata":{"w":"{row}"} }""",
            Unkeyed,
            $$"""{"type":"{{kind}}","api":"pictify","experiment":"running","experiment_uid":"*","variant":"a","authenticated":false,"...":0}"""
        ),
        Wrong("4.3 no event", """{"experiment":"running"}""", "event", "required"),
        Wrong("4.3 an empty event", """{"event":"","experiment":"running"}""", "event"),
        Wrong("4.3 an event of one's own", """{"event":"signup","experiment":"running"}""", "event", "invalid_value"),
        Wrong("4.3 an event in another case", """{"event":"View","experiment":"running"}""", "event"),
        Wrong("4.3 event as a number", """{"event":1,"experiment":"running"}""", "event", "invalid_type"),
        Wrong("4.3 event null", """{"event":null,"experiment":"running"}""", "event"),
        // experiment
        Wrong("4.3 no experiment", """{"event":"view"}""", "experiment", "required"),
        Wrong("4.3 an empty experiment", """{"event":"view","experiment":""}""", "experiment"),
        Wrong("4.3 experiment as a number", """{"event":"view","experiment":1}""", "experiment", "invalid_type"),
        Wrong(
            "4.3 a slug of 61 characters",
            $$"""{"event":"view","experiment":"{{A(61)}}"}""",
            "experiment",
            "too_long"
        ),
        Send(
            "4.3 a slug of 60 characters that is none",
            $$"""{"event":"view","experiment":"{{A(60)}}"}""",
            NotFound,
            stores: 0
        ),
        Send("4.3 an unknown experiment", """{"event":"view","experiment":"unknown"}""", NotFound, stores: 0),
        Send(
            "4.1 a slug in another case is unknown",
            """{"event":"view","experiment":"Running"}""",
            NotFound,
            stores: 0
        ),
        Send("4.3 a deleted experiment is unknown", """{"event":"view","experiment":"deleted"}""", NotFound, stores: 0),
        Send("4.3 a draft", """{"event":"view","experiment":"drafted"}""", NotRunning, stores: 0),
        Send("4.3 a paused experiment", """{"event":"view","experiment":"paused"}""", NotRunning, stores: 0),
        Send("4.3 a completed experiment", """{"event":"view","experiment":"completed"}""", NotRunning, stores: 0),
        // variantId
        Send(
            "4.3 a variant as sent",
            """{"event":"view","experiment":"running","variantId":"b","metadata":{"w":"{row}"}}""",
            Unkeyed,
            """{"variant":"b","...":0}"""
        ),
        Of(
            "4.3 a variant that is none",
            "/s/events",
            "",
            """{"event":"view","experiment":"running","variantId":"c"}""",
            200,
            stores: 0,
            json: """{"ok":true,"processed":0,"errors":[{"index":0,"error":"*"}]}"""
        ),
        Of(
            "4.3 a variant in another case",
            "/s/events",
            "",
            """{"event":"view","experiment":"running","variantId":"A"}""",
            200,
            stores: 0,
            json: """{"ok":true,"processed":0,"errors":[{"index":0,"error":"*"}]}"""
        ),
        Wrong(
            "4.3 variantId as a number",
            """{"event":"view","experiment":"running","variantId":1}""",
            "variantId",
            "invalid_type"
        ),
        Send(
            "4.3 a server that names no variant",
            """{"event":"view","experiment":"running","metadata":{"w":"{row}"}}""",
            Unkeyed,
            """{"variant":"!","probability":"!","...":0}"""
        ),
        // channel, device, referrer, source
        .. from channel in new[] { "web", "email", "ad", "in-app", "social", "other" }
        select Send(
            $"4.3 channel {channel}",
            $$"""{"event":"view","experiment":"running","variantId":"a","channel":"{{channel}}","metadata":{"w":"{row}"} }""",
            Unkeyed,
            $$"""{"channel":"{{channel}}","...":0}"""
        ),
        Wrong(
            "4.3 another channel",
            """{"event":"view","experiment":"running","channel":"tv"}""",
            "channel",
            "invalid_value"
        ),
        Wrong(
            "4.3 channel as a number",
            """{"event":"view","experiment":"running","channel":1}""",
            "channel",
            "invalid_type"
        ),
        .. from device in new[] { "mobile", "desktop", "tablet" }
        select Send(
            $"4.3 device {device}",
            $$"""{"event":"view","experiment":"running","variantId":"a","device":"{{device}}","metadata":{"w":"{row}"} }""",
            Unkeyed,
            $$"""{"device_type":"{{device}}","...":0}"""
        ),
        Send(
            "4.3 the device of the user agent",
            """{"event":"view","experiment":"running","variantId":"a","metadata":{"w":"{row}"}}""",
            Unkeyed,
            """{"device_type":"tablet","...":0}""",
            "User-Agent: Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/604.1"
        ),
        Wrong(
            "4.3 another device",
            """{"event":"view","experiment":"running","device":"watch"}""",
            "device",
            "invalid_value"
        ),
        Send(
            "4.3 referrer of 2048 characters",
            $$"""{"event":"view","experiment":"running","variantId":"a","referrer":"https://a.example/{{A(2030)}}"}""",
            Unkeyed
        ),
        Wrong(
            "4.3 referrer of 2049 characters",
            $$"""{"event":"view","experiment":"running","referrer":"https://a.example/{{A(2031)}}"}""",
            "referrer",
            "too_long"
        ),
        Wrong(
            "4.3 referrer as an object",
            """{"event":"view","experiment":"running","referrer":{}}""",
            "referrer",
            "invalid_type"
        ),
        Send(
            "4.3 the referrer is classified",
            """{"event":"view","experiment":"running","variantId":"a","referrer":"https://www.google.com/","metadata":{"w":"{row}"}}""",
            Unkeyed,
            """{"referrer":"https://www.google.com/","source":"google","medium":"organic","...":0}"""
        ),
        Send("4.3 source sdk", """{"event":"view","experiment":"running","variantId":"a","source":"sdk"}""", Unkeyed),
        Send("4.3 source api", """{"event":"view","experiment":"running","variantId":"a","source":"api"}""", Unkeyed),
        Wrong(
            "4.3 another source",
            """{"event":"view","experiment":"running","source":"pixel"}""",
            "source",
            "invalid_value"
        ),
        Send(
            "1.4 optional members null are absent",
            """{"event":"view","experiment":"running","variantId":null,"channel":null,"device":null,"referrer":null,"metadata":null,"source":null,"writeKey":null}""",
            Unkeyed
        ),
        // metadata
        Send(
            "4.3 metadata is kept as written",
            """{"event":"view","experiment":"running","variantId":"a","metadata":{"w":"{row}","n":12345678901234567890,"f":1.50}}""",
            Unkeyed,
            """{"properties":{"w":"{row}","n":12345678901234567890,"f":1.50},"...":0}"""
        ),
        Wrong(
            "4.3 metadata as an array",
            """{"event":"view","experiment":"running","metadata":[]}""",
            "metadata",
            "invalid_type"
        ),
        Wrong(
            "4.3 metadata as a text",
            """{"event":"view","experiment":"running","metadata":"{}"}""",
            "metadata",
            "invalid_type"
        ),
        Send("4.3 metadata of 10240 bytes", Metadata($$"""{"a":"{{A(10_232)}}"}"""), Unkeyed),
        Wrong("4.3 metadata of 10241 bytes", Metadata($$"""{"a":"{{A(10_233)}}"}"""), "metadata", "too_long"),
        Send(
            "4.3 blanks of metadata do not count",
            Metadata($$"""{ "a" : "{{A(10_232)}}" {{new string(' ', 5_000)}} }"""),
            Unkeyed
        ),
        Send("4.3 metadata of 3 levels", Metadata("""{"a":{"b":{"c":1}}}"""), Unkeyed),
        Wrong("4.3 metadata of 4 levels", Metadata("""{"a":{"b":{"c":{}}}}"""), "metadata"),
        Send("4.3 an array is a level: 3", Metadata("""{"a":[[1]]}"""), Unkeyed),
        Wrong("4.3 an array is a level: 4", Metadata("""{"a":[[[1]]]}"""), "metadata"),
        Send(
            "4.3 metadata of 51 members",
            Metadata("{" + string.Join(',', Enumerable.Range(0, 51).Select(i => $"\"m{i}\":{i}")) + "}"),
            Unkeyed
        ),
        Send(
            "1.4 unknown members are ignored",
            """{"event":"view","experiment":"running","variantId":"a","colour":"red","metadata":{"w":"{row}"}}""",
            Unkeyed,
            """{"colour":"!","...":0}"""
        ),
        Send(
            "1.4 the last of two members counts",
            """{"event":"x","experiment":"running","variantId":"a","event":"view"}""",
            Unkeyed
        ),
        Of(
            "4.3 everything that is wrong is named",
            "/s/events",
            "",
            """{"event":"x","channel":"y","device":"z"}""",
            400,
            json: """{"type":"https://docs.pictify.io/errors/validation-error","title":"*","status":400,"detail":"*","instance":"/s/events","errors":[{"field":"event","message":"*","code":"*"},{"field":"experiment","message":"*","code":"required"},{"field":"channel","message":"*","code":"*"},{"field":"device","message":"*","code":"*"}]}"""
        ),
        // write keys
        Send("4.3 a write key in the header", One, Keyed, """{"authenticated":true,"...":0}""", Header),
        Send(
            "4.3 a second active write key",
            One,
            Keyed,
            """{"authenticated":true,"...":0}""",
            "X-Write-Key: {write-second}"
        ),
        Send(
            "4.3 a write key in the body",
            WithKey("write"),
            Keyed,
            """{"authenticated":true,"writeKey":"!","...":0}"""
        ),
        Refused("4.3 a wrong key in the header", One, "X-Write-Key: wk_wrong"),
        Refused("4.3 another end of a known key in the header", One, "X-Write-Key: {write-wrong}"),
        Refused("1.3 an expired key in the header", One, "X-Write-Key: {write-expired}"),
        Refused("1.3 a revoked key in the header", One, "X-Write-Key: {write-revoked}"),
        Refused("4.3 a key of another product in the header", One, "X-Write-Key: {artie}"),
        Refused(
            "4.3 a wrong key in the header before a right one in the body",
            WithKey("write"),
            "X-Write-Key: wk_wrong"
        ),
        Refused("1.3 a wrong key in the header before a body that is none", "{", "X-Write-Key: wk_wrong"),
        Of(
            "4.3 a wrong key in the body",
            "/s/events",
            "",
            WithKey("wk_wrong"),
            200,
            stores: 0,
            json: """{"ok":true,"processed":0,"errors":[{"index":0,"error":"*"}]}"""
        ),
        Of(
            "1.3 a revoked key in the body",
            "/s/events",
            "",
            WithKey("write-revoked"),
            200,
            stores: 0,
            json: """{"ok":true,"processed":0,"errors":[{"index":0,"error":"*"}]}"""
        ),
        Send(
            "4.3 a right key in the header before a wrong one in the body",
            WithKey("wk_wrong"),
            Keyed,
            """{"authenticated":true,"...":0}""",
            Header
        ),
        Wrong(
            "4.3 writeKey as a number",
            """{"event":"view","experiment":"running","writeKey":1}""",
            "writeKey",
            "invalid_type"
        ),
        Send(
            "4.3 a key of another team knows no experiment of this",
            One,
            NotFound,
            null,
            "X-Write-Key: {write-other}"
        ) with
        {
            Stores = 0,
        },
        Send("4.3 a key of another team in the body", WithKey("write-other"), NotFound, stores: 0),
        Send(
            "4.3 an experiment of another team with its key",
            """{"event":"view","experiment":"foreign","variantId":"a"}""",
            Keyed,
            null,
            "X-Write-Key: {write-other}"
        ),
        Send(
            "4.3 an experiment of any team without a key",
            """{"event":"view","experiment":"foreign","variantId":"a"}""",
            Unkeyed
        ),
        Of(
            "4.3 an API key counts as one",
            "/s/events",
            "pictify",
            One,
            200,
            Keyed,
            stored: """{"authenticated":true,"...":0}"""
        ),
        Of(
            "4.3 an invalid API key is refused like a wrong write key",
            "/s/events",
            "pictify-wrong",
            One,
            401,
            json: Envelope.Problem("invalid-write-key", 401)
        ),
        Of(
            "4.3 a revoked API key is refused like a wrong write key",
            "/s/events",
            "pictify-revoked",
            One,
            401,
            json: Envelope.Problem("invalid-write-key", 401)
        ),
        Of(
            "4.3 another scheme is ignored",
            "/s/events",
            "",
            One,
            200,
            Unkeyed,
            headers: ["Authorization: Basic dTpw"],
            stored: """{"authenticated":false,"...":0}"""
        ),
        // arrays
        Send("4.3 an array of one", $"[{One}]", Unkeyed),
        Of(
            "4.3 an array of 100",
            "/s/events",
            "",
            Many(100),
            200,
            """{"ok":true,"processed":100,"warning":"write_key_recommended"}""",
            stores: 100
        ),
        Of("4.3 an array of 101", "/s/events", "", Many(101), 400, json: Envelope.Problem("validation-error", 400)),
        Of("4.3 an empty array", "/s/events", "", "[]", 400, json: Envelope.Problem("validation-error", 400)),
        Array("4.3 bad ones among good ones", $"""[{One},5,{One},null,[],{One}]""", 3, [1, 3, 4]),
        Array(
            "4.3 an event that is none among good ones",
            $$"""[{{One}},{"event":"x","experiment":"running"},{{One}}]""",
            2,
            [1]
        ),
        Array(
            "4.3 an unknown experiment among good ones",
            $$"""[{"event":"view","experiment":"unknown"},{{One}}]""",
            1,
            [0]
        ),
        Array("4.3 nothing good is still 200", """[{},{"event":"view"}]""", 0, [0, 1]),
        Of(
            "4.3 keyed and unkeyed: the warning is for any accepted without",
            "/s/events",
            "",
            $"[{WithKey("write")},{One}]",
            200,
            """{"ok":true,"processed":2,"warning":"write_key_recommended"}""",
            stores: 2
        ),
        Of(
            "4.3 all keyed: no warning",
            "/s/events",
            "",
            $"[{WithKey("write")},{WithKey("write-second")}]",
            200,
            """{"ok":true,"processed":2}""",
            stores: 2
        ),
        Of(
            "4.3 refused ones without a key: no warning",
            "/s/events",
            "",
            $$"""[{{WithKey("write")}},{"event":"view","experiment":"unknown"}]""",
            200,
            """{"ok":true,"processed":1,"errors":[{"index":1,"error":"experiment not found"}]}"""
        ),
        Array("4.3 a wrong key refuses its event alone", $"[{One},{WithKey("wk_wrong")},{One}]", 2, [1]),
        Of(
            "4.3 the same event twice is two events",
            "/s/events",
            "",
            $"[{One},{One}]",
            200,
            """{"ok":true,"processed":2,"warning":"write_key_recommended"}""",
            stores: 2
        ),
        // crawlers
        Send(
            "4.3 a crawler is accepted and marked",
            One,
            Unkeyed,
            """{"verdict":"bot","...":0}""",
            "User-Agent: Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
        ),
        Send(
            "4.3 a tool is no crawler",
            One,
            Unkeyed,
            """{"verdict":"~^(human|unknown)$","...":0}""",
            "User-Agent: python-requests/2.32"
        ),
    ];

    private const string One = """{"event":"view","experiment":"running","variantId":"a","metadata":{"w":"{row}"}}""";

    public static TheoryData<string> Rules => [.. Rows.Select(row => row.Rule)];

    [Theory]
    [MemberData(nameof(Rules))]
    public Task Events_ByTheirRule_AreAnswered(string rule)
    {
        var row = Rows.Single(row => row.Rule == rule);
        return edge.CheckAsync(row with { Body = edge.WithSecrets(row.Body) });
    }

    private static Row Send(
        string rule,
        string body,
        string answer,
        string? stored = null,
        string header = "",
        int stores = 1
    ) =>
        Of(
            rule,
            "/s/events",
            "",
            body,
            200,
            answer,
            stored: stored,
            headers: header.Length > 0 ? [header] : [],
            stores: stores
        );

    private static Row Wrong(string rule, string body, string field, string code = "*") =>
        Of(rule, "/s/events", "", body, 400, json: Envelope.Violation(field, code));

    private static Row Refused(string rule, string body, string header) =>
        Of(rule, "/s/events", "", body, 401, json: Envelope.Problem("invalid-write-key", 401), headers: [header]);

    private static Row Array(string rule, string body, int processed, int[] wrong) =>
        Of(
            rule,
            "/s/events",
            "",
            body,
            200,
            stores: processed,
            json: $$"""{"ok":true,"processed":{{processed}},"errors":[{{string.Join(',', wrong.Select(index => $$"""{"index":{{index}},"error":"*"}"""))}}]{{(processed > 0 ? ",\"warning\":\"write_key_recommended\"" : "")}}}"""
        );

    private static string Metadata(string metadata) =>
        $$"""{"event":"view","experiment":"running","variantId":"a","metadata":{{metadata}}}""";

    private static string WithKey(string key) =>
        $$"""{"event":"view","experiment":"running","variantId":"a","metadata":{"w":"{row}"},"writeKey":"<{{key}}>"}""";

    private static string Many(int count) => $"[{string.Join(',', Enumerable.Repeat(One, count))}]";
}
