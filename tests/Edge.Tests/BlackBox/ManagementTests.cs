using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>The management API of experiments over the wire (spec 2), against the native binary.</summary>
public class ManagementTests(ManagedEdge site) : IClassFixture<ManagedEdge>
{
    [Theory]
    [InlineData("?stauts=running", "stauts: unknown_member", "status")]
    [InlineData("?sort=name", "sort: unknown_member", "type, status, page, limit")]
    [InlineData("/audit?limits=3", "limits: unknown_member", "limit")]
    [InlineData("/{uid}/results?by=day", "by: unknown_member", "none")]
    [InlineData("/{uid}/results.csv?bye=day", "bye: unknown_member", "by")]
    [InlineData("/{uid}/results.csv?by=month", "by: invalid_value", "hour or day")]
    public async Task Query_OfAParameterThatIsNone_IsRefusedWithTheNearest(string path, string error, string meant)
    {
        var (uid, _) = await site.CreateAsync();

        var answer = await site.SendAsync("GET", path.Replace("{uid}", uid, StringComparison.Ordinal));

        Assert.Equal((400, error), (answer.Status, Assert.Single(answer.Errors)));
        var message = answer.Json.GetProperty("errors")[0].GetProperty("message").GetString();
        Assert.Contains(meant, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("alerts")]
    [InlineData("audit")]
    [InlineData("quota")]
    [InlineData("summaries")]
    [InlineData("validate")]
    [InlineData("explain")]
    [InlineData("occurrences")]
    [InlineData("definitions")]
    public async Task Slug_ThatIsAPathOfTheApi_IsRefusedWithThePath(string slug)
    {
        var answer = await site.SendAsync("POST", "", ManagedEdge.AbTest(slug));

        Assert.Equal((400, "slug: invalid_value"), (answer.Status, Assert.Single(answer.Errors)));
        Assert.Contains(
            $"/experiments/api/{slug}",
            answer.Json.GetProperty("errors")[0].GetProperty("message").GetString(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Create_WithDefaults_AnswersThemAll()
    {
        var slug = ManagedEdge.NewSlug();

        var answer = await site.SendAsync(
            "POST",
            "",
            $$"""{"name":"N","slug":"{{slug}}","type":"ab_test","variants":[{"id":"a","weight":10000,"impressions":7},{"id":"b","weight":0}]}"""
        );

        Assert.Equal(201, answer.Status);
        Assert.Equal($"/experiments/api/{answer.Text("uid")}", answer.Headers["Location"]);
        Assert.Matches("^exp_[a-z0-9]{16}$", answer.Text("uid"));
        Assert.Equal("draft", answer.Text("status"));
        var experiment = answer.Experiment;
        Assert.Equal("""{"type":"impressions_only"}""", experiment.GetProperty("goalConfig").GetRawText());
        Assert.Equal(
            """{"enabled":false,"algorithm":"thompson_sampling","warmupImpressions":50,"recomputeIntervalMinutes":15}""",
            experiment.GetProperty("banditConfig").GetRawText()
        );
        Assert.Equal("""{"format":"png","quality":90}""", experiment.GetProperty("outputConfig").GetRawText());
        Assert.Equal(
            (1000, 0.95, 7),
            (
                experiment.GetProperty("minimumSampleSize").GetInt32(),
                experiment.GetProperty("confidenceThreshold").GetDouble(),
                experiment.GetProperty("minimumRunDays").GetInt32()
            )
        );
        Assert.Equal(JsonValueKind.Null, experiment.GetProperty("winnerVariantId").ValueKind);
        Assert.Equal(JsonValueKind.Null, experiment.GetProperty("winnerDeclaredAt").ValueKind);
        Assert.Equal(0, experiment.GetProperty("variants")[0].GetProperty("impressions").GetInt64());
    }

    [Fact]
    public async Task Create_WithManyMistakes_NamesThemAllAndStoresNothing()
    {
        var before = Directory.GetFiles(Path.Combine(site.DataDir, "experiments")).Length;

        var answer = await site.SendAsync(
            "POST",
            "",
            """
            {"slug":"api","type":"bandit","variants":[{"id":"a b","weight":5000.5},{"id":"a b"}],"confidenceThreshold":1,
             "goalConfig":{"type":"click_through"},"minimumRunDays":-1}
            """
        );

        Assert.Equal((400, "validation-error"), (answer.Status, answer.Problem));
        Assert.Equal("application/problem+json", answer.Headers["Content-Type"]);
        string[] expected =
        [
            "type: invalid_value",
            "slug: invalid_value",
            "name: required",
            "variants[0].id: invalid_format",
            "variants[0].weight: invalid_type",
            "variants[1].weight: required",
            "variants[1].id: not_unique",
            "goalConfig.destinationUrl: required",
            "minimumRunDays: out_of_range",
            "confidenceThreshold: out_of_range",
        ];
        Assert.Empty(expected.Except(answer.Errors));
        Assert.Equal(before, Directory.GetFiles(Path.Combine(site.DataDir, "experiments")).Length);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"name\":")]
    [InlineData("\"text\"")]
    public async Task Create_OfSomethingElse_IsAValidationError(string body)
    {
        var answer = await site.SendAsync("POST", "", body);

        Assert.Equal((400, "validation-error"), (answer.Status, answer.Problem));
    }

    [Fact]
    public async Task Create_WithATakenSlug_IsAConflictUntilItsHolderIsDeleted()
    {
        var (uid, slug) = await site.CreateAsync();

        var taken = await site.SendAsync("POST", "", ManagedEdge.AbTest(slug));
        await site.SendAsync("DELETE", "/" + uid);
        var free = await site.SendAsync("POST", "", ManagedEdge.AbTest(slug));

        Assert.Equal((409, "slug-in-use", 201), (taken.Status, taken.Problem, free.Status));
    }

    [Fact]
    public async Task Keys_OfAnotherTeam_SeeNothingOfIt()
    {
        var other = await site.CreateKeyAsync("pictify", "--project", "other");
        var (uid, slug) = await site.CreateAsync();
        // The service follows the key file.
        var foreign = await Wait.ForAsync(
            () => site.SendAsync("GET", "/" + uid, key: other),
            answer => answer.Status != 401
        );

        var list = await site.SendAsync("GET", "?limit=100", key: other);
        var taken = await site.SendAsync("POST", "", ManagedEdge.AbTest(slug), key: other);
        var unknown = await site.SendAsync("GET", "/exp_unknown", key: other);

        Assert.Equal((404, 0, 409), (foreign.Status, list.Json.GetProperty("total").GetInt32(), taken.Status));
        Assert.Equal(unknown.Json.GetProperty("detail").GetString(), foreign.Json.GetProperty("detail").GetString());
    }

    [Theory]
    [InlineData(null, "missing-authorization")]
    [InlineData("Basic abc", "missing-authorization")]
    [InlineData("Bearer nonsense", "invalid-api-key")]
    [InlineData("bearer pk_live_00000000000000000000000000000000", "invalid-api-key")]
    public async Task Requests_WithoutAValidKey_AreRefusedWithTheScheme(string? authorization, string problem)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/experiments/api");
        if (authorization is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        }

        using var response = await site.Edge.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("Bearer", response.Headers.WwwAuthenticate.ToString());
        Assert.Contains($"errors/{problem}\"", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_OfAnotherKind_AreRefused()
    {
        var write = await site.CreateKeyAsync("write");

        var refused = await site.SendAsync("GET", key: write);

        Assert.Equal(401, refused.Status);
        Assert.Equal(
            "This is a write key (wk_), public, for /s/events; send a management key (mk_).",
            refused.Json.GetProperty("detail").GetString()
        );
    }

    [Fact]
    public async Task Audit_ChangesByKeysAndCommands_AreInTheApiAndTheLog()
    {
        var (uid, slug) = await site.CreateAsync("", "start", "pause", "start", "complete");
        await site.SendAsync("PUT", "/" + uid, """{"name":"Another"}""");
        await site.SendAsync("DELETE", "/" + uid);
        var other = await site.CreateKeyAsync("pictify", "--project", "audited");
        var id = Regex
            .Match((await EdgeProcess.RunAsync(["keys", "list", "--data-dir", site.DataDir])).Output, @"key_\w+")
            .Value;

        var entries = (await site.SendAsync("GET", "/audit?limit=500"))
            .Json.GetProperty("entries")
            .EnumerateArray()
            .Where(entry => entry.Text("subject") == uid)
            .Reverse()
            .ToArray();
        var log = site.Edge.ErrorSoFar;

        Assert.Equal(
            ["create", "start", "pause", "start", "complete", "update", "delete"],
            entries.Select(entry => entry.Text("action").Replace("experiment.", "", StringComparison.Ordinal))
        );
        Assert.All(entries, entry => Assert.Equal(id, entry.Text("actor")));
        Assert.All(entries, entry => Assert.StartsWith(slug, entry.Text("detail"), StringComparison.Ordinal));
        Assert.Equal(7, log.Split($"to {uid} ({slug}").Length - 1);
        Assert.DoesNotContain(site.Key, log, StringComparison.Ordinal);

        // Another team sees the issue of its own key, and nothing of this one.
        var foreign = await Wait.ForAsync(
            () => site.SendAsync("GET", "/audit", key: other),
            answer => answer.Status == 200
        );
        var own = Assert.Single(foreign.Json.GetProperty("entries").EnumerateArray());
        Assert.Equal("key.create", own.Text("action"));
        Assert.StartsWith("local:", own.Text("actor"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("501")]
    [InlineData("x")]
    [InlineData("1&limit=2")]
    public async Task Audit_LimitOutsideItsRange_IsRefused(string limit) =>
        Assert.Equal(400, (await site.SendAsync("GET", "/audit?limit=" + limit)).Status);

    [Theory]
    [InlineData("delete")]
    [InlineData("Delete")]
    [InlineData("get")]
    public async Task Method_InAnotherCase_IsAnotherMethod(string method)
    {
        var (uid, _) = await site.CreateAsync();

        var answer = RawHttp.Status(
            await RawHttp.SendAsync(
                site.Edge.Address,
                $"{method} /experiments/api/{uid} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                    + $"Authorization: Bearer {site.Key}\r\n\r\n"
            )
        );

        Assert.Equal(405, answer);
        Assert.Equal("draft", (await site.SendAsync("GET", "/" + uid)).Text("status"));
    }

    [Fact]
    public async Task Cache_PathInAnotherCase_IsAnotherPath()
    {
        var (uid, _) = await site.CreateAsync();
        var swapped = string.Concat(uid.Select(c => char.IsLower(c) ? char.ToUpperInvariant(c) : char.ToLowerInvariant(c)));

        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(200, (await site.SendAsync("GET", "/" + uid)).Status);
            Assert.Equal(404, (await site.SendAsync("GET", "/" + swapped)).Status);
        }
    }

    [Theory]
    [InlineData("/healthz")]
    [InlineData("/readyz")]
    [InlineData("/metrics")]
    [InlineData("/ledger")]
    [InlineData("/sdk.js")]
    [InlineData("/openapi.json")]
    [InlineData("/nowhere")]
    [InlineData("/s/none/pixel.gif")]
    [InlineData("/s/none/click")]
    [InlineData("/s/none/resolve")]
    [InlineData("/s/none.png")]
    [InlineData("/s/events")]
    [InlineData("/v1/track")]
    [InlineData("/v1/events")]
    [InlineData("/v1/bulk-track")]
    [InlineData("/experiments/api")]
    public async Task Answer_OfEveryRoute_ForbidsSniffing(string path)
    {
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Post, HttpMethod.Options })
        {
            using var request = new HttpRequestMessage(method, path);
            using var answer = await site.Edge.Client.SendAsync(request);
            Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
        }
    }

    [Fact]
    public async Task Answers_CarryTheRateLimitAndCountDown()
    {
        var first = await site.SendAsync("GET", "/quota");
        var second = await site.SendAsync("GET", "/quota");

        Assert.Equal("1000", first.Headers["X-RateLimit-Limit"]);
        var (one, two) = (
            int.Parse(first.Headers["X-RateLimit-Remaining"]),
            int.Parse(second.Headers["X-RateLimit-Remaining"])
        );
        Assert.True(two < one || first.Headers["X-RateLimit-Reset"] != second.Headers["X-RateLimit-Reset"]);
    }

    [Theory]
    [InlineData("?type=bandit", "type: invalid_value")]
    [InlineData("?status=archived", "status: invalid_value")]
    [InlineData("?page=0", "page: out_of_range")]
    [InlineData("?limit=101", "limit: out_of_range")]
    [InlineData("?limit=x", "limit: out_of_range")]
    [InlineData("?type=ab_test&type=scheduled", "type: not_unique")]
    public async Task List_WithABadFilter_SaysWhich(string query, string error)
    {
        var answer = await site.SendAsync("GET", query);

        Assert.Equal(400, answer.Status);
        Assert.Equal([error], answer.Errors);
    }

    [Fact]
    public async Task List_FiltersAndPages_NewestFirst()
    {
        var (first, _) = await site.CreateAsync();
        var (second, _) = await site.CreateAsync("", "start", "pause");

        var paused = await site.SendAsync("GET", "?status=paused&type=&limit=1");
        var beyond = await site.SendAsync("GET", "?page=1000");
        var all = await site.SendAsync("GET", "?limit=100");

        Assert.Equal(second, paused.Json.GetProperty("experiments")[0].GetProperty("uid").GetString());
        Assert.Equal(
            (0, 1000),
            (beyond.Json.GetProperty("experiments").GetArrayLength(), beyond.Json.GetProperty("page").GetInt32())
        );
        var uids = all
            .Json.GetProperty("experiments")
            .EnumerateArray()
            .Select(e => e.GetProperty("uid").GetString()!)
            .ToList();
        Assert.True(uids.IndexOf(second) < uids.IndexOf(first));
    }

    [Fact]
    public async Task Get_RightAfterAWrite_IsNeverStaleThoughAnswersAreCached()
    {
        var (uid, _) = await site.CreateAsync();
        for (var i = 0; i < 50; i++)
        {
            await site.SendAsync("GET", "/" + uid);
            await site.SendAsync("PUT", "/" + uid, $$"""{"name":"name {{i}}"}""");

            Assert.Equal($"name {i}", (await site.SendAsync("GET", "/" + uid)).Text("name"));
        }
        var age = (await site.SendAsync("GET", "/" + uid)).Headers.ContainsKey("Age");
        for (var i = 0; i < 20 && !age; i++)
        {
            age = (await site.SendAsync("GET", "/" + uid)).Headers.ContainsKey("Age");
        }

        Assert.True(age, "no answer came out of the cache");
    }

    [Theory]
    [InlineData("", "start", 200)]
    [InlineData("", "pause", 409)]
    [InlineData("", "complete", 409)]
    [InlineData("start", "start", 409)]
    [InlineData("start", "pause", 200)]
    [InlineData("start", "complete", 200)]
    [InlineData("start", "DELETE", 409)]
    [InlineData("start,pause", "start", 200)]
    [InlineData("start,pause", "pause", 409)]
    [InlineData("start,pause", "complete", 200)]
    [InlineData("start,pause", "DELETE", 200)]
    [InlineData("start,complete", "start", 409)]
    [InlineData("start,complete", "pause", 409)]
    [InlineData("start,complete", "complete", 409)]
    [InlineData("start,complete", "DELETE", 200)]
    [InlineData("", "DELETE", 200)]
    public async Task Lifecycle_FollowsItsTable(string before, string action, int status)
    {
        var (uid, _) = await site.CreateAsync("", before.Split(',', StringSplitOptions.RemoveEmptyEntries));

        var answer =
            action == "DELETE"
                ? await site.SendAsync("DELETE", "/" + uid)
                : await site.SendAsync(
                    "POST",
                    $"/{uid}/{action}",
                    action == "complete" ? """{"winnerVariantId":"a"}""" : null
                );

        Assert.Equal(status, answer.Status);
        if (status != 409)
        {
            return;
        }

        Assert.Equal("invalid-state-transition", answer.Problem);
        Assert.NotEmpty(answer.Json.GetProperty("allowedTransitions").EnumerateArray());
        Assert.Equal(
            answer.Json.GetProperty("currentStatus").GetString(),
            (await site.SendAsync("GET", "/" + uid)).Text("status")
        );
    }

    [Fact]
    public async Task Delete_FreesEverything_AndCannotBeRepeated()
    {
        var (uid, slug) = await site.CreateAsync("", "start", "pause");

        Assert.True((await site.SendAsync("DELETE", "/" + uid)).Json.GetProperty("deleted").GetBoolean());
        Assert.Equal(404, (await site.SendAsync("DELETE", "/" + uid)).Status);
        Assert.Equal(404, (await site.SendAsync("GET", "/" + uid)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await site.Edge.Client.GetAsync($"/s/{slug}/click")).StatusCode);
    }

    [Theory]
    [InlineData("{}", "winnerVariantId: required")]
    [InlineData("{\"winnerVariantId\":7}", "winnerVariantId: invalid_type")]
    [InlineData("{\"winnerVariantId\":\"zzz\"}", "winnerVariantId: invalid_value")]
    [InlineData("not json", ": invalid_format")]
    public async Task Complete_WithoutAVariantOfIt_IsRefused(string body, string error)
    {
        var (uid, _) = await site.CreateAsync("", "start");

        var answer = await site.SendAsync("POST", $"/{uid}/complete", body);

        Assert.Equal(400, answer.Status);
        Assert.Equal([error], answer.Errors);
        Assert.Equal("running", (await site.SendAsync("GET", "/" + uid)).Text("status"));
    }

    [Fact]
    public async Task Complete_ServesTheWinnerToEverybody()
    {
        var (uid, slug) = await site.CreateAsync("", "start", "complete");

        var answer = await site.SendAsync("GET", "/" + uid);

        Assert.Equal("b", answer.Text("winnerVariantId"));
        Assert.Matches(@"^\d{4}-\d\d-\d\dT", answer.Text("winnerDeclaredAt"));
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal("""{"variantId":"b"}""", await site.Edge.Client.GetStringAsync($"/s/{slug}/resolve?u={i}"));
        }
    }

    [Theory]
    [InlineData(
        "start",
        """{"name":"x","confidenceThreshold":0.9,"minimumRunDays":3,"goalConfig":{"destinationUrl":"https://example.com/new"}}""",
        ""
    )]
    [InlineData("start", """{"hypothesis":"x"}""", "hypothesis: not_editable")]
    [InlineData(
        "start",
        """{"goalConfig":{"type":"impressions_only"},"slug":"other-slug"}""",
        "slug: not_editable,goalConfig.type: not_editable"
    )]
    [InlineData(
        "start",
        """{"variants":[{"id":"a","weight":5000},{"id":"b","weight":5000}],"status":"draft","uid":"x"}""",
        ""
    )]
    [InlineData("start", """{"goalConfig":{"destinationUrl":null}}""", "goalConfig.destinationUrl: required")]
    [InlineData("start,complete", """{"name":"x"}""", "")]
    [InlineData("start,complete", """{"minimumRunDays":3}""", "minimumRunDays: not_editable")]
    [InlineData(
        "start,pause",
        """{"type":"smart_link","hypothesis":"x","variants":[{"id":"a","weight":10000},{"id":"c","weight":0}]}""",
        ""
    )]
    [InlineData("", """{"minimumSampleSize":0,"templateUid":"t","outputConfig":{"quality":50}}""", "")]
    public async Task Update_ObeysTheStatus(string before, string body, string errors)
    {
        var (uid, _) = await site.CreateAsync("", before.Split(',', StringSplitOptions.RemoveEmptyEntries));
        var stored = await site.SendAsync("GET", "/" + uid);

        var answer = await site.SendAsync("PUT", "/" + uid, body);

        Assert.Equal(errors.Length == 0 ? 200 : 400, answer.Status);
        if (errors.Length == 0)
        {
            return;
        }

        Assert.Equal(errors.Split(',').Order(), answer.Errors.Order());
        Assert.Equal(stored.Json.GetRawText(), (await site.SendAsync("GET", "/" + uid)).Json.GetRawText());
    }

    [Fact]
    public async Task Update_OfWhatWasGot_IsNoEdit()
    {
        var (uid, _) = await site.CreateAsync("", "start");
        var got = await site.SendAsync("GET", "/" + uid);

        var answer = await site.SendAsync("PUT", "/" + uid, got.Experiment.GetRawText());

        Assert.Equal(200, answer.Status);
        Assert.Equal(got.Text("updatedAt"), answer.Text("updatedAt"));
    }

    [Fact]
    public async Task Update_OfWeightsWhilePaused_MovesOnlyTheViewersItMust()
    {
        var (uid, slug) = await site.CreateAsync("", "start");
        var before = await ResolveAsync(slug, 400);
        await site.SendAsync("POST", $"/{uid}/pause");

        await site.SendAsync(
            "PUT",
            "/" + uid,
            """{"variants":[{"id":"c","weight":2000},{"id":"b","weight":4000},{"id":"a","weight":4000}]}"""
        );
        await site.SendAsync("POST", $"/{uid}/start");

        var after = await ResolveAsync(slug, 400);
        Assert.All(before.Zip(after).Where(pair => pair.First != pair.Second), pair => Assert.Equal("c", pair.Second));
        Assert.Contains("c", after);
        Assert.Equal(2, (await site.SendAsync("GET", "/" + uid)).Experiment.GetProperty("weightsVersion").GetInt32());
    }

    [Fact]
    public async Task IfMatch_OfAnOlderVersion_ChangesNothing()
    {
        var (uid, _) = await site.CreateAsync();
        var tag = (await site.SendAsync("GET", "/" + uid)).Headers["ETag"];
        var fresh = await site.SendAsync("PUT", "/" + uid, """{"name":"first"}""", null, ("If-Match", tag));

        var stale = await site.SendAsync("PUT", "/" + uid, """{"name":"second"}""", null, ("If-Match", tag));

        Assert.Equal((200, 412, "precondition-failed"), (fresh.Status, stale.Status, stale.Problem));
        Assert.Equal("first", (await site.SendAsync("GET", "/" + uid)).Text("name"));
        Assert.Equal(
            200,
            (await site.SendAsync("PUT", "/" + uid, """{"name":"second"}""", null, ("If-Match", "*"))).Status
        );
    }

    [Fact]
    public async Task Transitions_AtTheSameTime_SucceedOnce()
    {
        var (uid, _) = await site.CreateAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => site.SendAsync("POST", $"/{uid}/start")));

        Assert.Equal(1, answers.Count(answer => answer.Status == 200));
        Assert.Equal(15, answers.Count(answer => answer.Status == 409));
    }

