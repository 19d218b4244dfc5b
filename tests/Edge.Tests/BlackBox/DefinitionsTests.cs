using System.Text.Json;
using System.Text.Json.Nodes;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>Definitions as files: <c>edge experiments export</c> and <c>apply</c> against a running service.</summary>
public sealed class DefinitionsTests(ManagedEdge site) : IClassFixture<ManagedEdge>, IDisposable
{
    private readonly TempDirectory _files = new();

    public void Dispose() => _files.Dispose();

    /// <summary>A team of its own for each test: the class shares one service.</summary>
    private async Task<string> TeamAsync() =>
        await site.CreateKeyAsync("pictify", "--project", ManagedEdge.NewSlug());

    private Task<(int ExitCode, string Output, string Error)> RunAsync(string key, params string[] arguments) =>
        EdgeProcess.RunAsync(
            ["experiments", .. arguments, "--url", site.Edge.Address.ToString()],
            [("EDGE_KEY", key)]
        );

    private async Task<(string Uid, string Slug)> CreateAsync(string key, string more = "", params string[] actions)
    {
        var slug = ManagedEdge.NewSlug();
        var created = await site.SendAsync("POST", "", ManagedEdge.AbTest(slug, more), key);
        Assert.Equal(201, created.Status);
        foreach (var action in actions)
        {
            var moved = await site.SendAsync(
                action == "archive" ? "DELETE" : "POST",
                action == "archive" ? $"/{created.Text("uid")}" : $"/{created.Text("uid")}/{action}",
                null,
                key
            );
            Assert.Equal(200, moved.Status);
        }

        return (created.Text("uid"), slug);
    }

    private string Stored(string uid) => File.ReadAllText(Path.Combine(site.DataDir, "experiments", uid + ".json"));

    [Fact]
    public async Task Export_OfEverything_IsByteForByteWhatTheStoreHas()
    {
        var key = await TeamAsync();
        var (running, _) = await CreateAsync(key, ""","hypothesis":"größer <b>" """, "start");
        var (archived, _) = await CreateAsync(key, "", "archive");

        var first = await RunAsync(key, "export", _files.Path);
        var again = await RunAsync(key, "export", _files.Path);

        Assert.Equal((0, ""), (first.ExitCode, first.Error));
        Assert.Equal(
            new[] { archived, running }.Order(StringComparer.Ordinal).Select(uid => uid + ".json"),
            Directory.GetFiles(_files.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal)
        );
        foreach (var uid in new[] { running, archived })
        {
            Assert.Equal(Stored(uid), await File.ReadAllTextAsync(_files[uid + ".json"]));
            Assert.Contains($"created\t{uid}.json\t", first.Output, StringComparison.Ordinal);
            Assert.Contains($"unchanged\t{uid}.json\t", again.Output, StringComparison.Ordinal);
        }
    }

