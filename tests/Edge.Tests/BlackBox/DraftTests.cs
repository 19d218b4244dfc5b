using System.Text.Json;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>What is asked of definitions before they are stored, and what a list shows of those that are.</summary>
public class DraftTests(ManagedEdge site) : IClassFixture<ManagedEdge>
{
    private const string NightAndDay = """
        {"name":"N","slug":"night-and-day","type":"scheduled","variants":[
          {"id":"day","weight":5000,"schedule":{"startAt":"2026-01-01T07:00:00Z","endAt":"2026-01-01T19:00:00Z","recurrence":{"type":"daily","timezone":"Europe/Berlin"}}},
          {"id":"night","weight":5000,"isDefault":true}]}
        """;

    [Fact]
    public async Task Validate_OfAGoodDefinition_StoresNothingAndTellsFindings()
    {
        var answer = await site.SendAsync("POST", "/validate", ManagedEdge.AbTest("validated-only"));

        Assert.Equal(200, answer.Status);
        Assert.True(answer.Json.GetProperty("valid").GetBoolean());
        Assert.Equal(0, answer.Json.GetProperty("errors").GetArrayLength());
        var finding = answer.Json.GetProperty("findings")[0];
        Assert.Equal(("note", "no_default", "variants"), (Text(finding, "severity"), Text(finding, "code"), Text(finding, "field")));
        Assert.Equal(404, (await site.SendAsync("GET", "/validated-only")).Status);
    }

    [Fact]
    public async Task Validate_OfABadDefinition_TellsAllThatStoringItWould()
    {
        const string Bad = """{"name":"","slug":"A","type":"ab_test","variants":[{"id":"a","weight":1}],"colour":1}""";

        var validated = await site.SendAsync("POST", "/validate", Bad);
        var stored = await site.SendAsync("POST", "", Bad);

        Assert.Equal((200, 400), (validated.Status, stored.Status));
        Assert.False(validated.Json.GetProperty("valid").GetBoolean());
        Assert.Equal(stored.Errors, validated.Errors);
    }

    [Fact]
    public async Task Validate_OfEndlessMistakes_SaysThatThereAreMoreThanItLists()
    {
        var unknown = string.Join(',', Enumerable.Range(0, 60_000).Select(static i => $"\"varian{i}\":0"));

        var answer = await site.SendAsync("POST", "/validate", $"{{{unknown}}}");

        Assert.Equal((200, 100), (answer.Status, answer.Errors.Count()));
        Assert.True(answer.Json.GetProperty("truncated").GetBoolean());
    }

    [Fact]
    public async Task Validate_OfASlugInUse_SaysSo()
    {
        var (_, slug) = await site.CreateAsync();

        var answer = await site.SendAsync("POST", "/validate", ManagedEdge.AbTest(slug));

        Assert.Equal("slug: not_unique", Assert.Single(answer.Errors));
    }

    [Fact]
    public async Task Validate_WithTheUidOfARunningExperiment_IsAnEditOfIt()
    {
        var (uid, slug) = await site.CreateAsync("", "start");

        var renamed = await site.SendAsync("POST", "/validate", $$"""{"uid":"{{uid}}","name":"Another"}""");
        var moved = await site.SendAsync("POST", "/validate", $$"""{"uid":"{{uid}}","slug":"{{slug}}-2"}""");

        Assert.True(renamed.Json.GetProperty("valid").GetBoolean());
        Assert.Equal("[\"name\"]", renamed.Json.GetProperty("changed").GetRawText());
        Assert.Equal("slug: not_editable", Assert.Single(moved.Errors));
        Assert.Equal("Test", (await site.SendAsync("GET", $"/{uid}")).Text("name"));
    }

