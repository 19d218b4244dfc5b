using Edge.Tests.Support;
using Xunit;
using static Edge.Tests.BlackBox.Conformance.Row;

namespace Edge.Tests.BlackBox.Conformance;

/// <summary>Paths, methods and preflights (spec 1.1, 1.2, 1.8, 4.1, 4.2).</summary>
public class RouteTests(ConformanceEdge edge) : IClassFixture<ConformanceEdge>
{
    private const string Shop = "https://shop.example";
    private const string Artie = """[{"event":"{row}","properties":{},"timestamp":"2025-10-29T22:00:00.778Z"}]""";
    private static readonly string[] Preflight =
    [
        "Origin: " + Shop,
        "Access-Control-Request-Method: POST",
        "Access-Control-Request-Headers: content-type,authorization",
    ];

    private static readonly Row[] Rows =
    [
        .. from path in new[] { "/s/events", "/v1/events", "/v1/events/batch", "/v1/track", "/v1/bulk-track" }
        from method in new[] { "GET", "HEAD", "PUT", "DELETE", "PATCH" }
        select Of(
            $"1.2 {method} {path} is not allowed",
            path,
            "",
            "",
            405,
            method: method,
            answered: ["Allow: *"],
            answer: path == "/v1/track" && method != "HEAD" ? """{"error":"method_not_allowed"}""" : null
        ),
        .. from path in new[]
        {
            "/v1/event",
            "/v1/events/",
            "/v1/events/x",
            "/v1/tracks",
            "/v1/bulk-track/",
            "/v1",
            "/v1/batch",
            "/v1/identify",
            "/V1/track",
            "/s/events/",
            "/S/events",
            "/v1/track/x",
        }
        select Of($"1.2 {path} is unknown", path, "", "{}", 404, json: Envelope.Problem("not-found", 404)),
        // Preflights cannot see the key; every Origin is answered.
        Options(
            "1.8 preflight of /s/events",
            "/s/events",
            "Access-Control-Allow-Origin: " + Shop,
            "Access-Control-Allow-Credentials: true",
            "Vary: Origin",
            "Access-Control-Allow-Headers: ~Content-Type, X-Write-Key",
            "Access-Control-Allow-Methods: ~POST",
            "Access-Control-Max-Age: 86400"
        ),
        Options(
            "1.8 preflight of /v1/events",
            "/v1/events",
            "Access-Control-Allow-Headers: ~Authorization, Content-Type",
            "Access-Control-Allow-Origin: *"
        ),
        Options(
            "1.8 preflight of the alias",
            "/v1/events/batch",
            "Access-Control-Allow-Headers: ~Authorization, Content-Type",
            "Access-Control-Allow-Origin: *"
        ),
        Options(
            "1.8 preflight of /v1/track",
            "/v1/track",
            "Access-Control-Allow-Headers: ~Authorization, Content-Type",
            "Access-Control-Allow-Origin: *"
        ),
        Of(
            "1.8 preflight from any Origin",
            "/v1/track",
            "",
            "",
            204,
            method: "OPTIONS",
            answered: ["Access-Control-Allow-Origin: *"],
            headers: ["Origin: https://evil.example", "Access-Control-Request-Method: POST"]
        ),
        Of("1.8 OPTIONS without an Origin", "/s/events", "", "", 204, method: "OPTIONS"),
        Of(
            "1.8 /v1/bulk-track is not for browsers",
            "/v1/bulk-track",
            "",
            "",
            405,
            method: "OPTIONS",
            answered: ["Allow: POST"]
        ),
        // Answers a page of another origin may read
        Of(
            "1.8 /s/events echoes the Origin",
            "/s/events",
            "",
            """{"event":"view","experiment":"demo-ab","variantId":"a"}""",
            200,
            headers: ["Origin: " + Shop],
            answered: ["Access-Control-Allow-Origin: " + Shop, "Access-Control-Allow-Credentials: true", "Vary: Origin"]
        ),
        Of(
            "1.8 /s/events echoes the Origin in a refusal",
            "/s/events",
            "",
            "{",
            400,
            headers: ["Origin: " + Shop],
            answered: ["Access-Control-Allow-Origin: " + Shop, "Access-Control-Allow-Credentials: true", "Vary: Origin"]
        ),
        Of(
            "1.8 /s/events echoes the Origin for text/plain",
            "/s/events",
            "",
            """{"event":"view","experiment":"demo-ab","variantId":"a"}""",
            200,
            type: "text/plain;charset=UTF-8",
            headers: ["Origin: " + Shop],
            answered: ["Access-Control-Allow-Origin: " + Shop]
        ),
        Of(
            "1.8 /v1/events lets a page read its answer",
            "/v1/events",
            "traffical",
            "{}",
            400,
            headers: ["Origin: " + Shop],
            answered: ["Access-Control-Allow-Origin: *"]
        ),
        Of(
            "1.8 /v1/track lets a page read its answer",
            "/v1/track",
            "pk",
            """{"event":"{row}"}""",
            202,
            headers: ["Origin: " + Shop],
            answered: ["Access-Control-Allow-Origin: *"]
        ),
        Of(
            "1.8 /v1/track lets a page read its refusal",
            "/v1/track",
            "pk",
            "{",
            400,
            headers: ["Origin: " + Shop],
            answered: ["Access-Control-Allow-Origin: *"]
        ),
        Of(
            "1.8 no Origin, no permission",
            "/s/events",
            "",
            """{"event":"view","experiment":"demo-ab","variantId":"a"}""",
            200,
            answered: ["!Access-Control-Allow-Origin", "!Access-Control-Allow-Credentials"]
        ),
        // Single events of Artie
        Of(
            "7.8 an Artie key on /v1/track is answered the Artie way",
            "/v1/track",
            "artie",
            Artie[1..^1],
            200,
            json: """{"status":"ok","messageId":"*uuid"}"""
        ),
        Of(
            "7.8 with a messageId",
            "/v1/track",
            "artie",
            """{"messageId":"{row}","event":"e","properties":{},"timestamp":"2025-10-29T22:00:00Z"}""",
            200,
            """{"status":"ok","messageId":"{row}"}"""
        ),
        Of(
            "7.8 an array is not one event",
            "/v1/track",
            "artie",
            Artie,
            400,
            json: """{"error":"Invalid event format.","...":0}"""
        ),
        Of(
            "1.1 the body of Millimetric with an Artie key",
            "/v1/track",
            "artie",
            """{"event":"{row}"}""",
            400,
            json: """{"error":"Invalid event format.","...":0}"""
        ),
        Of(
            "1.1 the body of Artie with a Millimetric key",
            "/v1/track",
            "sk",
            Artie[1..^1],
            202,
            """{"ok":true,"event_id":null}"""
        ),
        Of(
            "7.8 the largest single event is as large as a bulk",
            "/v1/track",
            "artie",
            "{" + new string(' ', 300 * 1024) + Artie[2..^1],
            200,
            json: """{"status":"ok","messageId":"*uuid"}"""
        ),
    ];

