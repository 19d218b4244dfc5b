using System.Globalization;
using System.Text;
using System.Text.Json;
using Edge.Access;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Endpoints.Evaluation;

/// <summary>
/// OpenFeature's remote evaluation and <c>/v1/decide</c> over a real listener: what a program is told, that it is what
/// pixel and click do, and what stands in the journal afterwards.
/// </summary>
public class EvaluationTests
{
    private const string Bulk = "/ofrep/v1/evaluate/flags";
    private const string Someone = """{"context":{"targetingKey":"someone"}}""";
    private const string Phone =
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";
    private const string Crawler = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

    /// <summary>Of ids, with those that a query escapes.</summary>
    private const string UnitChars = "abcXYZ019-_.@ +&=/éλ字";

    private const string AbTest = """
        "type":"ab_test","variants":[
          {"id":"a","weight":5000,"destinationUrl":"https://shop.example/a"},
          {"id":"b","weight":5000,"destinationUrl":"https://shop.example/b"}]
        """;

    /// <summary>Pro accounts, phones, else the default.</summary>
    private const string SmartLink = """
        "type":"smart_link","variants":[
          {"id":"pro","weight":0,"variables":{"value":true},"conditions":{"type":"group","operator":"AND","children":[
            {"type":"rule","property":"attribute.account.plan","ruleOperator":"equals","value":"pro"},
            {"type":"rule","property":"attribute.account.seats","ruleOperator":"gte","value":10}]}},
          {"id":"phone","weight":0,"variables":{"title":"Hi","size":1.50},
           "conditions":{"type":"rule","property":"device.type","ruleOperator":"equals","value":"mobile"}},
          {"id":"rest","weight":10000,"isDefault":true,"destinationUrl":"https://shop.example/rest"}],
        "goalConfig":{"type":"click_through","destinationUrl":"https://shop.example/goal"}
        """;

    private const string Scheduled = """
        "type":"scheduled","variants":[
          {"id":"now","weight":0,"schedule":{"startAt":"2020-01-01T00:00:00Z"}},
          {"id":"else","weight":10000,"isDefault":true}]
        """;

    public static TheoryData<string, string, string?, string, string> Reasons() =>
        new()
        {
            // definition, status, context beside the unit, reason, choice
            { AbTest, "running", null, "SPLIT", "SPLIT" },
            { AbTest, "paused", null, "DISABLED", "SPLIT" },
            { AbTest, "completed", null, "STATIC", "WINNER" },
            { SmartLink, "running", """ "account":{"plan":"Pro","seats":10}""", "TARGETING_MATCH", "TARGETING_MATCH" },
            { SmartLink, "running", """ "account.plan":"pro","account.seats":11 """, "TARGETING_MATCH", "TARGETING_MATCH" },
            { SmartLink, "running", """ "account":{"plan":"pro","seats":9}""", "DEFAULT", "DEFAULT" },
            { SmartLink, "running", null, "DEFAULT", "DEFAULT" },
            { SmartLink, "paused", null, "DISABLED", "DEFAULT" },
            { Scheduled, "running", null, "TARGETING_MATCH", "SCHEDULE" },
            { AbTest + ""","trafficShare":0""", "running", null, "DEFAULT", "NOT_PARTICIPATING" },
        };