    [Fact]
    public async Task Updates_AtTheSameTime_AreAllKept()
    {
        var (uid, _) = await site.CreateAsync();
        string[] bodies =
        [
            """{"name":"n"}""",
            """{"hypothesis":"h"}""",
            """{"minimumRunDays":9}""",
            """{"minimumSampleSize":11}""",
            """{"templateUid":"t"}""",
        ];

        var answers = await Task.WhenAll(bodies.Select(body => site.SendAsync("PUT", "/" + uid, body)));

        Assert.All(answers, answer => Assert.Equal(200, answer.Status));
        var stored = (await site.SendAsync("GET", "/" + uid)).Experiment;
        Assert.Equal(
            ("n", "h", 9, 11, "t"),
            (
                stored.GetProperty("name").GetString(),
                stored.GetProperty("hypothesis").GetString(),
                stored.GetProperty("minimumRunDays").GetInt32(),
                stored.GetProperty("minimumSampleSize").GetInt32(),
                stored.GetProperty("templateUid").GetString()
            )
        );
    }

    [Theory]
    [InlineData("POST", "/quota", "GET")]
    [InlineData("PATCH", "", "GET, POST")]
    [InlineData("POST", "/exp_x", "GET, PUT, DELETE")]
    [InlineData("GET", "/exp_x/start", "POST")]
    public async Task Methods_NotOffered_AreNamed(string method, string path, string allow)
    {
        var answer = await site.SendAsync(method, path);

        Assert.Equal((405, allow), (answer.Status, answer.Headers["Allow"]));
    }

