using System.Text.Json;
using Edge.Access;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Endpoints.Ingestion;

/// <summary>Address and agent of a visitor, as servers state them in each of the APIs.</summary>
public class VisitorFactsTests
{
    private const string Phone =
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";

    private const string Address = "203.0.113.77";
    private const string Facts = $$"""{"ip":"{{Address}}","user_agent":"{{Phone}}","locale":["de"]}""";

    private static readonly Api[] Apis =
    [
        new("/v1/track", KeyKind.MillimetricSk, "ingest", """{"event":"NAME","context":CONTEXT}"""),
        new(
            "/v1/events",
            KeyKind.Traffical,
            "sdk:write",
            """{"events":[{"type":"track","event":"NAME","unitKey":"u","orgId":"o","projectId":"default","env":"e","timestamp":"2026-05-16T00:00:00Z","context":CONTEXT}]}"""
        ),
        new(
            "/v1/bulk-track",
            KeyKind.Artie,
            "any",
            """[{"event":"NAME","timestamp":"2026-05-16T00:00:00Z","properties":{},"context":CONTEXT}]"""
        ),
        new(
            "/v1/track",
            KeyKind.Artie,
            "any",
            """{"event":"NAME","timestamp":"2026-05-16T00:00:00Z","properties":{},"context":CONTEXT}"""
        ),
        new(
            "/s/events",
            KeyKind.Pictify,
            "any",
            """{"event":"view","experiment":"demo-ab","metadata":{"name":"NAME"},"context":CONTEXT}"""
        ),
    ];

    public static TheoryData<int> All => [.. Enumerable.Range(0, Apis.Length)];

    [Theory]
    [MemberData(nameof(All))]
    public async Task Facts_OfAKeyWithTheScope_TakeThePlaceOfTheServers(int api)
    {
        var (path, kind, scope, _) = Apis[api];
        await using var site = await IngestSite.StartAsync(options => options.AddressSalt = "a salt for the tests 01");
        var plain = site.Issue(kind);
        var scoped = site.Issue(kind, grant => grant with { Scopes = [scope, "facts"] });

        var answers = new[]
        {
            await SendAsync(scoped, "stated", Facts),
            await SendAsync(scoped, "again", Facts),
            await SendAsync(scoped, "agent", $$"""{"user_agent":"{{Phone}}"}"""),
            await SendAsync(scoped, "null", """{"ip":null,"user_agent":null}"""),
            await SendAsync(scoped, "empty", """{"user_agent":""}"""),
            await SendAsync(plain, "ignored", Facts),
            await SendAsync(plain, "unread", """{"ip":7,"user_agent":false}"""),
        };

        Assert.All(answers, answer => Assert.True(answer.Status is >= 200 and < 300, answer.Body));
        var events = (await site.StopAndReadAsync()).ToDictionary(NameOf);
        Assert.Equal(
            ("mobile", "ios", "human"),
            (Word("stated", "device_type"), Word("stated", "os"), Word("stated", "verdict"))
        );
        Assert.Equal(Word("again", "ip_hash"), Word("stated", "ip_hash"));
        Assert.NotEqual(Word("ignored", "ip_hash"), Word("stated", "ip_hash"));
        Assert.Equal(("mobile", Word("ignored", "ip_hash")), (Word("agent", "device_type"), Word("agent", "ip_hash")));
        Assert.All(
            ["null", "empty", "ignored", "unread"],
            name => Assert.Equal(
                (Word("ignored", "ip_hash"), ""),
                (Word(name, "ip_hash"), Word(name, "device_type").Replace("desktop", "", StringComparison.Ordinal))
            )
        );
        AssertUntold(events.Values);

        string Word(string name, string member) => events[name].Text(member).ToLowerInvariant();

        Task<IngestAnswer> SendAsync(string key, string name, string context) =>
            SendTo(site, api, key, name, context);
    }

