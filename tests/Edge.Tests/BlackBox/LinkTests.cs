using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>Where the links of the native binary lead, and what is counted and explained of it.</summary>
public class LinkTests(LinkTests.LinkEdge edge) : IClassFixture<LinkTests.LinkEdge>
{
    private const string Phone =
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";

    private const string Desktop =
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";

    private const string Pages = """
        [{"id":"long","weight":5000,"isDefault":true,"destinationUrl":"https://shop.example/long"},
         {"id":"short","weight":5000,"destinationUrl":"https://shop.example/short"}]
        """;

    [Fact]
    public async Task LandingPageTest_EachUnit_FollowsAndCountsForTheVariantItGets()
    {
        var (uid, slug) = await StartAsync("ab_test", Pages);
        var counts = new Dictionary<string, int>(StringComparer.Ordinal) { ["long"] = 0, ["short"] = 0 };
        for (var i = 0; i < 40; i++)
        {
            var variant = await ResolveAsync(slug, $"?u=reader-{i}");
            await GetAsync($"/s/{slug}/pixel.gif?u=reader-{i}");

            Assert.Equal($"https://shop.example/{variant}", await FollowAsync(slug, $"?u=reader-{i}"));
            Assert.Equal($"https://shop.example/{variant}", await FollowAsync(slug, $"?u=reader-{i}", method: "HEAD"));
            counts[variant]++;
        }

        Assert.All(counts.Values, count => Assert.True(count > 5, $"{count}"));
        var counted = await Wait.ForAsync(
            async () => (await edge.SendAsync("GET", $"/{uid}")).Experiment.GetProperty("variants"),
            variants => variants.EnumerateArray().Sum(v => v.GetProperty("clicks").GetInt32()) == 40
        );
        Assert.All(
            counted.EnumerateArray(),
            v =>
            {
                Assert.Equal(counts[v.Text("id")], v.GetProperty("clicks").GetInt32());
                Assert.Equal(counts[v.Text("id")], v.GetProperty("impressions").GetInt32());
            }
        );
        Assert.Equal("https://shop.example/long", await FollowAsync(slug, "?u=reader-1", agent: "Googlebot/2.1"));
    }

    [Fact]
    public async Task SmartLink_ByDeviceAndCountry_LeadsToTheVariantsDestination()
    {
        const string Rule = """{"type":"rule","property":"PROPERTY","ruleOperator":"equals","value":"VALUE"}""";
        static string When(string property, string value) =>
            Rule.Replace("PROPERTY", property, StringComparison.Ordinal)
                .Replace("VALUE", value, StringComparison.Ordinal);
        var (uid, slug) = await StartAsync(
            "smart_link",
            $$"""
            [{"id":"phone","weight":0,"conditions":{{When("device", "mobile")}},"destinationUrl":"shop-app://open"},
             {"id":"austria","weight":0,"conditions":{{When("country", "AT")}},"destinationUrl":"https://shop.example/at"},
             {"id":"mail","weight":0,"conditions":{{When("utm_source", "mail")}},"destinationUrl":"https://shop.example/mail"},
             {"id":"rest","weight":10000,"isDefault":true}]
            """,
            ""","destinationUrl":"https://shop.example/" """
        );

        (string Agent, string Country, string Query, string Variant, string Location)[] rows =
        [
            (Phone, "AT", "", "phone", "shop-app://open"),
            (Desktop, "AT", "?utm_source=mail", "austria", "https://shop.example/at"),
            (Desktop, "DE", "?utm_source=mail", "mail", "https://shop.example/mail"),
            (Desktop, "DE", "", "rest", "https://shop.example/"),
        ];
        foreach (var (agent, country, query, variant, location) in rows)
        {
            Assert.Equal(location, await FollowAsync(slug, query, agent, country));
            var explained = await ExplainAsync(
                uid,
                new JsonObject
                {
                    ["url"] = $"https://links.example/s/{slug}/click{query}",
                    ["headers"] = new JsonObject { ["User-Agent"] = agent },
                    ["country"] = country,
                }
            );
            Assert.Equal((variant, location), (explained.Text("variant"), explained.Text("destination")));
        }

        var clicks = await Wait.ForAsync(
            async () =>
                (await edge.SendAsync("GET", $"/{uid}"))
                    .Experiment.GetProperty("variants")
                    .EnumerateArray()
                    .Select(v => $"{v.Text("id")} {v.Text("clicks")}")
                    .ToArray(),
            counted => counted.All(text => text.EndsWith('1'))
        );
        Assert.Equal(["phone 1", "austria 1", "mail 1", "rest 1"], clicks);
    }

