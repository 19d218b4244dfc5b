using System.Text;
using Xunit;
using static Edge.Tests.BlackBox.Conformance.Row;
using static Edge.Tests.Support.Packing;

namespace Edge.Tests.BlackBox.Conformance;

/// <summary>
/// Content types, codings, sizes and what JSON is, the same for every API in its own words (spec 1.4, 7.5).
/// </summary>
public class BodyTests(ConformanceEdge edge) : IClassFixture<ConformanceEdge>
{
    private const int KiB = 1024;
    private const int MiB = 1024 * KiB;

    private static readonly byte[] Bom = [0xef, 0xbb, 0xbf];

    /// <summary>How the APIs differ: where, with which key, one good event, and how a refusal is told apart.</summary>
    private static readonly Api[] Apis =
    [
        new(
            "pictify",
            "/s/events",
            "",
            """{"event":"view","experiment":"demo-ab","variantId":"a","metadata":{"w":"{row}"}}""",
            2 * MiB,
            status => $$"""{"status":{{status}},"...":0}"""
        ),
        new(
            "traffical",
            "/v1/events",
            "traffical",
            """{"events":[{"type":"decision","unitKey":"{row}","timestamp":"2026-05-21T10:30:00Z","layers":[]}]}""",
            5 * MiB,
            status =>
                status == 400
                    ? """{"error":"Bad Request","message":"~^(events must be a non-empty array \\(max 1000\\)|Invalid JSON body|The body is .*gzip)$"}"""
                    : """{"error":"*","message":"*"}"""
        ),
        new(
            "millimetric",
            "/v1/track",
            "sk",
            """{"event":"{row}"}""",
            256 * KiB,
            status =>
                status switch
                {
                    400 => """{"error":"invalid_payload","details":{"formErrors":["*"],"fieldErrors":{}}}""",
                    413 => """{"error":"payload_too_large"}""",
                    _ => """{"error":"unsupported_media_type"}""",
                }
        ),
        new(
            "artie",
            "/v1/bulk-track",
            "artie",
            """[{"event":"{row}","properties":{},"timestamp":"2025-10-29T22:00:00.778Z"}]""",
            10 * MiB,
            status =>
                status switch
                {
                    400 => """{"error":"Invalid event format.","...":0}""",
                    413 => """{"error":"Payload exceeds maximum allowed size (10MB)."}""",
                    _ => """{"error":"*"}""",
                }
        ),
    ];

    private static readonly Row[] Rows = [.. Apis.SelectMany(RowsOf)];

    public static TheoryData<string> Rules => [.. Rows.Select(row => row.Rule)];

    [Theory]
    [MemberData(nameof(Rules))]
    public Task Body_ByItsRule_IsTaken(string rule) => edge.CheckAsync(Rows.Single(row => row.Rule == rule));