    [Fact]
    public async Task Explain_OfADefinitionThatIsNotStored_DecidesAsIfItWereRunning()
    {
        var answer = await site.SendAsync(
            "POST",
            "/explain",
            """
            {"definition":{"name":"S","slug":"by-country","type":"smart_link","variants":[
              {"id":"fr","weight":5000,"conditions":{"type":"group","operator":"AND","children":[{"type":"rule","property":"geo.country","ruleOperator":"equals","value":"FR"}]}},
              {"id":"other","weight":5000,"isDefault":true}]},
             "request":{"country":"FR","headers":{"User-Agent":"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X)"}}}
            """
        );

        Assert.Equal(200, answer.Status);
        Assert.Equal("fr", answer.Json.GetProperty("explanation").GetProperty("variant").GetString());
        Assert.Equal(404, (await site.SendAsync("GET", "/by-country")).Status);
    }

    [Fact]
    public async Task Explain_WithTheUidOfAnExperiment_HasItsBuckets()
    {
        var (uid, slug) = await site.CreateAsync("", "start");
        foreach (var unit in new[] { "a", "b", "c", "d", "e", "f" })
        {
            var request = $$"""{"query":"u={{unit}}"}""";
            var stored = await site.SendAsync("POST", $"/{uid}/explain", request);
            var draft = await site.SendAsync(
                "POST",
                "/explain",
                $$"""{"definition":{"uid":"{{uid}}","name":"Renamed"},"request":{{request}}}"""
            );
            Assert.Equal(
                stored.Json.GetProperty("explanation").GetProperty("variant").GetString(),
                draft.Json.GetProperty("explanation").GetProperty("variant").GetString()
            );
        }

        Assert.NotEmpty(slug);
    }

    [Theory]
    [InlineData("{}", "definition: required")]
    [InlineData("""{"definition":{"name":"N"},"reqest":{}}""", "reqest: unknown_member")]
    [InlineData("""{"definition":{"type":"ab_test"}}""", "definition.slug: required")]
    public async Task Explain_OfWhatIsWrong_NamesItsPath(string body, string error)
    {
        var answer = await site.SendAsync("POST", "/explain", body);

        Assert.Equal(400, answer.Status);
        Assert.Contains(error, answer.Errors);
    }

    [Fact]
    public async Task Occurrences_OverAClockChange_FollowTheZoneAndTellIt()
    {
        var answer = await site.SendAsync(
            "POST",
            "/occurrences",
            $$"""{"definition":{{NightAndDay}},"from":"2026-10-24T00:00:00Z","days":3}"""
        );

        Assert.Equal(200, answer.Status);
        Assert.Equal(
            [
                "2026-10-24T00:00:00.000Z night False",
                "2026-10-24T06:00:00.000Z day True",
                "2026-10-24T18:00:00.000Z night False",
                "2026-10-25T07:00:00.000Z day True",
                "2026-10-25T19:00:00.000Z night False",
                "2026-10-26T07:00:00.000Z day True",
                "2026-10-26T19:00:00.000Z night False",
            ],
            answer
                .Json.GetProperty("periods")
                .EnumerateArray()
                .Select(one => $"{Text(one, "start")} {Text(one, "variantId")} {one.GetProperty("isScheduled").GetBoolean()}")
        );
        var change = Assert.Single(answer.Json.GetProperty("clockChanges").EnumerateArray());
        Assert.Equal(
            ("Europe/Berlin", "2026-10-25T01:00:00.000Z", 120, 60),
            (
                Text(change, "timezone"),
                Text(change, "at"),
                change.GetProperty("offsetMinutesBefore").GetInt32(),
                change.GetProperty("offsetMinutesAfter").GetInt32()
            )
        );
    }

    [Fact]
    public async Task Occurrences_OfAnAbTest_AreRefused()
    {
        var answer = await site.SendAsync(
            "POST",
            "/occurrences",
            $$"""{"definition":{{ManagedEdge.AbTest("no-schedule")}}}"""
        );

        Assert.Equal("definition.type: invalid_value", Assert.Single(answer.Errors));
    }