    [Fact]
    public async Task Schedule_OfALink_ChangesWhereItLeads()
    {
        var now = DateTimeOffset.UtcNow;
        string At(double hours) => now.AddHours(hours).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        var (uid, slug) = await StartAsync(
            "scheduled",
            $$"""
            [{"id":"before","weight":0,"schedule":{"startAt":"{{At(-48)}}","endAt":"{{At(-24)}}"},"destinationUrl":"https://shop.example/before"},
             {"id":"now","weight":0,"schedule":{"startAt":"{{At(-24)}}","endAt":"{{At(24)}}"},"destinationUrl":"https://shop.example/now"},
             {"id":"rest","weight":10000,"isDefault":true,"destinationUrl":"https://shop.example/rest"}]
            """
        );

        Assert.Equal("https://shop.example/now", await FollowAsync(slug));
        foreach (var (hours, variant) in new[] { (-30, "before"), (0, "now"), (30, "rest") })
        {
            var explained = await ExplainAsync(uid, new JsonObject { ["at"] = At(hours), ["kind"] = "click" });
            var pixel = await ExplainAsync(uid, new JsonObject { ["at"] = At(hours), ["kind"] = "pixel" });
            Assert.Equal($"https://shop.example/{variant}", explained.Text("destination"));
        }
    }

    [Fact]
    public async Task Destination_OfAVariant_MayChangeWhileRunning_AndNothingElseOfItMay()
    {
        var (uid, slug) = await StartAsync("ab_test", Pages);
        var variant = await ResolveAsync(slug, "?u=reader");
        var other = Pages.Replace($"example/{variant}", "example/new", StringComparison.Ordinal);

        var changed = await edge.SendAsync("PUT", $"/{uid}", $$"""{"variants":{{other}}}""");
        var refused = await edge.SendAsync(
            "PUT",
            $"/{uid}",
            $$"""{"variants":{{other.Replace("5000", "4000", StringComparison.Ordinal).Replace("4000,\"isD", "6000,\"isD", StringComparison.Ordinal)}}}"""
        );
        var cleared = await edge.SendAsync(
            "PUT",
            $"/{uid}",
            """{"variants":[{"id":"long","weight":5000,"isDefault":true},{"id":"short","weight":5000}]}"""
        );

        Assert.Equal(200, changed.Status);
        Assert.Equal("https://shop.example/new", await FollowAsync(slug, "?u=reader"));
        Assert.Equal((400, "field-not-editable"), (refused.Status, refused.Problem));
        Assert.Equal(["variants: not_editable"], refused.Errors);
        Assert.Contains(
            "variants[].destinationUrl",
            refused.Json.GetProperty("editableFields").EnumerateArray().Select(field => field.GetString())
        );
        Assert.Equal(["goalConfig.destinationUrl: required"], cleared.Errors);
    }

    [Fact]
    public async Task Link_PausedAndCompleted_GoesOnLeadingToTheVariantsDestination()
    {
        var (uid, slug) = await StartAsync("ab_test", Pages);
        var before = new List<string>();
        for (var i = 0; i < 12; i++)
        {
            before.Add(await FollowAsync(slug, $"?u=reader-{i}"));
        }

        await edge.SendAsync("POST", $"/{uid}/pause");
        for (var i = 0; i < 12; i++)
        {
            Assert.Equal(before[i], await FollowAsync(slug, $"?u=reader-{i}"));
        }

        await edge.SendAsync("POST", $"/{uid}/complete", """{"winnerVariantId":"short"}""");
        Assert.Equal(2, before.Distinct().Count());
        Assert.Equal("https://shop.example/short", await FollowAsync(slug, "?u=reader-1"));
    }