    [Theory]
    [MemberData(nameof(Reasons))]
    public async Task Flag_OfAnExperiment_HasTheReasonOfItsChoice(
        string definition,
        string status,
        string? attributes,
        string reason,
        string choice
    )
    {
        await using var site = await IngestSite.StartAsync();
        var server = Server(site);
        var winner = definition.Contains("ab_test", StringComparison.Ordinal) ? "b" : "rest";
        await CreateAsync(site, "flag", definition, status, winner);

        var answer = await EvaluateAsync(site, server, "flag", "someone", attributes);

        Assert.Equal("flag", answer.Text("key"));
        Assert.Equal(reason, answer.Text("reason"));
        Assert.Equal(choice, answer.GetProperty("metadata").Text("choice"));
        Assert.Equal(choice == "SPLIT", answer.GetProperty("metadata").TryGetProperty("bucket", out _));
        Assert.StartsWith("exp_", answer.GetProperty("metadata").Text("uid"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Value_OfAVariant_IsItsValueElseItsVariablesElseItsId()
    {
        await using var site = await IngestSite.StartAsync();
        var server = Server(site, "facts");
        await CreateAsync(site, "flag", SmartLink);

        var pro = await EvaluateAsync(site, server, "flag", "u", """ "account":{"plan":"pro","seats":12}""");
        var phone = await EvaluateAsync(site, server, "flag", "u", $"\"user_agent\":\"{Phone}\"");
        var rest = await EvaluateAsync(site, server, "flag", "u", null);

        Assert.Equal("true", pro.GetProperty("value").GetRawText());
        Assert.Equal("""{"title":"Hi","size":1.50}""", phone.GetProperty("value").GetRawText());
        Assert.Equal("\"rest\"", rest.GetProperty("value").GetRawText());
    }

    /// <summary>
    /// A public key is used by the visitor's own program; what a server's own request says is not the visitor's.
    /// </summary>
    [Fact]
    public async Task Request_OfAPublicKey_IsTheVisitors_AndOfASecretOneIsNot()
    {
        await using var site = await IngestSite.StartAsync();
        var server = Server(site);
        var page = site.Issue(KeyKind.TrafficalPk, grant => grant with { Scopes = ["sdk:read"] });
        await CreateAsync(site, "link", SmartLink);
        await CreateAsync(site, "test", AbTest);

        async Task<string> VariantAsync(string key, string flag, string agent) =>
            (await EvaluateAsync(site, key, flag, "someone", null, ("User-Agent", agent))).Text("variant");

        Assert.Equal("phone", await VariantAsync(page, "link", Phone));
        Assert.Equal("rest", await VariantAsync(server, "link", Phone));
        var crawled = await EvaluateAsync(site, page, "test", "someone", null, ("User-Agent", Crawler));
        Assert.Equal("BOT", crawled.GetProperty("metadata").Text("choice"));
        var served = await EvaluateAsync(site, server, "test", "someone", null, ("User-Agent", Crawler));
        Assert.Equal("SPLIT", served.GetProperty("metadata").Text("choice"));
    }

    public static TheoryData<string, string, string, int, string> Mistakes() =>
        new()
        {
            // kind and scope of the key, flag, body, status, code
            { "", "test", Someone, 401, "GENERAL" },
            { "wrong", "test", Someone, 401, "GENERAL" },
            { "management", "test", Someone, 401, "GENERAL" },
            { "sdk:write", "test", Someone, 403, "GENERAL" },
            { "page", "test", Someone, 403, "GENERAL" },
            { "sdk:read", "none", Someone, 404, "FLAG_NOT_FOUND" },
            { "sdk:read", "draft", Someone, 404, "FLAG_NOT_FOUND" },
            { "sdk:read", "a/b", Someone, 404, "FLAG_NOT_FOUND" },
            { "team", "test", Someone, 404, "FLAG_NOT_FOUND" },
            { "sdk:read", "test", "", 400, "PARSE_ERROR" },
            { "sdk:read", "test", "{", 400, "PARSE_ERROR" },
            { "sdk:read", "test", "[]", 400, "PARSE_ERROR" },
            { "sdk:read", "test", """{"context":{"targetingKey":"\ud800"}}""", 400, "PARSE_ERROR" },
            { "sdk:read", "test", Nested(80), 400, "PARSE_ERROR" },
            { "sdk:read", "test", Nested(9), 400, "INVALID_CONTEXT" },
            { "sdk:read", "test", Many(257), 400, "INVALID_CONTEXT" },
            { "sdk:read", "test", """{"context":[]}""", 400, "INVALID_CONTEXT" },
            { "sdk:read", "test", """{"context":{"targetingKey":7}}""", 400, "INVALID_CONTEXT" },
            { "sdk:read", "test", """{"context":{"targetingKey":"{{ id }}"}}""", 400, "INVALID_CONTEXT" },
            { "facts", "test", """{"context":{"targetingKey":"u","ip":"nowhere"}}""", 400, "INVALID_CONTEXT" },
            { "sdk:read", "test", "{}", 400, "TARGETING_KEY_MISSING" },
            { "sdk:read", "test", """{"context":{"targetingKey":""}}""", 400, "TARGETING_KEY_MISSING" },
            { "sdk:read", "test", """{"context":{"targetingKey":null}}""", 400, "TARGETING_KEY_MISSING" },
            { "sdk:read", "test", $$$"""{"context":{"a":"{{{new string('x', 70_000)}}}"}}""", 413, "GENERAL" },
        };

    [Fact]
    public async Task Mistakes_AllOfThem_AreAnsweredInTheEnvelopeOfTheProtocol()
    {
        await using var site = await IngestSite.StartAsync();
        await CreateAsync(site, "test", AbTest);
        await CreateAsync(site, "draft", AbTest, "draft");
        var keys = new Dictionary<string, string?>
        {
            [""] = null,
            ["wrong"] = "traffical_sk_" + new string('a', 32),
            ["management"] = site.Issue(KeyKind.Pictify),
            ["sdk:write"] = site.Issue(KeyKind.Traffical, grant => grant with { Scopes = ["sdk:write"] }),
            ["sdk:read"] = Server(site),
            ["facts"] = Server(site, "facts"),
            ["team"] = site.Issue(KeyKind.Traffical, grant => grant with { Project = "another" }),
            ["page"] = site.Issue(
                KeyKind.TrafficalPk,
                grant => grant with { Scopes = ["sdk:read"], Origins = ["https://shop.example"] }
            ),
        };
        foreach (var row in Mistakes())
        {
            var (key, flag, body, status, code) = row.Data;

            var single = await site.PostAsync($"{Bulk}/{flag}", keys[key], body);

            Assert.True(status == single.Status, $"{key} {flag} {body[..Math.Min(80, body.Length)]}: {single.Body}");
            var error = Parse(single);
            Assert.Equal((flag, code), (error.Text("key"), error.Text("errorCode")));
            Assert.NotEqual("", error.Text("errorDetails"));
            if (status is 404 || code == "TARGETING_KEY_MISSING")
            {
                continue;
            }

            var bulk = await site.PostAsync(Bulk, keys[key], body);
            Assert.Equal((status, code), (bulk.Status, Parse(bulk).Text("errorCode")));
            Assert.False(Parse(bulk).TryGetProperty("key", out _));
        }

        var server = keys["sdk:read"];
        var many = await site.PostAsync($"{Bulk}/test", server, Many(255, "\"targetingKey\":\"u\","));
        var page = await site.PostAsync($"{Bulk}/test", keys["page"], Someone, ("Origin", "https://shop.example"));
        var header = await site.PostAsync($"{Bulk}/test", null, Someone, ("X-API-Key", server));
        Assert.Equal((200, 200, 200), (many.Status, page.Status, header.Status));
    }

    [Fact]
    public async Task Rate_OfAKey_IsLimitedWithATimeToComeAgain()
    {
        await using var site = await IngestSite.StartAsync(options => options.TrafficalPerSecond = 1);
        var server = Server(site);
        IngestAnswer answer;
        do
        {
            answer = await site.PostAsync(Bulk, server, Someone);
        } while (answer.Status == 200);

        Assert.Equal((429, "GENERAL"), (answer.Status, Parse(answer).Text("errorCode")));
        Assert.InRange(int.Parse(answer.Header("Retry-After")!, CultureInfo.InvariantCulture), 1, 60);
        Assert.Equal(429, (await site.PostAsync("/v1/decide", server, """{"unitKey":"u"}""")).Status);
    }

    [Fact]
    public async Task Bulk_Unchanged_IsNotSentAgain()
    {
        await using var site = await IngestSite.StartAsync(options => options.Demo = false);
        var server = Server(site);
        await CreateAsync(site, "b-test", AbTest);
        await CreateAsync(site, "a-link", SmartLink);

        var first = await site.PostAsync(Bulk, server, Someone);
        var tag = first.Header("ETag")!;
        var again = await site.PostAsync(Bulk, server, Someone, ("If-None-Match", $"\"x\", {tag}"));
        var pro = await site.PostAsync(
            Bulk,
            server,
            """{"context":{"targetingKey":"someone","account":{"plan":"pro","seats":10}}}""",
            ("If-None-Match", tag)
        );
        var nobody = await site.PostAsync(Bulk, server, "{}", ("If-None-Match", tag));
        await CreateAsync(site, "c-test", AbTest);
        var changed = await site.PostAsync(Bulk, server, Someone, ("If-None-Match", tag));

        Assert.Equal(["a-link", "b-test"], Flags(first).Select(flag => flag.Text("key")));
        again.Is(304, "");
        Assert.Equal(tag, again.Header("ETag"));
        Assert.Equal((200, "pro"), (pro.Status, Flags(pro)[0].Text("variant")));
        Assert.NotEqual(tag, pro.Header("ETag"));
        Assert.Equal("TARGETING_KEY_MISSING", Flags(nobody)[1].Text("errorCode"));
        Assert.Equal(3, Flags(changed).Count);
    }

    [Fact]
    public async Task Page_OfAnotherOrigin_MayAskAndReadTheTag()
    {
        await using var site = await IngestSite.StartAsync();
        var page = site.Issue(KeyKind.TrafficalPk);
        using var preflight = new HttpRequestMessage(HttpMethod.Options, Bulk);

        var allowed = await site.SendAsync(
            preflight,
            ("Origin", "https://shop.example"),
            ("Access-Control-Request-Headers", "authorization,content-type,if-none-match")
        );
        var answer = await site.PostAsync(Bulk, page, Someone, ("Origin", "https://shop.example"));
        var refused = await site.PostAsync(Bulk, null, Someone, ("Origin", "https://shop.example"));

        Assert.Equal(204, allowed.Status);
        Assert.Contains("If-None-Match", allowed.Header("Access-Control-Allow-Headers"));
        Assert.Contains("ETag", answer.Header("Access-Control-Expose-Headers"));
        Assert.Equal("https://shop.example", refused.Header("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task Unit_WhicheverWayItAsks_GetsTheSameVariant()
    {
        const int Units = 50;
        await using var site = await IngestSite.StartAsync(options => options.Demo = false);
        var server = Server(site);
        await CreateAsync(site, "test", AbTest);
        await CreateAsync(site, "moving", AbTest + ""","banditConfig":{"enabled":true}""");
        using var visitor = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false })
        {
            BaseAddress = site.Client.BaseAddress,
        };
        visitor.DefaultRequestHeaders.TryAddWithoutValidation("User-Agent", Phone);
        var random = new Random(20261130);
        var expected = new List<string>();
        foreach (var flag in (string[])["test", "moving"])
        {
            for (var i = 0; i < Units; i++)
            {
                var unit = Unit(random);
                var query = "?u=" + Uri.EscapeDataString(unit);
                var stated = JsonEncodedText.Encode(unit);

                var evaluated = await EvaluateAsync(site, server, flag, unit, null);
                var all = await site.PostAsync(Bulk, server, $$$"""{"context":{"targetingKey":"{{{stated}}}"}}""");
                var decided = Parse(
                    await site.PostAsync(
                        "/v1/decide",
                        server,
                        $$"""{"unitKey":"{{stated}}","experiments":["{{flag}}"]}""",
                        ("Edge-Ack", "memory")
                    )
                );
                var resolved = JsonElement.Parse(await visitor.GetStringAsync($"/s/{flag}/resolve{query}"));
                using var pixel = await visitor.GetAsync($"/s/{flag}/pixel.gif{query}");
                using var click = await visitor.GetAsync($"/s/{flag}/click{query}");

                var variant = evaluated.Text("variant");
                var layer = decided.GetProperty("metadata").GetProperty("layers")[0];
                Assert.Equal(
                    [variant, variant, variant, variant, variant],
                    [
                        Flags(all).Single(one => one.Text("key") == flag).Text("variant"),
                        layer.Text("allocationName"),
                        decided.GetProperty("assignments").Text(flag),
                        resolved.Text("variantId"),
                        click.Headers.Location!.ToString()[^1..],
                    ]
                );
                Assert.Equal(
                    evaluated.GetProperty("metadata").GetProperty("bucket").GetInt32(),
                    layer.GetProperty("bucket").GetInt32()
                );
                expected.Add(variant);
            }
        }

        var events = await site.StopAndReadAsync();
        Assert.Equal(expected, events.Where(e => e.Text("type") == "impression").Select(e => e.Text("variant")));
        Assert.Equal(expected, events.Where(e => e.Text("type") == "click").Select(e => e.Text("variant")));
        // Asking counts nothing: one impression for each pixel, one decision for each that was asked for.
        Assert.Equal(2 * Units, events.Count(e => e.Text("type") == "decision"));
        Assert.Equal(6 * Units, events.Length);
        Assert.Equal(["a", "b"], expected.Distinct().Order());
    }

    [Fact]
    public async Task Decision_Made_IsAnEventLikeThoseThatAreSent()
    {
        await using var site = await IngestSite.StartAsync(options => options.Demo = false);
        var server = Server(site, "facts");
        await CreateAsync(site, "test", AbTest);
        await CreateAsync(site, "link", SmartLink);

        var answer = await site.PostAsync(
            "/v1/decide",
            server,
            $$$"""
            {"unitKey":"user_789","context":{"account":{"plan":"pro","seats":10},"ip":"203.0.113.9","user_agent":"{{{Phone}}}"}}
            """
        );

        Assert.Equal("disk", answer.Header("Edge-Ack"));
        var decision = Parse(answer);
        var layers = decision.GetProperty("metadata").GetProperty("layers");
        Assert.Equal(["link", "test"], layers.EnumerateArray().Select(layer => layer.Text("layerId")));
        Assert.Equal("true", decision.GetProperty("assignments").GetProperty("link").GetRawText());
        Assert.Equal("user_789", decision.GetProperty("metadata").Text("unitKeyValue"));
        var e = Assert.Single(await site.StopAndReadAsync());
        Assert.Equal(
            ("traffical", "decision", "user_789", decision.Text("decisionId"), "mobile"),
            (e.Text("api"), e.Text("type"), e.Text("unit_key"), e.Text("decision_id"), e.Text("device_type"))
        );
        Assert.Equal(layers.GetRawText(), e.GetProperty("layers").GetRawText());
        Assert.True(e.GetProperty("extra").GetProperty("latencyMs").GetDouble() >= 0);
        // Neither the context nor the visitor's address is stored.
        Assert.DoesNotContain("seats", e.GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain("203.0.113.9", e.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Attributes_OfTheContext_AreExplained_AndPixelAndClickHaveNone()
    {
        await using var site = await IngestSite.StartAsync();
        await CreateAsync(site, "link", SmartLink);
        await CreateAsync(site, "test", AbTest);
        var management = site.Issue(KeyKind.Pictify);

        async Task<JsonElement> ExplainAsync(string slug, string context) =>
            Parse(
                await site.PostAsync($"/experiments/api/{slug}/explain", management, $$"""{"context":{{context}}}""")
            );

        var pro = (await ExplainAsync("link", """{"account":{"plan":"pro","seats":10}}""")).GetProperty("explanation");
        var unit = (await ExplainAsync("test", """{"targetingKey":"someone"}""")).GetProperty("explanation");
        var wrong = await ExplainAsync("link", "7");
        using var asked = await site.Client.GetAsync("/s/link/resolve?account.plan=pro&account.seats=10");

        Assert.Equal("pro", pro.Text("variant"));
        Assert.Equal("10", pro.GetProperty("properties").Text("attribute.account.seats"));
        Assert.Equal("targetingKey", unit.GetProperty("unit").Text("source"));
        Assert.Equal(
            unit.Text("variant"),
            (await EvaluateAsync(site, Server(site), "test", "someone", null)).Text("variant")
        );
        Assert.Equal("context", wrong.GetProperty("errors")[0].Text("field"));
        Assert.Equal("""{"variantId":"rest"}""", await asked.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("{", 400)]
    [InlineData("[]", 400)]
    [InlineData("{}", 400)]
    [InlineData("""{"unitKey":""}""", 400)]
    [InlineData("""{"unitKey":7}""", 400)]
    [InlineData("""{"unitKey":"a\u0000"}""", 400)]
    [InlineData("""{"unitKey":"*|UNIQID|*"}""", 400)]
    [InlineData("""{"unitKey":"u","context":7}""", 400)]
    [InlineData("""{"unitKey":"u","experiments":[7]}""", 400)]
    [InlineData("""{"unitKey":"u","experiments":"test"}""", 400)]
    [InlineData("""{"unitKey":"u","unitKey":"v"}""", 400)]
    [InlineData("""{"unitKey":"u","context":{"plan":{"name":"pro","n\u0061me":"free"}}}""", 400)]
    [InlineData("""{"unitKey":"u","experiments":["none"],"more":1}""", 200)]
    public async Task Decide_Whatever_IsAnsweredAndStoredOnlyWhenItIsRight(string body, int status)
    {
        await using var site = await IngestSite.StartAsync();

        var answer = await site.PostAsync("/v1/decide", Server(site), body);

        Assert.Equal(status, answer.Status);
        Assert.Equal(status == 200 ? 1 : 0, (await site.StopAndReadAsync()).Length);
        Assert.True(status == 200 || Parse(answer).Text("message").Length > 0);
    }

    [Theory]
    [InlineData(Bulk, """{"context":{"targetingKey":"a"},"context":{"targetingKey":"b"}}""", "context is given twice")]
    [InlineData(Bulk + "/none", """{"context":{"targetingKey":"a","plan":1,"plan":2}}""", "context.plan is given twice")]
    public async Task Flags_OfAMemberThatIsGivenTwice_AreRefused(string path, string body, string details)
    {
        await using var site = await IngestSite.StartAsync();

        var answer = await site.PostAsync(path, Server(site), body);

        Assert.Equal((400, "PARSE_ERROR", details), (answer.Status, Parse(answer).Text("errorCode"), Parse(answer).Text("errorDetails")));
    }

    private static string Server(IngestSite site, params string[] more) =>
        site.Issue(KeyKind.Traffical, grant => grant with { Scopes = ["sdk:read", .. more] });

    private static async Task CreateAsync(
        IngestSite site,
        string slug,
        string definition,
        string status = "running",
        string winner = "b"
    )
    {
        var management = site.Issue(KeyKind.Pictify);
        var created = await site.PostAsync(
            "/experiments/api",
            management,
            $$"""{"name":"Test","slug":"{{slug}}",{{definition}}}"""
        );
        Assert.True(created.Status == 201, created.Body);
        var uid = Parse(created).GetProperty("experiment").Text("uid");
        string[] actions = status switch
        {
            "draft" => [],
            "paused" => ["start", "pause"],
            "completed" => ["start", "complete"],
            _ => ["start"],
        };
        foreach (var action in actions)
        {
            var done = await site.PostAsync(
                $"/experiments/api/{uid}/{action}",
                management,
                action == "complete" ? $$"""{"winnerVariantId":"{{winner}}"}""" : ""
            );
            Assert.True(done.Status == 200, done.Body);
        }
    }

    private static async Task<JsonElement> EvaluateAsync(
        IngestSite site,
        string key,
        string flag,
        string unit,
        string? attributes,
        params (string Name, string? Value)[] headers
    )
    {
        var more = attributes is null ? "" : "," + attributes;
        var body = $$$"""{"context":{"targetingKey":"{{{JsonEncodedText.Encode(unit)}}}"{{{more}}}}}""";
        var answer = await site.PostAsync($"{Bulk}/{flag}", key, body, headers);
        Assert.True(answer.Status == 200, answer.Body);
        return Parse(answer);
    }

    /// <summary>An id as people have them: words, addresses, other scripts, longer than a unit may be.</summary>
    private static string Unit(Random random)
    {
        var length = random.Next(4) == 0 ? random.Next(100, 200) : random.Next(1, 30);
        var text = new StringBuilder();
        for (var i = 0; i < length; i++)
        {
            text.Append(UnitChars[random.Next(UnitChars.Length)]);
        }

        return "u" + text;
    }

    private static string Nested(int levels) =>
        $$$"""{"context":{{{string.Concat(Enumerable.Repeat("{\"a\":", levels))}}}1{{{new string('}', levels)}}}}""";

    private static string Many(int count, string first = "")
    {
        var attributes = string.Join(',', Enumerable.Range(0, count).Select(i => $"\"a{i}\":{i}"));
        return $$$"""{"context":{{{{first}}}{{{attributes}}}}}""";
    }

    private static List<JsonElement> Flags(IngestAnswer answer) =>
        [.. Parse(answer).GetProperty("flags").EnumerateArray()];

    private static JsonElement Parse(IngestAnswer answer) => JsonElement.Parse(answer.Body);
}