    public static TheoryData<string> Rules => [.. Rows.Select(row => row.Rule)];

    [Theory]
    [MemberData(nameof(Rules))]
    public Task Route_ByItsRule_Answers(string rule) => edge.CheckAsync(Rows.Single(row => row.Rule == rule));

    [Theory]
    [InlineData("2.9 a start with a body", "POST", "/experiments/api/exp_none/start", 401)]
    [InlineData("4.2 a click with a body", "GET", "/s/demo-ab/click", 302)]
    [InlineData("1.2 an unknown path", "POST", "/v1/nowhere", 404)]
    [InlineData("1.2 a method that is not allowed", "PUT", "/v1/events", 405)]
    [InlineData("1.3 a missing key", "POST", "/v1/bulk-track", 401)]
    [InlineData("1.8 a preflight with a body", "OPTIONS", "/v1/track", 204)]
    public async Task Body_NobodyReads_LeavesTheConnectionToTheNextRequest(
        string rule,
        string method,
        string path,
        int status
    )
    {
        var answer = await RawHttp.SendAsync(
            edge.Edge.Address,
            $"{method} {path} HTTP/1.1\r\nHost: e\r\nContent-Length: 2\r\n\r\n{{}}GET /healthz HTTP/1.1\r\nHost: e\r\nConnection: close\r\n\r\n"
        );

        Assert.Equal((rule, status), (rule, RawHttp.Status(answer)));
        var next = answer.LastIndexOf("HTTP/1.1 ", StringComparison.Ordinal);
        Assert.True(next > 0 && RawHttp.Status(answer[next..]) == 200, $"{rule}: {answer}");
    }

    private static Row Options(string rule, string path, params string[] answered) =>
        Of(rule, path, "", "", 204, method: "OPTIONS", headers: Preflight, answered: answered);
}