    [Fact]
    public async Task Schemes_NotAllowed_AreRefusedWithTheirPath()
    {
        var answer = await edge.SendAsync(
            "POST",
            "",
            ManagedEdge.AbTest(
                ManagedEdge.NewSlug(),
                ""","variants":[{"id":"a","weight":5000,"destinationUrl":"sms:+49"},{"id":"b","weight":5000,"destinationUrl":"javascript:x"}]"""
            )
        );

        Assert.Equal(
            [
                "variants: not_unique",
                "variants[0].destinationUrl: invalid_format",
                "variants[1].destinationUrl: invalid_format",
            ],
            answer.Errors
        );
    }

    [Fact]
    public async Task Query_NamedAndClickId_ReachTheLandingPageAndNothingElseDoes()
    {
        var (uid, slug) = await StartAsync(
            "ab_test",
            Pages.Replace("example/short", "example/short?own=1&click={clickId}", StringComparison.Ordinal),
            more: ""","passQuery":["utm_*"] """
        );
        var reader = 0;
        while (await ResolveAsync(slug, $"?u=reader-{reader}") != "short")
        {
            reader++;
        }

        var location = await FollowAsync(slug, $"?u=reader-{reader}&utm_source=a%26b&own=2&url=//evil.example");
        var head = await FollowAsync(slug, $"?u=reader-{reader}&utm_source=x", method: "HEAD");

        var id = location["https://shop.example/short?own=1&click=".Length..].Split('&')[0];
        Assert.Equal($"https://shop.example/short?own=1&click={id}&utm_source=a%26b", location);
        Assert.Equal("https://shop.example/short?own=1&click=&utm_source=x", head);
        var click = await Forwarded.WaitForAsync(edge.DataDir, e => e.Text("id") == id);
        Assert.Equal(("click", "short", slug), (click.Text("type"), click.Text("variant"), click.Text("experiment")));
        var explained = await ExplainAsync(
            uid,
            new JsonObject { ["query"] = $"u=reader-{reader}&utm_source=a%26b" }
        );
        Assert.Equal(
            "https://shop.example/short?own=1&click={clickId}&utm_source=a%26b",
            explained.Text("destination")
        );
    }

    [Fact]
    public async Task UnknownMember_IsNamedAndGetPutGoesRound()
    {
        var (uid, _) = await StartAsync("ab_test", Pages, more: ""","passQuery":["utm_*"] """);
        var got = (await edge.SendAsync("GET", $"/{uid}")).Experiment;

        var misspelt = await edge.SendAsync(
            "POST",
            "",
            ManagedEdge.AbTest(ManagedEdge.NewSlug(), ""","banditconfig":{},"goalConfig":{"typ":"click_through"}""")
        );
        var unchanged = await edge.SendAsync("PUT", $"/{uid}", got.ToString());

        Assert.Equal(
            ["goalConfig: not_unique", "banditconfig: unknown_member", "goalConfig.typ: unknown_member"],
            misspelt.Errors
        );
        Assert.Equal(200, unchanged.Status);
        Assert.Equal(got.Text("updatedAt"), unchanged.Text("updatedAt"));
    }