    [Theory]
    [InlineData("""{"ip":7}""", "context.ip", "must be a string", "Expected string, received number")]
    [InlineData("""{"ip":""}""", "context.ip", "must be an IP address", "Invalid ip")]
    [InlineData("""{"ip":"203.0.113"}""", "context.ip", "must be an IP address", "Invalid ip")]
    [InlineData("""{"ip":"localhost"}""", "context.ip", "must be an IP address", "Invalid ip")]
    [InlineData("""{"user_agent":["x"]}""", "context.user_agent", "must be a string", "Expected string, received array")]
    [InlineData("LONG", "context.user_agent", "must be at most 2048 characters", "String must contain at most 2048 character(s)")]
    public async Task Facts_ThatAreNone_AreRefusedByTheirPath(string context, string path, string words, string zod)
    {
        context = context == "LONG" ? $$"""{"user_agent":"{{new string('x', 2_049)}}"}""" : context;
        await using var site = await IngestSite.StartAsync();
        for (var api = 0; api < Apis.Length; api++)
        {
            var (route, kind, scope, _) = Apis[api];
            var scoped = site.Issue(kind, grant => grant with { Scopes = [scope, "facts"] });
            var refused = await SendTo(site, api, scoped, "wrong", context);
            var ignored = await SendTo(site, api, site.Issue(kind), "ignored", context);

            var expected = (route, kind) switch
            {
                (_, KeyKind.MillimetricSk) =>
                    $$$$"""{"error":"invalid_payload","details":{"formErrors":[],"fieldErrors":{"{{{{path}}}}":["{{{{zod}}}}"]}}}""",
                (_, KeyKind.Traffical) => $$"""{"index":0,"error":"{{path}} {{words}}"}""",
                ("/v1/track", _) => $$"""{"error":"Invalid event format.","detail":"{{path}} {{words}}"}""",
                (_, KeyKind.Artie) => $$"""{"error":"Invalid event format.","index":0,"detail":"{{path}} {{words}}"}""",
                _ => $$"""{"field":"{{path}}","message":"{{words}}",""",
            };
            Assert.Contains(expected, refused.Body, StringComparison.Ordinal);
            // Traffical takes what is valid of a batch; nothing was.
            Assert.Equal(kind == KeyKind.Traffical ? (int)ignored.Code : 400, refused.Status);
            Assert.True(ignored.Status is >= 200 and < 300, ignored.Body);
        }

        Assert.DoesNotContain(await site.StopAndReadAsync(), e => NameOf(e) == "wrong");
    }

    /// <summary>The name of a member may be written with escapes, and it is the same member.</summary>
    [Theory]
    [InlineData("c\\u006fntext", "ip")]
    [InlineData("context", "\\u0069p")]
    public async Task Context_WithAnEscapedName_KeepsNoAddress(string context, string ip)
    {
        await using var site = await IngestSite.StartAsync();
        for (var api = 0; api < Apis.Length; api++)
        {
            var answer = await SendTo(
                site,
                api,
                site.Issue(Apis[api].Kind),
                "escaped",
                $$"""{"{{ip}}":"{{Address}}","user_agent":"{{Phone}}"}""",
                context
            );
            Assert.True(answer.Status is >= 200 and < 300, answer.Body);
        }

        var events = await site.StopAndReadAsync();

        Assert.Equal(Apis.Length, events.Length);
        AssertUntold(events);
    }

    [Fact]
    public async Task Facts_OfAKeyThatPagesShow_AreIgnored()
    {
        await using var site = await IngestSite.StartAsync();
        const string Origin = "https://shop.example";
        var key = site.Issue(KeyKind.MillimetricPk, grant => grant with { Scopes = ["ingest", "facts"], Origins = [Origin] });

        var answer = await site.PostAsync(
            "/v1/track",
            key,
            $$"""{"event":"page","context":{{Facts}} }""",
            ("Origin", Origin),
            ("User-Agent", "curl/8.5.0")
        );

        Assert.Equal(202, answer.Status);
        Assert.NotEqual("mobile", Assert.Single(await site.StopAndReadAsync()).Text("device_type"));
    }

    /// <summary>A view that a server reports with facts is judged like its visitor's own.</summary>
    [Fact]
    public async Task View_OfAnExperiment_IsItsVisitors()
    {
        await using var site = await IngestSite.StartAsync();
        var scoped = site.Issue(KeyKind.Pictify, grant => grant with { Scopes = ["facts"] });

        await SendTo(site, 4, scoped, "person", Facts, query: "?u=reader-1");
        await SendTo(site, 4, scoped, "crawler", """{"user_agent":"Googlebot/2.1"}""", query: "?u=reader-1");
        var events = (await site.StopAndReadAsync()).ToDictionary(NameOf);

        Assert.Equal(("human", "bot"), (events["person"].Text("verdict"), events["crawler"].Text("verdict")));
        Assert.Equal(events["crawler"].Text("unit_hash"), events["person"].Text("unit_hash"));
        Assert.Equal((true, false), (IsChance("person"), IsChance("crawler")));

        bool IsChance(string name) => events[name].TryGetProperty("probability", out _);
    }

    private static Task<IngestAnswer> SendTo(
        IngestSite site,
        int api,
        string key,
        string name,
        string context,
        string member = "context",
        string query = ""
    ) =>
        site.PostAsync(
            Apis[api].Path + query,
            key,
            Apis[api]
                .Body.Replace("\"context\"", $"\"{member}\"", StringComparison.Ordinal)
                .Replace("NAME", name, StringComparison.Ordinal)
                .Replace("CONTEXT", context, StringComparison.Ordinal),
            ("User-Agent", "curl/8.5.0")
        );

    private static string NameOf(JsonElement e) =>
        e.Text("type") == "view" ? e.GetProperty("properties").Text("name") : e.Text("event");

    private static void AssertUntold(IEnumerable<JsonElement> events) =>
        Assert.All(
            events,
            e =>
            {
                Assert.DoesNotContain(Address, e.GetRawText(), StringComparison.Ordinal);
                Assert.DoesNotContain("iPhone OS", e.GetRawText(), StringComparison.Ordinal);
            }
        );

    private sealed record Api(string Path, KeyKind Kind, string Scope, string Body);
}