    /// <summary>What an earlier version has taken is served and exported; to send it, somebody has to look at it.</summary>
    [Fact]
    public async Task Export_OfAValueThatNobodyHas_KeepsItAndApplyNamesIt()
    {
        var slug = ManagedEdge.NewSlug();
        var definition = $$"""
            {"uid":"exp_{{slug}}","slug":"{{slug}}","name":"Late","type":"smart_link","status":"running","goalConfig":{"destinationUrl":"https://example.com/"},
             "variants":[{"id":"a","weight":10000,"isDefault":true},{"id":"b","weight":0,"variables":{"imageUrl":"b.png"},"conditions":
              {"type":"rule","property":"time.hour","ruleOperator":"equals","value":25} }]}
            """;
        await File.WriteAllTextAsync(Path.Combine(site.DataDir, "experiments", $"exp_{slug}.json"), definition);
        await Wait.ForAsync(() => site.SendAsync("GET", $"/{slug}"), static answer => answer.Status == 200);

        var exported = await RunAsync(site.Key, "export", _files.Path);
        foreach (var other in Directory.GetFiles(_files.Path).Where(path => !path.EndsWith($"exp_{slug}.json", StringComparison.Ordinal)))
        {
            File.Delete(other);
        }

        var applied = await RunAsync(site.Key, "apply", "-f", _files.Path);

        Assert.Equal((0, ""), (exported.ExitCode, exported.Error));
        Assert.Contains("25", await File.ReadAllTextAsync(_files[$"exp_{slug}.json"]), StringComparison.Ordinal);
        Assert.Equal(1, applied.ExitCode);
        Assert.Contains("must be an hour from 0 to 23, not '25'", applied.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apply_OfAnExport_BringsBackEverythingThatHasChangedSince()
    {
        var key = await TeamAsync();
        var (uid, slug) = await CreateAsync(key, "", "start", "pause");
        var before = Stored(uid);
        await RunAsync(key, "export", _files.Path);
        var edited = await site.SendAsync("PUT", $"/{uid}", """{"name":"Other","slug":"SLUG-2"}""".Replace("SLUG", slug, StringComparison.Ordinal), key);
        Assert.Equal(200, edited.Status);

        var dry = await RunAsync(key, "apply", "-f", _files.Path, "--dry-run");
        var during = Stored(uid);
        var applied = await RunAsync(key, "apply", "-f", _files.Path);
        var again = await RunAsync(key, "apply", "-f", _files.Path);

        Assert.Equal($"changed\t{uid}.json\t{slug}\tname, slug\ndry run: 1 would change, nothing has\n", dry.Output);
        Assert.NotEqual(before, during);
        Assert.Equal((0, $"changed\t{uid}.json\t{slug}\tname, slug\n", ""), applied);
        Assert.Equal(before, Stored(uid));
        Assert.Equal((0, $"unchanged\t{uid}.json\t{slug}\n", ""), again);
    }

    [Fact]
    public async Task Apply_OfACopyThatUndoesTheEnd_SaysSoInTheDryRun()
    {
        var key = await TeamAsync();
        var (uid, slug) = await CreateAsync(key, "", "start");
        await RunAsync(key, "export", _files.Path);
        Assert.Equal(200, (await site.SendAsync("POST", $"/{uid}/complete", """{"winnerVariantId":"a"}""", key)).Status);

        var dry = await RunAsync(key, "apply", "-f", _files.Path, "--dry-run");

        Assert.StartsWith($"changed\t{uid}.json\t{slug}\t", dry.Output, StringComparison.Ordinal);
        Assert.Contains("status completed to running", dry.Output, StringComparison.Ordinal);
        Assert.Contains("winnerVariantId", dry.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apply_OfACopyOfARunningOneWithOtherWeights_WantsAnotherVersionOfThem()
    {
        var key = await TeamAsync();
        var (uid, _) = await CreateAsync(key, "", "start");
        await RunAsync(key, "export", _files.Path);
        var before = Stored(uid);
        var copy = JsonNode.Parse(before)!.AsObject();
        (copy["variants"]![0]!["weight"], copy["variants"]![1]!["weight"]) = (8_000, 2_000);
        copy.Remove("slots");
        await File.WriteAllTextAsync(_files[uid + ".json"], copy.ToJsonString());

        var refused = await RunAsync(key, "apply", "-f", _files.Path);
        var during = Stored(uid);
        copy["weightsVersion"] = copy["weightsVersion"]!.GetValue<int>() + 1;
        await File.WriteAllTextAsync(_files[uid + ".json"], copy.ToJsonString());
        var applied = await RunAsync(key, "apply", "-f", _files.Path);

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains($"{uid}.json: weightsVersion is 1 as before, and the weights are others", refused.Error, StringComparison.Ordinal);
        Assert.Equal(before, during);
        Assert.Equal((0, ""), (applied.ExitCode, applied.Error));
    }

    [Fact]
    public async Task Apply_WithOneMistake_ChangesNothingAndNamesFileAndMember()
    {
        var key = await TeamAsync();
        var (uid, _) = await CreateAsync(key);
        await RunAsync(key, "export", _files.Path);
        var before = Stored(uid);
        await File.WriteAllTextAsync(_files[uid + ".json"], before.Replace("\"Test\"", "\"Renamed\"", StringComparison.Ordinal));
        var wrong = JsonNode.Parse(before)!.AsObject();
        (wrong["uid"], wrong["slug"], wrong["team"]) = (uid + "x", ManagedEdge.NewSlug(), "another");
        await File.WriteAllTextAsync(_files["wrong.json"], wrong.ToJsonString());

        var refused = await RunAsync(key, "apply", "-f", _files.Path);

        Assert.Equal(
            (
                1,
                "",
                "edge experiments apply: wrong.json: team must be that of the key\nedge experiments apply: nothing has changed\n"
            ),
            refused
        );
        Assert.Equal(before, Stored(uid));
    }

    [Fact]
    public async Task Apply_OfAFileWrittenByHand_KeepsWhatTheServiceOwns()
    {
        var key = await TeamAsync();
        var (uid, slug) = await CreateAsync(key, "", "start");
        var before = JsonNode.Parse(Stored(uid))!.AsObject();
        var byHand = $$"""
            {"uid":"{{uid}}","slug":"{{slug}}","type":"ab_test","name":"By hand",
             "variants":[{"id":"a","weight":5000},{"id":"b","weight":5000}],
             "goalConfig":{"type":"click_through","destinationUrl":"https://example.com/{{slug}}"}
            }
            """;
        await File.WriteAllTextAsync(_files["mine.json"], byHand);

        var applied = await RunAsync(key, "apply", "-f", _files.Path);
        var again = await RunAsync(key, "apply", "-f", _files.Path);
        await File.WriteAllTextAsync(_files["mine.json"], byHand.Replace("ab_test", "scheduled", StringComparison.Ordinal));
        var refused = await RunAsync(key, "apply", "-f", _files.Path);

        Assert.Equal((0, $"changed\tmine.json\t{slug}\tname\n", ""), applied);
        Assert.Equal((0, $"unchanged\tmine.json\t{slug}\n", ""), again);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("mine.json: type cannot change while the experiment is running", refused.Error, StringComparison.Ordinal);
        var after = JsonNode.Parse(Stored(uid))!.AsObject();
        foreach (var member in new[] { "status", "createdAt", "runningSince", "weightsVersion" })
        {
            Assert.Equal(before[member]?.ToJsonString(), after[member]?.ToJsonString());
        }

        Assert.Equal("By hand", (string?)after["name"]);
    }

    [Fact]
    public async Task Apply_OfAStatus_TakesTheStepThatLeadsThereOrSaysWhichDo()
    {
        var key = await TeamAsync();
        var (uid, slug) = await CreateAsync(key);
        await WriteAsync("running");
        var started = await RunAsync(key, "apply", "-f", _files.Path);
        await WriteAsync("draft");
        var refused = await RunAsync(key, "apply", "-f", _files.Path);

        Assert.Equal((0, $"changed\tmine.json\t{slug}\trunningSince, status draft to running\n", ""), started);
        Assert.Equal("running", (await site.SendAsync("GET", $"/{uid}", null, key)).Text("status"));
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains(
            "mine.json: status is running; from there it can become paused or completed",
            refused.Error,
            StringComparison.Ordinal
        );

        Task WriteAsync(string status) =>
            File.WriteAllTextAsync(
                _files["mine.json"],
                ManagedEdge.AbTest(slug, $""","uid":"{uid}","status":"{status}" """)
            );
    }

    [Fact]
    public async Task Apply_WithPrune_ArchivesWhatHasNoFileUnlessItRuns()
    {
        var key = await TeamAsync();
        var (kept, keptSlug) = await CreateAsync(key);
        await RunAsync(key, "export", _files.Path);
        var (running, runningSlug) = await CreateAsync(key, "", "start");

        var refused = await RunAsync(key, "apply", "-f", _files.Path, "--prune");
        await site.SendAsync("POST", $"/{running}/pause", null, key);
        var pruned = await RunAsync(key, "apply", "-f", _files.Path, "--prune");

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains($"would archive '{runningSlug}', which is running", refused.Error, StringComparison.Ordinal);
        Assert.Equal((0, $"unchanged\t{kept}.json\t{keptSlug}\narchived\t{running}\t{runningSlug}\n", ""), pruned);
        var audit = (await site.SendAsync("GET", "/audit", null, key)).Json.GetProperty("entries");
        Assert.Contains(
            audit.EnumerateArray().Select(entry => (entry.GetProperty("action").GetString(), entry.GetProperty("subject").GetString())),
            entry => entry == ("experiment.delete", running)
        );
    }

    [Fact]
    public async Task Apply_SlugThatMovesOn_IsStoredInTheOrderThatWorks()
    {
        var key = await TeamAsync();
        var (first, slug) = await CreateAsync(key);
        var (second, _) = await CreateAsync(key);
        await RunAsync(key, "export", _files.Path);
        var free = ManagedEdge.NewSlug();
        Rename(second, slug);
        Rename(first, free);

        var applied = await RunAsync(key, "apply", "-f", _files.Path);

        Assert.Equal((0, ""), (applied.ExitCode, applied.Error));
        Assert.Equal(slug, (string?)JsonNode.Parse(Stored(second))!["slug"]);
        Assert.Equal(free, (string?)JsonNode.Parse(Stored(first))!["slug"]);

        void Rename(string uid, string to)
        {
            var definition = JsonNode.Parse(File.ReadAllText(_files[uid + ".json"]))!;
            definition["slug"] = to;
            File.WriteAllText(_files[uid + ".json"], definition.ToJsonString());
        }
    }

    [Theory]
    [InlineData("export", "DIR")]
    [InlineData("apply", "--files DIR")]
    public async Task Command_WithoutItsDirectory_IsWrongUsage(string command, string missing)
    {
        var (exitCode, _, error) = await RunAsync(site.Key, command);

        Assert.Equal(2, exitCode);
        Assert.StartsWith($"edge experiments {command}: needs {missing};", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}", "definitions")]
    [InlineData("[]", "definitions")]
    [InlineData("""{"definitions":[{"uid":"exp_a"}]}""", "definitions[0].type")]
    public async Task Definitions_ThatAreNone_AreRefusedWithTheMember(string body, string field)
    {
        var answer = await site.SendAsync("POST", "/definitions", body);

        Assert.Equal((400, "validation-error"), (answer.Status, answer.Problem));
        Assert.Contains(answer.Json.GetProperty("errors").EnumerateArray(), e => e.GetProperty("field").GetString() == field);
    }

    [Fact]
    public async Task Apply_WithAKeyForReading_IsRefused()
    {
        var reader = await site.CreateKeyAsync("pictify-read");

        var answer = await site.SendAsync("POST", "/definitions", """{"definitions":[]}""", reader);
        var export = await site.SendAsync("GET", "/definitions", null, reader);

        Assert.Equal((403, "read-only-key", 200), (answer.Status, answer.Problem, export.Status));
        Assert.Equal(JsonValueKind.Array, export.Json.GetProperty("definitions").ValueKind);
    }
}