    [Fact]
    public async Task Limits_OfTime_LeadElsewhereUncounted()
    {
        var now = DateTimeOffset.UtcNow;
        string At(double hours) => now.AddHours(hours).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        var (uid, slug) = await StartAsync(
            "ab_test",
            Pages,
            more: $$"""
            ,"linkConfig":{"startsAt":"{{At(1)}}","notStartedUrl":"https://shop.example/soon",
              "expiresAt":"{{At(2)}}","expiredUrl":"https://shop.example/over","redirectStatus":307}
            """
        );

        Assert.Equal("https://shop.example/soon", await FollowAsync(slug, "?u=reader"));
        Assert.Equal("https://shop.example/soon", await FollowAsync(slug, "?u=reader", method: "HEAD"));
        foreach (var (hours, path, closed) in new[] { (0.5, "soon", true), (1.5, "", false), (2, "over", true) })
        {
            var explained = await ExplainAsync(uid, new JsonObject { ["at"] = At(hours), ["kind"] = "click" });
            var pixel = await ExplainAsync(uid, new JsonObject { ["at"] = At(hours), ["kind"] = "pixel" });
            Assert.Equal(closed, explained.GetProperty("linkClosed").GetBoolean());
            Assert.Equal((closed, closed), (explained.Text("reason") == "LINK_CLOSED", explained.Text("variant").Length == 0));
            Assert.Equal(!closed, explained.GetProperty("counted").GetBoolean());
            var effect = explained.GetProperty("verdict").Text("effect");
            Assert.Equal(closed, effect.Contains("not counted, because the link is closed", StringComparison.Ordinal));
            Assert.Equal(("SPLIT", true), (pixel.Text("reason"), pixel.GetProperty("counted").GetBoolean()));
            Assert.StartsWith($"https://shop.example/{path}", explained.Text("destination"), StringComparison.Ordinal);
        }

        var changed = await edge.SendAsync("PUT", $"/{uid}", $$"""{"linkConfig":{"startsAt":"{{At(-2)}}","expiresAt":"{{At(-1)}}"} }""");
        Assert.Equal(200, changed.Status);
        Assert.Equal("https://shop.example/over", await FollowAsync(slug, "?u=reader"));
        await edge.SendAsync("PUT", $"/{uid}", """{"linkConfig":{"expiresAt":null}}""");
        using var open = await GetAsync($"/s/{slug}/click?u=reader");
        Assert.Equal(307, (int)open.StatusCode);
        var counted = await Wait.ForAsync(
            async () =>
                (await edge.SendAsync("GET", $"/{uid}")).Experiment.GetProperty("variants").EnumerateArray().Sum(v => v.GetProperty("clicks").GetInt32()),
            clicks => clicks > 0
        );
        Assert.Equal(1, counted);
    }

