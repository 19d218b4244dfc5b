using System.Text.Json;
using System.Text.RegularExpressions;
using Edge.Telemetry;
using Edge.Tests.BlackBox;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.OpenApi;

/// <summary>
/// The description of the API against the running service: the same routes, the same methods, the answers it promises.
/// </summary>
public partial class ApiRouteTests(DescribedEdge site) : IClassFixture<DescribedEdge>
{
    private static readonly ApiDocument Document = ApiDocument.Instance;

    public static TheoryData<string> Paths() => new(Document.Paths);

    public static TheoryData<string, string> Examples() =>
        new(
            from operation in Document.Operations
            where operation.Operation.TryGetProperty("requestBody", out _)
            select (operation.Method, operation.Path)
        );

    [Fact]
    public async Task Document_Served_IsTheOneInTheRepository()
    {
        var answer = await site.AskAsync("GET", "/openapi.json");

        Assert.Equal((200, "application/json"), (answer.Status, answer.Type));
        Assert.Equal(Document.Root.GetRawText(), answer.Body.TrimEnd());
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Path_Described_AnswersItsMethodsAndNoOthers(string path)
    {
        var described = ApiDocument.Methods.Where(method => Document.Describes(path, method)).ToArray();
        foreach (var method in ApiDocument.Methods)
        {
            var answer = await site.AskAsync(method, Fill(path, "exp_unknown"), KeyFor(path));
            if (described.Contains(method))
            {
                Assert.False(
                    answer.Status == 405 || answer.Problem == "not-found",
                    $"{method} {path} is not offered: {answer.Status}"
                );
                continue;
            }
            Assert.True(answer.Status == 405, $"{method} {path} is offered and not described: {answer.Status}");
            Assert.Equal(
                described.Where(one => one != "HEAD").Order(),
                answer.Allow.Where(one => one != "HEAD").Order()
            );
        }
    }

    [Fact]
    public async Task Routes_AllOfThem_AreDescribed()
    {
        // One of its own: it is paused and completed on the way.
        var uid = await site.StartAsync(ManagedEdge.NewSlug());
        foreach (var path in Document.Paths)
        {
            await site.AskAsync(Document.Describes(path, "GET") ? "GET" : "POST", Fill(path, uid), KeyFor(path));
        }

        var page = await site.MetricsAsync();
        var asked = RouteLabel().Matches(page).Select(match => match.Groups[1].Value).ToHashSet();
        var source = File.ReadAllText(
            Path.Combine(Repository.Root, "src/Edge/Endpoints/Management/ManagementRoutes.cs")
        );
        var managed = ManagedRoute()
            .Matches(source)
            .Select(match => "/experiments/api/" + (match.Groups[1].Success ? "{uid}/" : "") + match.Groups[2].Value);

        var unasked = Enum.GetValues<RouteName>()
            .Where(route => route != RouteName.Other)
            .Select(route => PrometheusText.SnakeCase(route.ToString()))
            .Except(asked);
        Assert.Empty(unasked);
        Assert.Empty(managed.Except(Document.Paths));
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task Example_OfTheDocument_GetsAnAnswerOfTheDocument(string method, string path)
    {
        var operation = Document.Operations.Single(one => one.Method == method && one.Path == path).Operation;
        var media = operation.GetProperty("requestBody").GetProperty("content").GetProperty("application/json");
        var examples = media.TryGetProperty("examples", out var many)
            ? many.EnumerateObject().Select(one => (Kind: one.Name, Body: one.Value.GetProperty("value").GetRawText()))
            : [(Kind: "", Body: media.GetProperty("example").GetRawText())];
        foreach (var (kind, body) in examples)
        {
            // What changes an experiment gets one of its own; what names the slug of the example, that one.
            var uid = path.EndsWith("/explain", StringComparison.Ordinal)
                ? site.Uid
                : await site.StartAsync(ManagedEdge.NewSlug());
            var answer = await site.AskAsync(method, Fill(path, uid), KeyFor(path, kind), body);

            Document.AssertDescribes(path, method, answer.Status, answer.Type, answer.Body);
            // An experiment with the example's slug is there already, and the key of the example is none.
            Assert.True(
                answer.Status < 300 || path is "/experiments/api" or "/ui/session",
                $"{answer.Status} {answer.Body}"
            );
        }
    }

    [Theory]
    [InlineData("GET", "/s/{slug}/pixel.gif", "", null, 200)]
    [InlineData("GET", "/s/{slug}/click", "", null, 302)]
    [InlineData("GET", "/s/{slug}/resolve", "", null, 200)]
    [InlineData("GET", "/s/{slug}.{format}", "", null, 404)]
    [InlineData("POST", "/s/events", "", "{", 400)]
    [InlineData("POST", "/s/events", "", """{"event":"other","experiment":"homepage-hero-test"}""", 400)]
    [InlineData(
        "POST",
        "/s/events",
        "",
        """[{"event":"view","experiment":"homepage-hero-test"},{"event":"view"}]""",
        200
    )]
    [InlineData("OPTIONS", "/s/events", "", null, 204)]
    [InlineData("POST", "/v1/events", "", "{}", 401)]
    [InlineData("POST", "/v1/events", "traffical-read", "{}", 403)]
    [InlineData("POST", "/v1/events", "traffical", "{}", 400)]
    [InlineData("POST", "/v1/events", "traffical", """{"events":[{"type":"other"}]}""", 200)]
    [InlineData("OPTIONS", "/v1/events", "", null, 204)]
    [InlineData("POST", "/v1/track", "", "{}", 401)]
    [InlineData("POST", "/v1/track", "millimetric-rk", "{}", 403)]
    [InlineData("POST", "/v1/track", "millimetric-sk", "{}", 400)]
    [InlineData("POST", "/v1/track", "millimetric-pk", """{"event":"e"}""", 202)]
    [InlineData("POST", "/v1/track", "artie", "{}", 400)]
    [InlineData("OPTIONS", "/v1/track", "", null, 204)]
    [InlineData("POST", "/v1/decide", "", "{}", 401)]
    [InlineData("POST", "/v1/decide", "traffical", "{}", 403)]
    [InlineData("POST", "/v1/decide", "traffical-read", "{}", 400)]
    [InlineData("POST", "/v1/decide", "traffical-read", """{"unitKey":"x","context":{"a":1}}""", 200)]
    [InlineData("OPTIONS", "/v1/decide", "", null, 204)]
    [InlineData("GET", "/receipts/{id}", "", null, 401)]
    [InlineData("GET", "/receipts/{id}", "pictify", null, 400)]
    [InlineData("GET", "/receipts/{id}", "traffical", null, 403)]
    [InlineData("GET", "/receipts/{id}", "traffical-read", null, 404)]
    [InlineData("POST", "/ofrep/v1/evaluate/flags/{key}", "", "{}", 401)]
    [InlineData("POST", "/ofrep/v1/evaluate/flags/{key}", "traffical", "{}", 403)]
    [InlineData("POST", "/ofrep/v1/evaluate/flags/{key}", "traffical-read", "{}", 400)]
    [InlineData("POST", "/ofrep/v1/evaluate/flags", "traffical-read", "[]", 400)]
    [InlineData("POST", "/ofrep/v1/evaluate/flags", "traffical-read", "{}", 200)]
    [InlineData("OPTIONS", "/ofrep/v1/evaluate/flags", "", null, 204)]
    [InlineData("POST", "/v1/bulk-track", "", "[]", 401)]
    [InlineData("POST", "/v1/bulk-track", "artie", "[]", 400)]
    [InlineData("POST", "/v1/bulk-track", "artie", """[{"event":"e"}]""", 400)]
    [InlineData("GET", "/experiments/api", "pictify", null, 200)]
    [InlineData("GET", "/experiments/api", "", null, 401)]
    [InlineData("POST", "/experiments/api", "pictify", "{}", 400)]
    [InlineData("GET", "/experiments/api/quota", "pictify", null, 200)]
    [InlineData("GET", "/experiments/api/alerts", "pictify", null, 200)]
    [InlineData("GET", "/experiments/api/audit", "pictify", null, 200)]
    [InlineData("GET", "/experiments/api/definitions", "pictify", null, 200)]
    [InlineData("POST", "/experiments/api/definitions", "pictify", "{}", 400)]
    [InlineData("GET", "/experiments/api/{uid}", "pictify", null, 200)]
    [InlineData("PUT", "/experiments/api/{uid}", "pictify", """{"slug":"another-slug"}""", 400)]
    [InlineData("POST", "/experiments/api/{uid}/start", "pictify", null, 409)]
    [InlineData("GET", "/experiments/api/{uid}/results", "pictify", null, 200)]
    [InlineData("GET", "/experiments/api/{uid}/results.csv", "pictify", null, 200)]
    [InlineData("GET", "/experiments/api/{uid}/uniques", "pictify", null, 200)]
    [InlineData("GET", "/experiments/api/{uid}/recomputations", "pictify", null, 200)]
    [InlineData("POST", "/experiments/api/{uid}/recompute", "pictify", null, 200)]
    [InlineData("POST", "/experiments/api/{uid}/explain", "pictify", """{"other":1}""", 400)]
    [InlineData("POST", "/experiments/api/{uid}/explain", "pictify", """{"ip":"203.0.113.7"}""", 200)]
    [InlineData("POST", "/experiments/api/{uid}/what-if", "pictify", "{}", 400)]
    [InlineData("GET", "/experiments/api/summaries", "pictify", null, 200)]
    [InlineData("GET", "/experiments/api/summaries", "", null, 401)]
    [InlineData("POST", "/experiments/api/validate", "pictify", "{}", 200)]
    [InlineData("POST", "/experiments/api/explain", "pictify", "{}", 400)]
    [InlineData("POST", "/experiments/api/explain", "pictify", """{"definition":{"uid":"exp_none"}}""", 404)]
    [InlineData("POST", "/experiments/api/occurrences", "pictify", "{}", 400)]
    [InlineData("POST", "/experiments/api/occurrences", "pictify", """{"definition":{"uid":"exp_none"}}""", 404)]
    [InlineData("GET", "/experiments/api/{uid}/shares", "pictify", null, 200)]
    [InlineData("POST", "/experiments/api/{uid}/shares", "pictify", "{}", 400)]
    [InlineData("DELETE", "/experiments/api/{uid}/shares/{id}", "pictify", null, 404)]
    [InlineData("GET", "/fleet/nodes", "pictify", null, 200)]
    [InlineData("GET", "/fleet/nodes", "", null, 401)]
    [InlineData("GET", "/fleet/rollout", "pictify", null, 200)]
    [InlineData("PUT", "/fleet/rollout", "pictify", """{"share":1}""", 200)]
    [InlineData("PUT", "/fleet/rollout", "pictify", """{"share":2}""", 400)]
    [InlineData("PUT", "/fleet/rollout", "", """{"share":1}""", 401)]
    [InlineData("GET", "/fleet/catalog", "fleet", null, 200)]
    [InlineData("GET", "/fleet/catalog", "", null, 401)]
    [InlineData("POST", "/fleet/events", "", "[]", 401)]
    [InlineData("POST", "/fleet/events", "fleet", "[]", 200)]
    [InlineData("POST", "/fleet/events", "fleet", "[{}]", 400)]
    [InlineData("GET", "/system", "pictify", null, 200)]
    [InlineData("GET", "/system", "", null, 401)]
    [InlineData("POST", "/system/sinks/{name}/pause", "pictify", null, 404)]
    [InlineData("GET", "/events/live", "pictify", null, 400)]
    [InlineData("GET", "/events/live", "", null, 401)]
    [InlineData("GET", "/ui/", "", null, 200)]
    [InlineData("GET", "/ui/session", "", null, 401)]
    [InlineData("POST", "/ui/session", "", "{}", 400)]
    [InlineData("DELETE", "/ui/session", "", null, 403)]
    [InlineData("GET", "/ui/share/{token}", "", null, 404)]
    [InlineData("GET", "/ui/share/{token}/results", "", null, 404)]
    [InlineData("GET", "/ui/share/{token}/recomputations", "", null, 404)]
    [InlineData("GET", "/ui/share/{token}/results.svg", "", null, 404)]
    [InlineData("GET", "/ui/share/{token}/results.png", "", null, 404)]
    [InlineData("GET", "/healthz", "", null, 200)]
    [InlineData("GET", "/readyz", "", null, 200)]
    [InlineData("GET", "/metrics", "", null, 200)]
    [InlineData("GET", "/ledger", "", null, 200)]
    [InlineData("GET", "/sdk.js", "", null, 200)]
    public async Task Answer_OfTheService_IsOneOfTheDocument(
        string method,
        string path,
        string key,
        string? body,
        int status
    )
    {
        var answer = await site.AskAsync(method, Fill(path, site.Uid), key, body);

        Assert.True(status == answer.Status, $"{answer.Status}: {answer.Body}");
        Document.AssertDescribes(path, method, answer.Status, answer.Type, answer.Body);
    }

    [Theory]
    [InlineData(
        "smart_link",
        """
            "conditions":{"type":"group","operator":"AND","children":[{"type":"rule","property":"url.param","paramName":"p","ruleOperator":"in","value":["x",1]}]}
            """
    )]
    [InlineData(
        "scheduled",
        """
            "schedule":{"startAt":"2026-01-01T00:00:00Z","endAt":"2026-01-01T08:00:00Z","recurrence":{"type":"cron","cronExpression":"0 9 * * 1","timezone":"Europe/Berlin"}}
            """
    )]
    public async Task Answer_AboutAnExperimentOfThisType_IsOneOfTheDocument(string type, string variant)
    {
        var slug = ManagedEdge.NewSlug();
        var definition = $$"""
            {"name":"N","slug":"{{slug}}","type":"{{type}}","hypothesis":"h","fallbackImageUrl":"https://example.com/a.png","outputConfig":{"quality":50.5},
             "variants":[{"id":"a","name":"A","weight":10000,"variables":{"imageUrl":"https://example.com/b.png"},{{variant}}},{"id":"b","weight":0,"isDefault":true}]}
            """;
        var created = await site.AskAsync("POST", "/experiments/api", "pictify", definition);
        var uid = JsonDocument
            .Parse(created.Body)
            .RootElement.GetProperty("experiment")
            .GetProperty("uid")
            .GetString()!;
        await site.AskAsync("POST", $"/experiments/api/{uid}/start", "pictify");

        Document.AssertDescribes("/experiments/api", "POST", created.Status, created.Type, created.Body);
        foreach (
            var (method, path, body) in new[]
            {
                ("GET", "", null),
                ("GET", "/results", null),
                ("GET", "/results.csv", null),
                ("GET", "/uniques", null),
                ("POST", "/explain", """{"query":"p=x","ip":"203.0.113.7"}"""),
            }
        )
        {
            var answer = await site.AskAsync(method, $"/experiments/api/{uid}{path}", "pictify", body);
            Assert.Equal(200, answer.Status);
            Document.AssertDescribes("/experiments/api/{uid}" + path, method, answer.Status, answer.Type, answer.Body);
        }
    }

    [Theory]
    [InlineData("/s/events", "")]
    [InlineData("/v1/events", "traffical")]
    [InlineData("/v1/track", "millimetric-sk")]
    [InlineData("/v1/bulk-track", "artie")]
    [InlineData("/v1/decide", "traffical-read")]
    [InlineData("/ofrep/v1/evaluate/flags", "traffical-read")]
    public async Task Body_OfAnotherType_IsRefusedAsDescribed(string path, string key)
    {
        var answer = await site.AskAsync("POST", path, key, "<events/>", "application/xml");

        Assert.Equal(415, answer.Status);
        Document.AssertDescribes(path, "POST", answer.Status, answer.Type, answer.Body);
    }

    private static string Fill(string path, string uid) =>
        path.Replace("{slug}", DescribedEdge.Slug, StringComparison.Ordinal)
            .Replace("{uid}", uid, StringComparison.Ordinal)
            .Replace("{format}", "png", StringComparison.Ordinal)
            .Replace("{name}", "none", StringComparison.Ordinal)
            .Replace("{key}", DescribedEdge.Slug, StringComparison.Ordinal)
            .Replace("{token}", "none", StringComparison.Ordinal)
            .Replace("{id}", "none", StringComparison.Ordinal)
            // Or its answer would have no end.
            .Replace("/events/live", "/events/live?endless=1", StringComparison.Ordinal);

    /// <summary>
    /// The kind of key that opens a path; <paramref name="example"/> where it depends on what is sent.
    /// </summary>
    private static string KeyFor(string path, string example = "") =>
        path switch
        {
            "/v1/track" => example == "artie" ? "artie" : "millimetric-sk",
            "/v1/bulk-track" => "artie",
            "/v1/events" or "/v1/events/batch" => "traffical",
            "/v1/decide" => "traffical-read",
            "/receipts/{id}" => "pictify",
            _ when path.StartsWith("/ofrep/", StringComparison.Ordinal) => "traffical-read",
            "/events/live" => "pictify",
            "/fleet/nodes" or "/fleet/rollout" => "pictify",
            _ when path.StartsWith("/fleet/", StringComparison.Ordinal) => "fleet",
            _ when path.StartsWith("/system", StringComparison.Ordinal) => "pictify",
            _ when path.StartsWith("/experiments/", StringComparison.Ordinal) => "pictify",
            _ => "",
        };

    [GeneratedRegex(@"edge_requests_total\{route=""(\w+)"",outcome=""\w+""\} [1-9]")]
    private static partial Regex RouteLabel();

    [GeneratedRegex(@"\[(_, )?""(\w+)""\]")]
    private static partial Regex ManagedRoute();
}
