using Xunit;
using static Edge.Tests.BlackBox.Conformance.Row;

namespace Edge.Tests.BlackBox.Conformance;

/// <summary>Who may send to which API, and what is checked before what (spec 1.3, 4.3, 5.2, 6.1, 6.8, 7.1).</summary>
public class KeyTests(ConformanceEdge edge) : IClassFixture<ConformanceEdge>
{
    private const string Event = """{"event":"{row}"}""";
    private const string Unreadable = "{";
    private const string TrafficalBody =
        """{"events":[{"type":"track","orgId":"org_acme","projectId":"proj_marketplace","env":"production","unitKey":"u","timestamp":"2026-05-21T10:30:00Z","event":"{row}"}]}""";
    private const string DecisionBody =
        """{"events":[{"type":"decision","unitKey":"{row}","timestamp":"2026-05-21T10:30:00Z","layers":[]}]}""";
    private const string TrafficalRefusal = """{"error":"Unauthorized","message":"Invalid or expired API key"}""";
    private const string ArtieBody = """[{"event":"{row}","properties":{},"timestamp":"2025-10-29T22:00:00.778Z"}]""";
    private const string ArtieRefusal = """{"error":"Unauthorized"}""";
    private const string Forged = "Bearer sk_live_AAAAAAAA_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    private static readonly Row[] Rows =
    [
        // Millimetric: the order of 6.1, each with a body that would be refused later
        Track("6.1 #1 no Authorization", "", 401, "missing_bearer_token", Unreadable),
        Track("6.1 #1 another scheme", "", 401, "missing_bearer_token", Unreadable, "Authorization: Basic dTpw"),
        Track("6.1 #1 the scheme alone", "", 401, "missing_bearer_token", Unreadable, "Authorization: Bearer"),
        Track(
            "6.1 #2 a token without form",
            "",
            401,
            "malformed_api_key",
            Unreadable,
            "Authorization: Bearer nonsense"
        ),
        Track("6.1 #2 a token of two parts", "", 401, "malformed_api_key", Unreadable, "Authorization: Bearer sk_live"),
        Track(
            "6.1 #2 a kind that is none",
            "",
            401,
            "malformed_api_key",
            Unreadable,
            "Authorization: Bearer xx_live_AAAAAAAA_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        ),
        Track("6.1 #3 a key that was never issued", "", 401, "invalid_api_key", Unreadable, "Authorization: " + Forged),
        Track("6.1 #3 another end of a known key", "sk-wrong", 401, "invalid_api_key", Unreadable),
        Track("6.1 #3 a revoked key", "sk-revoked", 401, "invalid_api_key", Unreadable),
        MixUp(
            "6.1 #3 before #5: a revoked key of a kind that may not",
            "rk-revoked",
            401,
            "invalid_api_key",
            "a reading key"
        ),
        Track("1.3 an expired key", "sk-expired", 401, "invalid_api_key", Unreadable),
        Track("6.1 #4 sk that says pk", "sk-as-pk", 401, "key_kind_mismatch", Unreadable),
        Track("6.1 #4 pk that says sk", "pk-as-sk", 401, "key_kind_mismatch", Unreadable),
        Track("6.1 #5 a reading key", "rk", 403, "insufficient_scope", Unreadable),
        Track("6.1 #5 a key whose scopes lack ingest", "sk-reader", 403, "insufficient_scope", Unreadable),
        Track("6.1 #5 a key with scope ingest", "sk-ingest", 202),
        Track("6.1 #6 pk without Origin", "pk", 403, "origin_not_allowed", Unreadable),
        Track("6.1 #6 pk from Origin null", "pk", 403, "origin_not_allowed", Unreadable, "Origin: null"),
        Track(
            "6.1 #6 pk from an Origin that is not listed",
            "pk",
            403,
            "origin_not_allowed",
            Unreadable,
            "Origin: https://evil.example"
        ),
        Track(
            "6.1 #6 pk of no Origin is denied everywhere",
            "pk-nowhere",
            403,
            "origin_not_allowed",
            Unreadable,
            "Origin: https://shop.example"
        ),
        Track("6.1 #6 pk from its Origin", "pk", 202, headers: "Origin: https://shop.example"),
        Track("6.1 #6 pk from its second Origin, with a port", "pk", 202, headers: "Origin: https://shop.example:8443"),
        Track("6.1 #6 pk from an Origin over http", "pk", 202, headers: "Origin: http://localhost:3000"),
        Track("6.1 Origin: host in any case", "pk", 202, headers: "Origin: https://Shop.Example"),
        Track("6.1 Origin: default port is elided", "pk", 202, headers: "Origin: https://shop.example:443"),
        Track("6.1 Origin: another port", "pk", 403, "origin_not_allowed", Event, "Origin: https://shop.example:444"),
        Track("6.1 Origin: another scheme", "pk", 403, "origin_not_allowed", Event, "Origin: http://shop.example"),
        Track(
            "6.1 Origin: www is listed separately",
            "pk",
            403,
            "origin_not_allowed",
            Event,
            "Origin: https://www.shop.example"
        ),
        Track("6.1 Origin: no suffix", "pk", 403, "origin_not_allowed", Event, "Origin: https://evilshop.example"),
        Track(
            "6.1 Origin: no prefix",
            "pk",
            403,
            "origin_not_allowed",
            Event,
            "Origin: https://shop.example.evil.example"
        ),
        Track("6.1 sk: Origin is ignored", "sk", 202, headers: "Origin: https://evil.example"),
        Track("6.1 sk: Origin null is ignored", "sk", 202, headers: "Origin: null"),
        Track("6.1 #8 the body comes last", "sk", 400, "invalid_payload", Unreadable),
        Track("6.1 a key of the other environment", "sk-test", 202),
        Track("1.3 scheme in lower case", "", 202, headers: "Authorization: bearer {sk}"),
        Track("1.3 scheme in upper case", "", 202, headers: "Authorization: BEARER {sk}"),
        Track("1.3 more blanks before the token", "", 202, headers: "Authorization: Bearer   {sk}"),
        MixUp("1.1 a key of Pictify is none of Millimetric", "pictify", 401, "malformed_api_key", "a management key"),
        MixUp("1.1 a write key is none of Millimetric", "write", 401, "malformed_api_key", "a write key"),
        MixUp(
            "1.1 a key of Traffical is none of Millimetric",
            "traffical",
            401,
            "~^(malformed_api_key|invalid_api_key)$",
            "a server key .traffical_sk_"
        ),
        Track(
            "1.1 a management key as earlier versions made it",
            "",
            401,
            "malformed_api_key\",\"message\":\"~^This is a management key",
            Unreadable,
            "Authorization: Bearer pk_live_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        ),
        Track(
            "6.1 a key of 10,000 characters",
            "",
            401,
            "~^(malformed_api_key|invalid_api_key)$",
            Unreadable,
            "Authorization: Bearer sk_live_a_" + A(10_000)
        ),
        Of(
            "6.1 Authorization before the content type",
            "/v1/track",
            "",
            Event,
            401,
            """{"error":"missing_bearer_token"}""",
            type: "text/html"
        ),
        Of(
            "6.8 pk in the address of a beacon",
            "/v1/track?key={pk}",
            "",
            Event,
            202,
            type: "text/plain;charset=UTF-8",
            headers: ["Origin: https://shop.example"]
        ),
        Of(
            "6.8 pk in the address: Origin is still enforced",
            "/v1/track?key={pk}",
            "",
            Event,
            403,
            """{"error":"origin_not_allowed"}""",
            type: "text/plain",
            headers: ["Origin: https://evil.example"]
        ),
        Of(
            "6.8 pk in the address without Origin",
            "/v1/track?key={pk}",
            "",
            Event,
            403,
            """{"error":"origin_not_allowed"}""",
            type: "text/plain"
        ),
        Of(
            "6.8 sk in an address is never accepted",
            "/v1/track?key={sk}",
            "",
            Event,
            401,
            json: """{"error":"missing_bearer_token","message":"~^This is a server key .sk_.*revoke"}""",
            type: "text/plain",
            headers: ["Origin: https://shop.example"]
        ),
        // Traffical
        Post("5.2 no Authorization", "/v1/events", "", Unreadable, 401, TrafficalRefusal),
        Post("5.2 another scheme", "/v1/events", "", Unreadable, 401, TrafficalRefusal, "Authorization: Basic dTpw"),
        Post(
            "5.2 a token without form",
            "/v1/events",
            "",
            Unreadable,
            401,
            TrafficalRefusal,
            "Authorization: Bearer x"
        ),
        Post("5.2 an empty token", "/v1/events", "", Unreadable, 401, TrafficalRefusal, "Authorization: Bearer "),
        Post("5.2 a key that was never issued", "/v1/events", "traffical-wrong", Unreadable, 401, TrafficalRefusal),
        Post("5.2 a revoked key", "/v1/events", "traffical-revoked", Unreadable, 401, TrafficalRefusal),
        Post("5.2 an expired key", "/v1/events", "traffical-expired", Unreadable, 401, TrafficalRefusal),
        Of(
            "5.2 a key of another product",
            "/v1/events",
            "sk",
            Unreadable,
            401,
            json: """{"error":"Unauthorized","message":"~^This is a server key .sk_.*traffical_sk_"}"""
        ),
        Of(
            "5.2 a management key",
            "/v1/events",
            "pictify",
            Unreadable,
            401,
            json: """{"error":"Unauthorized","message":"~^This is a management key .mk_"}"""
        ),
        Post(
            "5.2 a key without the scope",
            "/v1/events",
            "traffical-reader",
            Unreadable,
            403,
            """{"error":"Forbidden","message":"API key lacks required scope: sdk:write"}"""
        ),
        Post(
            "5.2 a key with the scope",
            "/v1/events",
            "traffical-writer",
            DecisionBody,
            200,
            """{"accepted":1,"written":1}"""
        ),
        Post(
            "5.2 a key of everything its kind may",
            "/v1/events",
            "traffical",
            TrafficalBody,
            200,
            """{"accepted":1,"written":1}"""
        ),
        Post(
            "9 #37 a browser key that carries the scope",
            "/v1/events",
            "traffical-pk",
            DecisionBody,
            200,
            """{"accepted":1,"written":1}""",
            "Origin: https://shop.example"
        ),
        Post("5.2 the alias", "/v1/events/batch", "traffical", TrafficalBody, 200, """{"accepted":1,"written":1}"""),
        Post("5.2 the alias without a key", "/v1/events/batch", "", Unreadable, 401, TrafficalRefusal),
        Post(
            "5.2 the alias without the scope",
            "/v1/events/batch",
            "traffical-reader",
            Unreadable,
            403,
            """{"error":"Forbidden","message":"API key lacks required scope: sdk:write"}"""
        ),
        Post(
            "1.3 Traffical: scheme in lower case",
            "/v1/events",
            "",
            DecisionBody,
            200,
            """{"accepted":1,"written":1}""",
            "Authorization: bearer {traffical}"
        ),
        Of(
            "5.2 the key before the content type",
            "/v1/events",
            "",
            Unreadable,
            401,
            TrafficalRefusal,
            type: "text/html"
        ),
        // Artie
        Post("7.1 no Authorization", "/v1/bulk-track", "", Unreadable, 401, ArtieRefusal),
        Post("7.1 another scheme", "/v1/bulk-track", "", Unreadable, 401, ArtieRefusal, "Authorization: Basic dTpw"),
        Post(
            "7.1 a token without form",
            "/v1/bulk-track",
            "",
            Unreadable,
            401,
            ArtieRefusal,
            "Authorization: Bearer x"
        ),
        Post("7.1 a key that was never issued", "/v1/bulk-track", "artie-wrong", Unreadable, 401, ArtieRefusal),
        Post("7.1 a revoked key", "/v1/bulk-track", "artie-revoked", Unreadable, 401, ArtieRefusal),
        Post("7.1 an expired key", "/v1/bulk-track", "artie-expired", Unreadable, 401, ArtieRefusal),
        Of(
            "7.1 a key of another product",
            "/v1/bulk-track",
            "sk",
            Unreadable,
            401,
            json: """{"error":"Unauthorized","detail":"~^This is a server key .sk_.*artie_"}"""
        ),
        Of(
            "7.1 a key of pages",
            "/v1/bulk-track",
            "pk",
            Unreadable,
            401,
            json: """{"error":"Unauthorized","detail":"~^This is a browser key .pk_.*artie_"}"""
        ),
        Post("7.1 a key of the API", "/v1/bulk-track", "artie", ArtieBody, 200),
        Of(
            "7.1 the key before the content type",
            "/v1/bulk-track",
            "",
            Unreadable,
            401,
            ArtieRefusal,
            type: "text/html"
        ),
        Of(
            "7.1 the key before the coding",
            "/v1/bulk-track",
            "",
            Unreadable,
            401,
            ArtieRefusal,
            headers: ["Content-Encoding: br"]
        ),
    ];

    public static TheoryData<string> Rules => [.. Rows.Select(row => row.Rule)];

    [Theory]
    [MemberData(nameof(Rules))]
    public Task Keys_ByTheirRule_Open(string rule) => edge.CheckAsync(Rows.Single(row => row.Rule == rule));

    private static Row Track(
        string rule,
        string key,
        int status,
        string error = "",
        string body = Event,
        params string[] headers
    ) =>
        Of(
            rule,
            "/v1/track",
            key,
            body,
            status,
            headers: headers,
            json: status switch
            {
                202 => """{"ok":true,"event_id":null}""",
                400 => $$"""{"error":"{{error}}","details":{"...":0} }""",
                _ => $$"""{"error":"{{error}}"}""",
            }
        );

    /// <summary>A key of another kind: the answer says which.</summary>
    private static Row MixUp(string rule, string key, int status, string error, string kind) =>
        Track(rule, key, status, $"{error}\",\"message\":\"~^This is {kind}", Unreadable);

    private static Row Post(
        string rule,
        string path,
        string key,
        string body,
        int status,
        string? answer = null,
        params string[] headers
    ) => Of(rule, path, key, body, status, answer, headers: headers);
}