    [Fact]
    public async Task Change_OfAnOlderVersion_IsRefusedWithTheCurrentOne()
    {
        var (uid, _) = await site.CreateAsync();
        var tag = (await site.SendAsync("GET", $"/{uid}")).Headers["ETag"];
        await site.SendAsync("PUT", $"/{uid}", """{"name":"First"}""");

        var answer = await site.SendAsync("PUT", $"/{uid}", """{"name":"Second"}""", null, ("If-Match", tag));

        Assert.Equal((412, "precondition-failed"), (answer.Status, answer.Problem));
        Assert.Equal("First", answer.Text("name"));
        Assert.Equal((await site.SendAsync("GET", $"/{uid}")).Headers["ETag"], answer.Headers["ETag"]);
        Assert.Equal(
            200,
            (await site.SendAsync("PUT", $"/{uid}", """{"name":"Second"}""", null, ("If-Match", answer.Headers["ETag"]))).Status
        );
    }

    [Fact]
    public async Task Summaries_OfAPage_AreFoundSortedAndCounted()
    {
        var key = await site.CreateKeyAsync("pictify", "--project", "summaries");
        var slugs = new List<string>();
        foreach (var name in new[] { "Beta", "alpha", "Gamma ray" })
        {
            var slug = ManagedEdge.NewSlug();
            slugs.Add(slug);
            var created = await site.SendAsync(
                "POST",
                "",
                ManagedEdge.AbTest(slug).Replace("\"Test\"", $"\"{name}\"", StringComparison.Ordinal),
                key
            );
            Assert.Equal(201, created.Status);
        }

        await site.SendAsync("POST", $"/{slugs[0]}/start", null, key);
        foreach (var unit in new[] { "1", "2" })
        {
            await site.Edge.Client.GetAsync($"/s/{slugs[0]}/pixel.gif?u={unit}");
        }

        await site.Edge.UntilForwardedAsync();

        Assert.Equal(["alpha", "Beta", "Gamma ray"], Names(await site.SendAsync("GET", "/summaries?sort=name", null, key)));
        Assert.Equal("Beta", Names(await site.SendAsync("GET", "/summaries?sort=status", null, key))[0]);
        Assert.Equal(["Gamma ray"], Names(await site.SendAsync("GET", "/summaries?q=RAY", null, key)));
        Assert.Equal(["Beta"], Names(await site.SendAsync("GET", "/summaries?status=running", null, key)));
        Assert.Equal(["Beta"], Names(await site.SendAsync("GET", "/summaries?sort=updated&limit=1", null, key)));
        Assert.Empty(Names(await site.SendAsync("GET", "/summaries?page=4&limit=1", null, key)));
        var all = await site.SendAsync("GET", "/summaries", null, key);
        Assert.Equal(3, all.Json.GetProperty("total").GetInt32());
        Assert.Equal(2, all.Json.GetProperty("statuses").GetProperty("draft").GetInt32());
        var first = all.Json.GetProperty("experiments")[0];
        Assert.NotEmpty(Text(first, "recommendation"));
        Assert.Equal(24, first.GetProperty("visits").GetProperty("hours").GetArrayLength());
        Assert.Equal(14, first.GetProperty("visits").GetProperty("days").GetArrayLength());
    }

    [Theory]
    [InlineData("?sort=colour", "sort: invalid_value")]
    [InlineData("?limit=101", "limit: out_of_range")]
    [InlineData("?status=archived", "status: invalid_value")]
    [InlineData("?qq=x", "qq: unknown_member")]
    public async Task Summaries_OfAQueryThatIsWrong_AreRefused(string query, string error)
    {
        var answer = await site.SendAsync("GET", "/summaries" + query);

        Assert.Equal((400, error), (answer.Status, Assert.Single(answer.Errors)));
    }

    private static string[] Names(ManagedAnswer answer) =>
        [.. answer.Json.GetProperty("experiments").EnumerateArray().Select(one => Text(one, "name"))];

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;
}