    private static IEnumerable<Row> RowsOf(Api api)
    {
        // Types
        yield return api.Good("1.4 application/json");
        yield return api.Good("1.4 a missing type", type: "");
        yield return api.Good("1.4 a type in upper case", type: "APPLICATION/JSON");
        yield return api.Good("1.4 charset utf-8", type: "application/json; charset=utf-8");
        yield return api.Good("1.4 charset in upper case and quotes", type: "application/json;charset=\"UTF-8\"");
        yield return api.Good("1.4 other parameters", type: "application/json; profile=x; version=1");
        yield return api.Good("another label of UTF-8", type: "application/json; charset=UTF8");
        yield return api.Good("a part of UTF-8", type: "application/json; charset=us-ascii");
        yield return api.Bad("1.4 another charset", 415, type: "application/json; charset=iso-8859-1");
        yield return api.Bad("1.4 charset utf-16", 415, type: "application/json; charset=utf-16");
        yield return api.Bad("1.4 a form", 415, type: "application/x-www-form-urlencoded");
        yield return api.Bad("1.4 multipart", 415, type: "multipart/form-data; boundary=x");
        yield return api.Bad("1.4 HTML", 415, type: "text/html");
        yield return api.Bad("1.4 a type that is none", 415, type: "json");
        if (api.Name is "pictify" or "millimetric")
        {
            yield return api.Good("1.4 text/plain", type: "text/plain");
            yield return api.Good("8.2 the type of sendBeacon", type: "text/plain;charset=UTF-8");
        }
        else
        {
            yield return api.Bad("1.4 text/plain", 415, type: "text/plain");
        }

        // Codings
        yield return api.Good("1.4 gzip", coding: "gzip", coded: Gzip);
        yield return api.Good("7.5 x-gzip", coding: "x-gzip", coded: Gzip);
        yield return api.Good("7.5 gzip in any case", coding: "GZip", coded: Gzip);
        yield return api.Good("7.5 identity", coding: "identity");
        yield return api.Good(
            "7.5 gzip of several members",
            coding: "gzip",
            coded: bytes => [.. Gzip(bytes[..5]), .. Gzip(bytes[5..9]), .. Gzip(bytes[9..])]
        );
        yield return api.Bad("1.4 br", 415, coding: "br") with
        {
            Answered = ["Accept-Encoding: gzip"],
        };
        yield return api.Bad("1.4 deflate", 415, coding: "deflate") with
        {
            Answered = ["Accept-Encoding: gzip"],
        };
        yield return api.Bad("7.5 two codings", 415, coding: "gzip, gzip", coded: bytes => Gzip(Gzip(bytes))) with
        {
            Answered = ["Accept-Encoding: gzip"],
        };
        yield return api.Bad(
            "7.5 a coding twice in two headers",
            415,
            coding: "gzip",
            coded: bytes => Gzip(Gzip(bytes)),
            more: ["Content-Encoding: gzip"]
        );
        yield return api.Bad("7.5 gzip without the header", 400, coded: Gzip);
        yield return api.Bad("7.5 the header without gzip", 400, coding: "gzip");
        yield return api.Bad("1.4 gzip that ends early", 400, coding: "gzip", coded: bytes => Gzip(bytes)[..^9]);
        yield return api.Bad("1.4 gzip without its checksum", 400, coding: "gzip", coded: bytes => Gzip(bytes)[..^8]);
        yield return api.Bad(
            "1.4 gzip with a wrong checksum",
            400,
            coding: "gzip",
            coded: bytes => WithAWrongChecksum(Gzip(bytes))
        );
        yield return api.Bad("1.4 gzip of nothing", 400, coding: "gzip", coded: _ => Gzip([]));
        yield return api.Bad("1.4 gzip of no bytes", 400, coding: "gzip", coded: _ => []);

        // JSON
        yield return api.Bad("1.4 no body", 400, coded: _ => []);
        yield return api.Bad("1.4 blanks", 400, coded: _ => "  \n"u8.ToArray());
        yield return api.Bad("1.4 half an event", 400, coded: bytes => bytes[..^2]);
        yield return api.Bad("1.4 an event and more", 400, coded: bytes => [.. bytes, .. " x"u8]);
        yield return api.Bad("1.4 two bodies one after the other", 400, coded: bytes => [.. bytes, .. bytes]);
        yield return api.Bad("1.4 a comma at the end", 400, coded: bytes => [.. bytes[..^1], (byte)',', bytes[^1]]);
        yield return api.Bad("1.4 a comment", 400, coded: bytes => [.. "/* c */"u8, .. bytes]);
        yield return api.Bad(
            "1.4 single quotes",
            400,
            coded: bytes => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(bytes).Replace('"', '\''))
        );
        yield return api.Bad("1.4 null", 400, coded: _ => "null"u8.ToArray());
        yield return api.Bad("1.4 a number", 400, coded: _ => "1"u8.ToArray());
        yield return api.Bad("1.4 a text", 400, coded: _ => "\"event\""u8.ToArray());
        yield return api.Bad("1.4 true", 400, coded: _ => "true"u8.ToArray());
        yield return api.Good("1.4 a byte order mark is skipped", coded: bytes => [.. Bom, .. bytes]);
        yield return api.Good("1.4 blanks around", coded: bytes => [.. "\r\n\t "u8, .. bytes, .. " \n"u8]);
        yield return api.Bad(
            "1.4 UTF-16",
            400,
            coded: bytes => Encoding.Unicode.GetBytes(Encoding.UTF8.GetString(bytes))
        );
        yield return api.Bad(
            "1.4 a byte that is not UTF-8",
            400,
            coded: bytes => [.. bytes[..^1], .. ",\"x\":\""u8, 0xff, .. "\""u8, bytes[^1]]
        );

        // Size
        yield return api.Good("1.4 the largest body", coded: bytes => Padded(bytes, api.BytesMax));
        yield return api.Good("1.4 one byte less than the largest", coded: bytes => Padded(bytes, api.BytesMax - 1));
        yield return api.Bad(
            "1.4 one byte more than the largest",
            413,
            coded: bytes => Padded(bytes, api.BytesMax + 1)
        );
        yield return api.Good(
            "7.5 the largest inflated body",
            coding: "gzip",
            coded: bytes => Gzip(Mixed(bytes, api.BytesMax))
        );
        yield return api.Bad(
            "7.5 one inflated byte more",
            413,
            coding: "gzip",
            coded: bytes => Gzip(Mixed(bytes, api.BytesMax + 1))
        );
    }

    private static byte[] WithAWrongChecksum(byte[] gzip)
    {
        gzip[^6] ^= 1;
        return gzip;
    }

    private static byte[] Padded(byte[] body, int length) =>
        [.. body, .. Enumerable.Repeat((byte)' ', length - body.Length)];

    /// <summary>
    /// The same with blanks that do not shrink to next to nothing: a ratio of a bomb may be refused for itself.
    /// </summary>
    private static byte[] Mixed(byte[] body, int length)
    {
        var padded = Padded(body, length);
        var random = new Random(1);
        for (var i = body.Length; i < length; i++)
        {
            padded[i] = " \t\r\n"u8[random.Next(4)];
        }

        return padded;
    }

    private sealed record Api(
        string Name,
        string Path,
        string Key,
        string Event,
        int BytesMax,
        Func<int, string> Refusal
    )
    {
        public Row Good(
            string rule,
            string type = "application/json",
            string coding = "",
            Func<byte[], byte[]>? coded = null
        ) =>
            Make(rule, Name == "millimetric" ? 202 : 200, null, type, coding, coded, []) with
            {
                Stored = """{"...":0}""",
            };

        public Row Bad(
            string rule,
            int status,
            string type = "application/json",
            string coding = "",
            Func<byte[], byte[]>? coded = null,
            string[]? more = null
        ) => Make(rule, status, Refusal(status), type, coding, coded, more ?? []);

        private Row Make(
            string rule,
            int status,
            string? json,
            string type,
            string coding,
            Func<byte[], byte[]>? coded,
            string[] more
        ) =>
            Of(
                $"{rule}: {Name}",
                Path,
                Key,
                Event,
                status,
                json: json,
                type: type,
                coded: coded,
                headers: [.. coding.Length > 0 ? [$"Content-Encoding: {coding}"] : Array.Empty<string>(), .. more]
            );
    }
}