    [Theory]
    [InlineData("text/xml", null, 415)]
    [InlineData("application/json; charset=latin1", null, 415)]
    [InlineData("application/json", "br", 415)]
    [InlineData("application/json", "gzip", 400)]
    public async Task Bodies_OfAnotherKind_AreRefused(string type, string? coding, int status)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/experiments/api");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", site.Key);
        request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(ManagedEdge.AbTest(ManagedEdge.NewSlug())));
        request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        if (coding is not null)
        {
            request.Content.Headers.ContentEncoding.Add(coding);
        }

        using var response = await site.Edge.Client.SendAsync(request);

        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task Bodies_TooLong_AreRefusedDeclaredOrNot()
    {
        var body = ManagedEdge.AbTest(ManagedEdge.NewSlug(), $",\"hypothesis\":\"{new string('x', 1 << 20)}\"");

        var declared = await site.SendAsync("POST", "", body);
        var undeclared = await site.SendAsync("POST", "", body, null, ("Transfer-Encoding", "chunked"));

        Assert.Equal((413, 413), (declared.Status, undeclared.Status));
    }

    [Fact]
    public async Task Bandit_WithNothingToLearnFrom_IsLegalWithAWarning()
    {
        var slug = ManagedEdge.NewSlug();

        var answer = await site.SendAsync(
            "POST",
            "",
            $$"""
            {"name":"N","slug":"{{slug}}","type":"ab_test","banditConfig":{"enabled":true},
             "variants":[{"id":"a","weight":5000},{"id":"b","weight":5000}]}
            """
        );

        Assert.Equal(201, answer.Status);
        Assert.Single(answer.Json.GetProperty("warnings").EnumerateArray());
    }

    [Fact]
    public async Task PlaceRule_WithoutAGeoDatabase_IsLegalWithAWarning()
    {
        var slug = ManagedEdge.NewSlug();

        var answer = await site.SendAsync(
            "POST",
            "",
            $$"""
            {"name":"N","slug":"{{slug}}","type":"smart_link","goalConfig":{"destinationUrl":"https://example.com/"},
             "variants":[{"id":"a","weight":10000,"isDefault":true},{"id":"b","weight":0,"conditions":
              {"type":"rule","property":"country","ruleOperator":"equals","value":"GB"} }]}
            """
        );

        Assert.Equal(201, answer.Status);
        Assert.Equal(
            "variants[1].conditions: asks where the visitor is, which this server does not know: whoever runs it can set geo.database or geo.countryHeader.",
            Assert.Single(answer.Json.GetProperty("warnings").EnumerateArray()).GetString()
        );
    }

    [Theory]
    [InlineData("", """{"name":"A","name":"B"}""", "name")]
    [InlineData("/{uid}/complete", """{"winnerVariantId":"a","winnerVariantId":"b"}""", "winnerVariantId")]
    [InlineData("/{uid}/shares", """{"days":1,"days":90}""", "days")]
    [InlineData("/{uid}/links", """{"units":["a"],"units":["b"]}""", "units")]
    [InlineData("/{uid}/explain", """{"country":"DE","country":"FR"}""", "country")]
    [InlineData("/{uid}/explain", """{"headers":{"User-Agent":"a","User-Agent":"b"}}""", "headers.User-Agent")]
    [InlineData("/{uid}/what-if", """{"definition":{"uid":"{uid}"},"definition":{}}""", "definition")]
    [InlineData("/explain", """{"definition":{"uid":"{uid}","name":"a","name":"b"}}""", "definition.name")]
    [InlineData("/occurrences", """{"definition":{"uid":"{uid}"},"days":1,"days":2}""", "days")]
    [InlineData("/definitions?dryRun=true", """{"definitions":[{"name":"a","name":"b"}]}""", "definitions[0].name")]
    public async Task Body_WithAMemberGivenTwice_IsRefused(string path, string body, string field)
    {
        var (uid, _) = await site.CreateAsync(actions: "start");

        var answer = await site.SendAsync("POST", path.Replace("{uid}", uid, StringComparison.Ordinal), body.Replace("{uid}", uid, StringComparison.Ordinal));

        Assert.Equal(400, answer.Status);
        Assert.Contains(
            answer.Json.GetProperty("errors").EnumerateArray(),
            error => error.Text("field") == field && error.Text("message") == "is given twice" && error.Text("code") == "not_unique"
        );
        Assert.Single(answer.Json.GetProperty("errors").EnumerateArray(), error => error.Text("field") == field);
    }

    /// <summary>An edit of what there is not lacks everything; that is not what its sender has to be told first.</summary>
    [Fact]
    public async Task Definition_WithAUidThatIsNone_IsNotAskedForItsMembers()
    {
        var (uid, _) = await site.CreateAsync();
        const string Unknown = """{"uid":"exp_none","name":"Renamed"}""";

        var validated = await site.SendAsync("POST", "/validate", Unknown);
        Assert.Equal(("uid", "is that of no experiment, so the definition must be whole"), (validated.Json.GetProperty("errors")[0].Text("field"), validated.Json.GetProperty("errors")[0].Text("message")));
        foreach (var path in new[] { $"/{uid}/what-if", "/explain", "/occurrences" })
        {
            var answer = await site.SendAsync("POST", path, $$"""{"definition":{{Unknown}}}""");
            Assert.Equal((404, "Experiment Not Found"), (answer.Status, answer.Json.Text("title")));
        }

        // A whole one is one, wherever it comes from.
        var whole = ManagedEdge.AbTest(ManagedEdge.NewSlug(), ",\"uid\":\"exp_none\"");
        Assert.True((await site.SendAsync("POST", "/validate", whole)).Json.GetProperty("valid").GetBoolean());
        Assert.Equal(200, (await site.SendAsync("POST", "/explain", $$"""{"definition":{{whole}},"request":{"ip":"203.0.113.7"} }""")).Status);
    }

    [Fact]
    public async Task Images_RedirectToTheVariantsOwn_ThenTheFallback()
    {
        var slug = ManagedEdge.NewSlug();
        var created = await site.SendAsync(
            "POST",
            "",
            $$"""
            {"name":"N","slug":"{{slug}}","type":"ab_test","fallbackImageUrl":"https://cdn.example.com/fallback.png",
             "variants":[{"id":"a","weight":10000,"variables":{"imageUrl":"https://cdn.example.com/a.png"} },{"id":"b","weight":0}]}
            """
        );
        var image = $"/s/{slug}.png";
        Assert.Equal(HttpStatusCode.NotFound, (await site.Edge.Client.GetAsync(image)).StatusCode);
        await site.SendAsync("POST", $"/{created.Text("uid")}/start");

        using var own = await site.Edge.Client.GetAsync(image);
        using var fallback = await site.Edge.Client.GetAsync(image + "?variant=b");

        Assert.Equal(
            (HttpStatusCode.Redirect, "https://cdn.example.com/a.png"),
            (own.StatusCode, own.Headers.Location!.ToString())
        );
        Assert.Equal("https://cdn.example.com/fallback.png", fallback.Headers.Location!.ToString());
    }

    [Fact]
    public async Task Resolve_AgreesWithTheClick_AndIsNotServedWhilePaused()
    {
        var (uid, slug) = await site.CreateAsync("", "start");
        var resolved = await ResolveAsync(slug, 20);
        Assert.Equal(2, resolved.Distinct().Count());

        await site.SendAsync("POST", $"/{uid}/pause");

        using var paused = await site.Edge.Client.GetAsync($"/s/{slug}/resolve");
        using var click = await site.Edge.Client.GetAsync($"/s/{slug}/click");
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.Redirect), (paused.StatusCode, click.StatusCode));
    }

    [Fact]
    public async Task Results_CountWhatPeopleDid_AndLeaveMachinesOut()
    {
        var (uid, slug) = await site.CreateAsync("", "start");
        for (var i = 0; i < 6; i++)
        {
            await VisitAsync($"/s/{slug}/pixel.gif?u=reader-{i}", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0");
        }

        await VisitAsync($"/s/{slug}/click?u=reader-1", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0");
        await VisitAsync($"/s/{slug}/pixel.gif?u=reader-9", "Googlebot/2.1");

        var results = await Wait.ForAsync(
            async () => (await site.SendAsync("GET", $"/{uid}/results")).Json.GetProperty("results"),
            seen =>
                seen.GetProperty("totals").GetProperty("clicks").GetInt32() > 0
                && seen.GetProperty("excluded").GetProperty("bot").GetInt32() > 0
        );

        Assert.Equal(6, results.GetProperty("totals").GetProperty("impressions").GetInt32());
        Assert.Equal(1, results.GetProperty("totals").GetProperty("clicks").GetInt32());
        Assert.Equal(JsonValueKind.Null, results.GetProperty("suggestedWinner").ValueKind);
        var variants = (await site.SendAsync("GET", "/" + uid)).Experiment.GetProperty("variants").EnumerateArray();
        Assert.Equal(6, variants.Sum(variant => variant.GetProperty("impressions").GetInt32()));
    }

    [Fact]
    public async Task Explain_SaysWhatTheServiceDoes()
    {
        var (uid, slug) = await site.CreateAsync("", "start");
        var resolved = await ResolveAsync(slug, 10);
        for (var i = 0; i < resolved.Count; i++)
        {
            var answer = await site.SendAsync("POST", $"/{uid}/explain", $$"""{"query":"u=viewer-{{i}}"}""");

            Assert.Equal(resolved[i], answer.Json.GetProperty("explanation").GetProperty("variant").GetString());
        }
        var refused = await site.SendAsync("POST", $"/{uid}/explain", """{"querry":"u=1","ip":7}""");
        Assert.Equal((400, "validation-error"), (refused.Status, refused.Problem));
    }

    [Theory]
    [InlineData("", ",\"banditConfig\":{\"enabled\":true}", 409, "")]
    [InlineData("start", ",\"banditConfig\":{\"enabled\":true}", 200, "unchanged,nothing_new,warming_up")]
    [InlineData("start", "", 200, "not_optimized,nothing_new")]
    public async Task Recompute_SaysWhatCameOfIt(string before, string bandit, int status, string outcomes)
    {
        var (uid, _) = await site.CreateAsync(bandit, before.Split(',', StringSplitOptions.RemoveEmptyEntries));

        var answer = await site.SendAsync("POST", $"/{uid}/recompute");

        Assert.Equal(status, answer.Status);
        if (status == 200)
        {
            Assert.Contains(answer.Json.GetProperty("outcome").GetString()!, outcomes.Split(','));
        }
    }

    private async Task VisitAsync(string path, string userAgent)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("User-Agent", userAgent);
        using var answer = await site.Edge.Client.SendAsync(request);
    }

    private async Task<List<string>> ResolveAsync(string slug, int viewers)
    {
        var variants = new List<string>();
        for (var i = 0; i < viewers; i++)
        {
            using var answer = JsonDocument.Parse(
                await site.Edge.Client.GetStringAsync($"/s/{slug}/resolve?u=viewer-{i}")
            );
            variants.Add(answer.RootElement.GetProperty("variantId").GetString()!);
        }
        return variants;
    }
}