    [Fact]
    public async Task Status_Permanent_IsCachedForAMomentAndWarned()
    {
        var (uid, slug) = await StartAsync("ab_test", Pages, more: ""","linkConfig":{"redirectStatus":301}""");

        using var answer = await GetAsync($"/s/{slug}/click");
        var got = await edge.SendAsync("GET", $"/{uid}");

        Assert.Equal(301, (int)answer.StatusCode);
        Assert.Equal("max-age=90, private", answer.Headers.CacheControl?.ToString());
        Assert.Contains("301 is permanent", got.Json.GetProperty("warnings")[0].GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task MaxClicks_OfPeople_IsExactUnderConcurrencyAndAfterAKill()
    {
        using var data = new TempDirectory();
        Directory.CreateDirectory(data["experiments"]);
        File.WriteAllText(
            data["experiments", "limited.json"],
            $$"""
            {"uid":"exp_limited","slug":"limited","type":"ab_test","name":"x","status":"running","variants":{{Pages}},
             "goalConfig":{"type":"click_through"},
             "linkConfig":{"maxClicks":25,"exhaustedUrl":"https://shop.example/gone"} }
            """
        );

        static async Task<int> OpenAsync(EdgeProcess running, int clicks, string agent)
        {
            var answers = await Task.WhenAll(
                Enumerable
                    .Range(0, clicks)
                    .Select(async i =>
                    {
                        using var request = new HttpRequestMessage(HttpMethod.Get, $"/s/limited/click?u=r{i}");
                        request.Headers.TryAddWithoutValidation("User-Agent", agent);
                        using var answer = await running.Client.SendAsync(request);
                        return answer.Headers.NonValidated["Location"].ToString();
                    })
            );
            return answers.Count(location => location != "https://shop.example/gone");
        }

        await using (var first = await EdgeProcess.StartAsync(data.Path, [], [("EDGE__ACK__CLICK", "disk")]))
        {
            Assert.Equal(30, await OpenAsync(first, 30, "Googlebot/2.1"));
            Assert.Equal(20, await OpenAsync(first, 20, Desktop));
            await first.KillAsync();
        }

        await using var second = await EdgeProcess.StartAsync(data.Path);
        Assert.Equal(5, await OpenAsync(second, 40, Desktop));
        Assert.Equal(0, await OpenAsync(second, 3, "Googlebot/2.1"));
    }

    [Fact]
    public async Task Share_OfUnits_TheOthersGetTheDefaultUncounted()
    {
        var (uid, slug) = await StartAsync("ab_test", Pages, more: ""","trafficShare":2000""");
        var reasons = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < 60; i++)
        {
            var explained = await ExplainAsync(uid, new JsonObject { ["query"] = $"u=reader-{i}" });
            Assert.Equal(explained.Text("destination"), await FollowAsync(slug, $"?u=reader-{i}"));
            Assert.Equal(explained.Text("reason") == "SPLIT", explained.GetProperty("counted").GetBoolean());
            reasons[$"reader-{i}"] = explained.Text("reason");
            if (explained.Text("reason") != "SPLIT")
            {
                Assert.Equal(("NOT_PARTICIPATING", "long"), (explained.Text("reason"), explained.Text("variant")));
            }
        }

        var participants = reasons.Values.Count(reason => reason == "SPLIT");
        Assert.InRange(participants, 1, 30);
        var counted = await Wait.ForAsync(
            async () =>
                (await edge.SendAsync("GET", $"/{uid}")).Experiment.GetProperty("variants").EnumerateArray().Sum(v => v.GetProperty("clicks").GetInt32()),
            clicks => clicks == participants
        );
        Assert.Equal(participants, counted);

        // A larger share keeps everybody who was in.
        Assert.Equal(200, (await edge.SendAsync("PUT", $"/{uid}", """{"trafficShare":6000}""")).Status);
        foreach (var (unit, _) in reasons.Where(reason => reason.Value == "SPLIT"))
        {
            var explained = await ExplainAsync(uid, new JsonObject { ["query"] = $"u={unit}" });
            Assert.Equal("SPLIT", explained.Text("reason"));
        }
    }

    [Fact]
    public async Task ExclusionGroup_OverlappingRanges_AreRefused()
    {
        static string Group(int from, int to) =>
            $$""","exclusionGroup":{"name":"overlap-test","from":{{from}},"to":{{to}} }""";
        var (_, first) = await StartAsync("ab_test", Pages, more: Group(0, 5_000));
        var (second, _) = await StartAsync("ab_test", Pages, more: Group(5_000, 10_000));

        var created = await edge.SendAsync("POST", "", ManagedEdge.AbTest(ManagedEdge.NewSlug(), Group(4_999, 5_000)));
        await edge.SendAsync("POST", $"/{second}/pause");
        var changed = await edge.SendAsync("PUT", $"/{second}", """{"exclusionGroup":{"from":4999}}""");

        Assert.All([created, changed], answer => Assert.Equal((409, "exclusion-group-overlap"), (answer.Status, answer.Problem)));
        Assert.Contains(first, created.Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    private async Task<(string Uid, string Slug)> StartAsync(string type, string variants, string goal = "", string more = "")
    {
        var slug = ManagedEdge.NewSlug();
        var created = await edge.SendAsync(
            "POST",
            "",
            $$"""
            {"name":"Link","slug":"{{slug}}","type":"{{type}}","variants":{{variants}},
             "goalConfig":{"type":"click_through"{{goal}}}{{more}}}
            """
        );
        Assert.True(created.Status == 201, created.Json.ToString());
        var uid = created.Text("uid");
        Assert.Equal(200, (await edge.SendAsync("POST", $"/{uid}/start")).Status);
        return (uid, slug);
    }

    private async Task<string> FollowAsync(
        string slug,
        string query = "",
        string agent = Desktop,
        string country = "",
        string method = "GET"
    )
    {
        using var answer = await GetAsync($"/s/{slug}/click{query}", agent, country, method);
        Assert.Equal(302, (int)answer.StatusCode);
        return answer.Headers.NonValidated["Location"].ToString();
    }

    private async Task<string> ResolveAsync(string slug, string query)
    {
        using var answer = await GetAsync($"/s/{slug}/resolve{query}");
        return JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.Text("variantId");
    }

    private async Task<HttpResponseMessage> GetAsync(
        string path,
        string agent = Desktop,
        string country = "",
        string method = "GET"
    )
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Headers.TryAddWithoutValidation("User-Agent", agent);
        request.Headers.TryAddWithoutValidation("X-Country", country.Length == 0 ? "XX" : country);
        return await edge.Edge.Client.SendAsync(request);
    }

    [Fact]
    public async Task Draft_OfATeamWithAnAddressForDeadLinks_LeadsThere()
    {
        var (ofShop, ofNobody) = (ManagedEdge.NewSlug(), ManagedEdge.NewSlug());
        Assert.Equal(201, (await edge.SendAsync("POST", "", ManagedEdge.AbTest(ofShop), edge.ShopKey)).Status);
        Assert.Equal(201, (await edge.SendAsync("POST", "", ManagedEdge.AbTest(ofNobody))).Status);

        using var known = await edge.Edge.Client.GetAsync($"/s/{ofShop}/click");
        using var other = await edge.Edge.Client.GetAsync($"/s/{ofNobody}/click");

        Assert.Equal(302, (int)known.StatusCode);
        Assert.Equal("https://shop.example/gone", known.Headers.Location?.OriginalString);
        Assert.Contains("no-store", known.Headers.CacheControl?.ToString(), StringComparison.Ordinal);
        Assert.Equal(404, (int)other.StatusCode);
        var problem = JsonDocument.Parse(await other.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal("https://errors.example/experiment-not-found", problem.Text("type"));
    }

    [Fact]
    public async Task Outcome_IsTold_ToTheTeamsKeyAlone()
    {
        var (_, slug) = await edge.CreateAsync("", "start");

        Assert.Equal("recorded", await OutcomeAsync(edge.Key));
        Assert.Equal("unknown-experiment", await OutcomeAsync(edge.ShopKey));
        Assert.Equal("", await OutcomeAsync("wrong"));
        Assert.Equal("", await OutcomeAsync(null));

        async Task<string> OutcomeAsync(string? key)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/s/{slug}/pixel.gif");
            request.Headers.TryAddWithoutValidation("Edge-Debug", key is null ? [] : [key]);
            using var answer = await edge.Edge.Client.SendAsync(request);
            return answer.Headers.TryGetValues("Edge-Outcome", out var told) ? string.Join('|', told) : "";
        }
    }

    private async Task<JsonElement> ExplainAsync(string uid, JsonObject request)
    {
        request["query"] ??= request.ContainsKey("url") ? null : "u=reader";
        var answer = await edge.SendAsync("POST", $"/{uid}/explain", request.ToJsonString());
        Assert.True(answer.Status == 200, answer.Json.ToString());
        return answer.Json.GetProperty("explanation");
    }

    /// <summary>A service with a country header and two schemes of apps.</summary>
    public sealed class LinkEdge : ManagedEdge
    {
        protected override (string Name, string Value)[] Settings =>
            [
                ("EDGE__GEO__COUNTRYHEADER", "X-Country"),
                ("EDGE__LINKS__SCHEMESALLOWED", "tel,shop-app"),
                ("EDGE__LINKS__TEAMFALLBACKURLS", "shop=https://shop.example/gone"),
                ("EDGE__PROBLEMS__TYPEBASE", "https://errors.example/"),
            ];

        internal string ShopKey { get; private set; } = "";

        protected override async Task PrepareAsync() => ShopKey = await CreateKeyAsync("pictify", "--project", "shop");
    }
}
