using System.Net;
using Edge.Tests.BlackBox.Fleets;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox.Stores;

/// <summary>Services side by side on one database of a real PostgreSQL.</summary>
public sealed class PostgresStoreTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    /// <summary>A database with the schema.</summary>
    private async Task<string> MigratedAsync()
    {
        var connection = await postgres.Server.CreateDatabaseAsync();
        await MigrateAsync(connection);
        return connection;
    }

    private static async Task MigrateAsync(string connection)
    {
        var (exitCode, _, error) = await RunAsync(connection, "store", "migrate");
        Assert.Equal((0, ""), (exitCode, error));
    }

    private static Task<(int ExitCode, string Output, string Error)> RunAsync(
        string connection,
        params string[] arguments
    ) =>
        EdgeProcess.RunAsync(
            arguments,
            [("EDGE__STORE__KIND", "postgres"), ("EDGE__STORE__CONNECTION", connection)]
        );

    private static async Task<(string Uid, string Slug)> CreateAsync(StoredEdge edge, string key, bool starts = true)
    {
        var slug = ManagedEdge.NewSlug();
        var created = await edge.SendAsync(key, "POST", "", ManagedEdge.AbTest(slug));
        Assert.Equal(201, created.Status);
        var uid = created.Text("uid");
        if (starts)
        {
            Assert.Equal(200, (await edge.SendAsync(key, "POST", $"/{uid}/start")).Status);
        }

        return (uid, slug);
    }

    [Fact]
    public async Task Migrate_OfAnEmptyDatabase_MakesTheSchemaOnceAlsoBySeveral()
    {
        var connection = await postgres.Server.CreateDatabaseAsync();

        var all = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => RunAsync(connection, "store", "migrate")));
        var again = await RunAsync(connection, "store", "migrate");

        Assert.All(all, one => Assert.Equal((0, ""), (one.ExitCode, one.Error)));
        Assert.Single(all, one => one.Output.Contains("went from version 0 to 1", StringComparison.Ordinal));
        Assert.Contains("has version 1 already", again.Output, StringComparison.Ordinal);
        Assert.Equal(["1"], await PostgresServer.QueryAsync(connection, "SELECT version FROM edge.schema_version"));
    }

    [Theory]
    [InlineData("", "has no schema edge; edge store migrate creates it")]
    [InlineData(
        "INSERT INTO edge.schema_version (version) VALUES (99)",
        "is of version 99, newer than the 1 that this program knows; use the newer program"
    )]
    public async Task Start_OnAnotherSchema_IsRefusedInOneLine(string change, string reason)
    {
        var connection = await postgres.Server.CreateDatabaseAsync();
        if (change.Length > 0)
        {
            await MigrateAsync(connection);
            await PostgresServer.ExecuteAsync(connection, change);
        }

        using var data = new TempDirectory();
        var (exitCode, _, error) = await RunAsync(
            connection,
            "serve",
            "--data-dir",
            data.Path,
            "--urls",
            $"http://127.0.0.1:{EdgeProcess.FreePort()}"
        );

        Assert.Equal(1, exitCode);
        Assert.StartsWith("edge serve: the ", error, StringComparison.Ordinal);
        Assert.EndsWith(reason + "\n", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task Start_WithoutTheServerAndWithoutACopy_IsRefusedInOneLineWithoutThePassword()
    {
        using var data = new TempDirectory();
        var (exitCode, _, error) = await RunAsync(
            $"Host=127.0.0.1;Port={EdgeProcess.FreePort()};Username=edge;Password=secret-word",
            "serve",
            "--data-dir",
            data.Path,
            "--urls",
            $"http://127.0.0.1:{EdgeProcess.FreePort()}"
        );

        Assert.Equal(1, exitCode);
        Assert.Contains("cannot be reached: Connection refused; there is no copy of the store in", error, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-word", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_AtOneService_IsServedByTheOtherWithKeysAndAudit()
    {
        var connection = await MigratedAsync();
        await using var one = await new StoredEdge(connection, ("EDGE__API__FIRSTKEY", FirstKey)).StartAsync();
        await using var other = await new StoredEdge(connection, ("EDGE__API__FIRSTKEY", FirstKey)).StartAsync();
        var (uid, slug) = await CreateAsync(one, FirstKey);

        await Wait.ForAsync(() => other.ClickAsync(slug), answer => answer.Status == 302);

        Assert.Equal((302, $"https://example.com/{slug}"), await other.ClickAsync(slug));
        var audit = await other.SendAsync(FirstKey, "GET", "/audit");
        Assert.Equal(
            [("experiment.start", uid), ("experiment.create", uid)],
            audit
                .Json.GetProperty("entries")
                .EnumerateArray()
                .Select(entry => (entry.GetProperty("action").GetString()!, entry.GetProperty("subject").GetString()!))
                .Where(entry => entry.Item2 == uid)
        );
        var issued = await one.CreateKeyAsync();
        await Wait.ForAsync(() => other.SendAsync(issued, "GET"), answer => answer.Status == 200);
        var id = (await one.RunAsync("keys", "list", "--data-dir", one.DataDir)).Output.Trim().Split('\n')[^1].Split('\t')[0];
        Assert.Equal(0, (await other.RunAsync("keys", "revoke", id, "--data-dir", other.DataDir)).ExitCode);
        await Wait.ForAsync(() => one.SendAsync(issued, "GET"), answer => answer.Status == 401);
        Assert.False(File.Exists(Path.Combine(one.DataDir, "keys.json")));
        Assert.False(Directory.Exists(Path.Combine(one.DataDir, "experiments")));
    }

    [Fact]
    public async Task Update_OfTheSameVersionAtTwoServices_IsTakenFromExactlyOne()
    {
        const int Rounds = 4;
        var connection = await MigratedAsync();
        await using var one = await new StoredEdge(connection, ("EDGE__API__FIRSTKEY", FirstKey)).StartAsync();
        await using var other = await new StoredEdge(connection, ("EDGE__API__FIRSTKEY", FirstKey)).StartAsync();
        var (uid, _) = await CreateAsync(one, FirstKey, starts: false);
        await Wait.ForAsync(() => other.SendAsync(FirstKey, "GET", $"/{uid}"), answer => answer.Status == 200);
        for (var round = 0; round < Rounds; round++)
        {
            var tag = (await one.SendAsync(FirstKey, "GET", $"/{uid}")).Headers["ETag"];
            await Wait.ForAsync(
                () => other.SendAsync(FirstKey, "GET", $"/{uid}"),
                answer => answer.Headers["ETag"] == tag
            );

            var answers = await Task.WhenAll(
                one.SendAsync(FirstKey, "PUT", $"/{uid}", $$"""{"name":"one {{round}}"}""", tag),
                other.SendAsync(FirstKey, "PUT", $"/{uid}", $$"""{"name":"other {{round}}"}""", tag)
            );

            Assert.Equal([200, 412], answers.Select(answer => answer.Status).Order());
            var winner = answers.Single(answer => answer.Status == 200).Text("name");
            var stored = await PostgresServer.QueryAsync(connection, "SELECT definition->>'name' FROM edge.experiments");
            Assert.Equal([winner], stored);
            // Who lost sees what has won.
            Assert.Equal(winner, answers.Single(answer => answer.Status == 412).Text("name"));
        }

        Assert.Equal([$"{Rounds + 1}"], await PostgresServer.QueryAsync(connection, "SELECT revision FROM edge.experiments"));
    }

    [Fact]
    public async Task Create_OfOneSlugAtTwoServices_IsTakenFromExactlyOne()
    {
        var connection = await MigratedAsync();
        await using var one = await new StoredEdge(connection, ("EDGE__API__FIRSTKEY", FirstKey)).StartAsync();
        await using var other = await new StoredEdge(connection, ("EDGE__API__FIRSTKEY", FirstKey)).StartAsync();
        var slug = ManagedEdge.NewSlug();

        var answers = await Task.WhenAll(
            one.SendAsync(FirstKey, "POST", "", ManagedEdge.AbTest(slug)),
            other.SendAsync(FirstKey, "POST", "", ManagedEdge.AbTest(slug))
        );

        Assert.Equal([201, 409], answers.Select(answer => answer.Status).Order());
        Assert.Equal("slug-in-use", answers.Single(answer => answer.Status == 409).Problem);
        Assert.Equal(1, await PostgresServer.CountAsync(connection, "edge.experiments"));
    }

    [Fact]
    public async Task Leader_OfTwoServices_IsOneAndFollowedByTheOther()
    {
        var connection = await MigratedAsync();
        await using var one = await new StoredEdge(connection, ("EDGE__API__FIRSTKEY", FirstKey)).StartAsync();
        await one.UntilAsync("edge_store_leader 1");
        await using var other = await new StoredEdge(
            connection,
            ("EDGE__API__FIRSTKEY", FirstKey),
            ("EDGE__STORE__POLLMS", "100")
        ).StartAsync();
        await other.UntilAsync("edge_store_up 1");
        await other.UntilAsync("edge_store_leader 0");

        await one.Edge.KillAsync();

        await other.UntilAsync("edge_store_leader 1");
    }

    [Fact]
    public async Task Create_AtAServiceBesideTheOrigin_ReachesTheEdgesOfThat()
    {
        var connection = await MigratedAsync();
        (string, string)[] fleet = [("EDGE__FLEET__ID", "test"), ("EDGE__FLEET__SECRET", TestFleet.Secret)];
        await using var origin = await new StoredEdge(
            connection,
            [("EDGE__API__FIRSTKEY", FirstKey), ("EDGE__ROLE", "origin"), .. fleet]
        ).StartAsync();
        await using var other = await new StoredEdge(connection, ("EDGE__API__FIRSTKEY", FirstKey)).StartAsync();
        using var data = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(
            data.Path,
            [],
            [
                ("EDGE__ROLE", "edge"),
                ("EDGE__NODE", "edge-1"),
                ("EDGE__FLEET__ORIGINURL", origin.Edge.Address.GetLeftPart(UriPartial.Authority)),
                .. fleet,
            ]
        );

        var (_, slug) = await CreateAsync(other, FirstKey);

        await Wait.ForAsync(
            async () =>
            {
                using var answer = await edge.Client.GetAsync(new Uri($"/s/{slug}/click", UriKind.Relative));
                return answer.StatusCode;
            },
            status => status == HttpStatusCode.Found
        );
    }

    [Fact]
    public async Task Poll_WhenNobodyTells_BringsTheChange()
    {
        var connection = await MigratedAsync();
        await using var edge = await new StoredEdge(
            connection,
            ("EDGE__API__FIRSTKEY", FirstKey),
            ("EDGE__STORE__POLLMS", "100")
        ).StartAsync();
        var (uid, slug) = await CreateAsync(edge, FirstKey);

        await PostgresServer.ExecuteAsync(
            connection,
            "UPDATE edge.experiments SET slug = 'by-hand', revision = revision + 1, change = nextval('edge.changes'),"
                + $" definition = replace(definition::text, '\"slug\": \"{slug}\"', '\"slug\": \"by-hand\"')::json WHERE uid = '{uid}'"
        );

        await Wait.ForAsync(() => edge.ClickAsync("by-hand"), answer => answer.Status == 302);
        await PostgresServer.ExecuteAsync(connection, "DELETE FROM edge.experiments");
        await Wait.ForAsync(() => edge.ClickAsync("by-hand"), answer => answer.Status == 404);
    }

    [Fact]
    public async Task Apply_OfFilesToPostgres_AndExport_GivesTheSameBytes()
    {
        var connection = await MigratedAsync();
        await using var files = new ManagedEdgeSite();
        await files.InitializeAsync();
        await files.CreateAsync(""","hypothesis":"größer <b>" """, "start", "pause", "start");
        await files.CreateAsync("", "start", "complete");
        var (archived, _) = await files.CreateAsync();
        await files.SendAsync("DELETE", $"/{archived}");
        await using var stored = await new StoredEdge(connection, ("EDGE__API__FIRSTKEY", FirstKey)).StartAsync();
        using var first = new TempDirectory();
        using var second = new TempDirectory();

        await ExperimentsAsync(files.Edge, files.Key, "export", first.Path);
        var applied = await ExperimentsAsync(stored.Edge, FirstKey, "apply", "-f", first.Path);
        await ExperimentsAsync(stored.Edge, FirstKey, "export", second.Path);
        var back = await ExperimentsAsync(files.Edge, files.Key, "apply", "-f", second.Path);

        Assert.Equal(3, applied.Count(line => line.StartsWith("created\t", StringComparison.Ordinal)));
        Assert.Equal(3, back.Count(line => line.StartsWith("unchanged\t", StringComparison.Ordinal)));
        foreach (var name in Directory.GetFiles(Path.Combine(files.DataDir, "experiments")).Select(Path.GetFileName))
        {
            var original = await File.ReadAllBytesAsync(Path.Combine(files.DataDir, "experiments", name!));
            Assert.Equal(original, await File.ReadAllBytesAsync(first[name!]));
            Assert.Equal(original, await File.ReadAllBytesAsync(second[name!]));
        }

        Assert.Equal(3, Directory.GetFiles(second.Path).Length);
    }

    [Fact]
    public async Task Server_StoppedAndStartedAgain_IsMissedByNobodyWhoVisits()
    {
        await using var server = await PostgresServer.StartAsync();
        var connection = await server.CreateDatabaseAsync();
        await MigrateAsync(connection);
        await using var edge = await new StoredEdge(connection, ("EDGE__API__FIRSTKEY", FirstKey)).StartAsync();
        await using var other = await new StoredEdge(connection, ("EDGE__API__FIRSTKEY", FirstKey)).StartAsync();
        var (uid, slug) = await CreateAsync(edge, FirstKey);
        await Wait.ForAsync(() => other.ClickAsync(slug), answer => answer.Status == 302);
        var copy = Path.Combine(other.DataDir, "store", "copy");
        await Wait.ForAsync(() => Task.FromResult(File.Exists(copy) ? File.ReadAllText(copy) : ""), text => text.Contains(slug, StringComparison.Ordinal));

        await server.StopAsync();
        await edge.UntilAsync("edge_store_up 0");
        var refused = await edge.SendAsync(FirstKey, "PUT", $"/{uid}", """{"name":"Other"}""");
        var audit = await edge.SendAsync(FirstKey, "GET", "/audit?limit=7");

        Assert.Equal((503, "service-unavailable"), (refused.Status, refused.Problem));
        Assert.Equal("5", refused.Headers["Retry-After"]);
        // Where the server is, is none of a team's business.
        Assert.Equal(
            "The store cannot be used, and nothing has changed",
            refused.Json.GetProperty("detail").GetString()
        );
        Assert.Equal(503, audit.Status);
        Assert.Equal((200, 302), (await edge.PixelAsync(slug), (await edge.ClickAsync(slug)).Status));
        Assert.Equal(200, (await edge.SendAsync(FirstKey, "GET", $"/{uid}")).Status);
        Assert.Equal("ready", (await edge.Edge.Client.GetStringAsync("/readyz")).Trim());

        // Without the server it starts from its copy.
        await other.StartAgainAsync();
        Assert.Equal((200, 302), (await other.PixelAsync(slug), (await other.ClickAsync(slug)).Status));
        Assert.Equal(503, (await other.SendAsync(FirstKey, "PUT", $"/{uid}", """{"name":"Other"}""")).Status);

        await server.StartAgainAsync();
        await edge.UntilAsync("edge_store_up 1");
        await other.UntilAsync("edge_store_up 1");
        var taken = await edge.SendAsync(FirstKey, "PUT", $"/{uid}", """{"name":"Again"}""");

        Assert.Equal((200, "Again"), (taken.Status, taken.Text("name")));
        await Wait.ForAsync(
            () => other.SendAsync(FirstKey, "GET", $"/{uid}"),
            answer => answer.Text("name") == "Again"
        );
        await Wait.ForAsync(
            async () =>
                await edge.Edge.Client.GetStringAsync("/metrics") + await other.Edge.Client.GetStringAsync("/metrics"),
            pages => pages.Contains("edge_store_leader 1\n", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Start_OnAnotherDatabaseThanBefore_IsRefused()
    {
        var connection = await MigratedAsync();
        var another = await MigratedAsync();
        await using var edge = await new StoredEdge(connection, ("EDGE__API__FIRSTKEY", FirstKey)).StartAsync();
        await CreateAsync(edge, FirstKey);
        Assert.Equal(0, await edge.Edge.StopAsync());

        var (exitCode, _, error) = await RunAsync(
            another,
            "serve",
            "--data-dir",
            edge.DataDir,
            "--urls",
            $"http://127.0.0.1:{EdgeProcess.FreePort()}"
        );

        Assert.Equal(1, exitCode);
        Assert.Contains("is another database than the one this node has served from", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Commands_WithPostgresAsTheStore_AskIt()
    {
        var connection = await MigratedAsync();
        await using var edge = await new StoredEdge(connection, ("EDGE__API__FIRSTKEY", FirstKey)).StartAsync();
        var (_, slug) = await CreateAsync(edge, FirstKey);
        await PostgresServer.ExecuteAsync(
            connection,
            "INSERT INTO edge.experiments VALUES ('exp_wrong', 'wrong', 'draft', NULL, 1, nextval('edge.changes'), '{\"uid\":\"exp_wrong\"}')"
        );

        var check = await edge.RunAsync("check", "--data-dir", edge.DataDir);
        var results = await edge.RunAsync("results", slug, "--data-dir", edge.DataDir);
        var doctor = await edge.RunAsync("doctor", "--data-dir", edge.DataDir);
        var settings = await edge.RunAsync("config", "print", "--changed");

        Assert.Contains($"PostgreSQL at 127.0.0.1:{postgres.Server.Port} has 2 experiments", doctor.Output, StringComparison.Ordinal);
        Assert.Contains("Password=(set)", settings.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(PostgresServer.Password, settings.Output, StringComparison.Ordinal);
        Assert.Equal(1, check.ExitCode);
        Assert.Contains("store:exp_wrong", check.Output, StringComparison.Ordinal);
        Assert.Contains("2 experiments checked", check.Output, StringComparison.Ordinal);
        Assert.Equal((0, ""), (results.ExitCode, results.Error));
    }

    [Theory]
    [InlineData(TcpFault.BreakBefore)]
    [InlineData(TcpFault.BreakAfter)]
    public async Task Write_WhoseCommitIsNotAnswered_SaysThatItIsNotKnown(TcpFault fault)
    {
        var connection = await MigratedAsync();
        await using var proxy = new TcpProxy(postgres.Server.Port, "COMMIT\0"u8);
        await using var edge = await new StoredEdge(
            $"{connection};Port={proxy.Port}",
            ("EDGE__API__FIRSTKEY", FirstKey)
        ).StartAsync();
        var (uid, _) = await CreateAsync(edge, FirstKey, starts: false);
        Assert.Equal(200, (await RenameAsync("name 0")).Status);

        // The service reads in transactions, too, so the first commit that the fault meets may be one of these.
        var (before, name, tried) = ("name 0", "", 0);
        for (var isKnown = true; isKnown;)
        {
            name = $"name {++tried}";
            Assert.InRange(tried, 1, 100);
            proxy.Fault = fault;
            var answer = await RenameAsync(name);
            before = answer.Status == 200 ? name : before;
            isKnown = answer.Status == 200 || !answer.Json.ToString().Contains("whether the change was made is not known", StringComparison.Ordinal);
            Assert.True(answer.Status is 200 or 503, answer.Json.ToString());
        }

        var stored = fault == TcpFault.BreakAfter ? name : before;
        Assert.Equal([stored], await PostgresServer.QueryAsync(connection, "SELECT definition->>'name' FROM edge.experiments"));
        await Wait.ForAsync(
            () => edge.SendAsync(FirstKey, "GET", $"/{uid}"),
            answer => answer.Text("name") == stored
        );
        await Wait.ForAsync(() => RenameAsync("later"), static answer => answer.Status == 200);

        Task<ManagedAnswer> RenameAsync(string name) =>
            edge.SendAsync(FirstKey, "PUT", $"/{uid}", $$"""{"name":"{{name}}"}""");
    }

    [Fact]
    public async Task Keys_OfAFile_HoldAfterTheyWereImportedAndComeBackTheSame()
    {
        var connection = await MigratedAsync();
        using var data = new TempDirectory();
        var create = await EdgeProcess.RunAsync(["keys", "create", "--kind", "pictify", "--data-dir", data.Path]);
        await EdgeProcess.RunAsync(["keys", "create", "--kind", "write", "--project", "müller", "--data-dir", data.Path]);
        await using var edge = new StoredEdge(connection);

        var imported = await edge.RunAsync("keys", "import", data["keys.json"]);
        var again = await edge.RunAsync("keys", "import", data["keys.json"]);
        var exported = await edge.RunAsync("keys", "export");
        await edge.StartAsync();

        Assert.Equal((0, "added 2 of 2 keys; the others were there\n", ""), imported);
        Assert.Equal((0, "added 0 of 2 keys; the others were there\n", ""), again);
        Assert.Equal((0, await File.ReadAllTextAsync(data["keys.json"]), ""), exported);
        Assert.Equal(200, (await edge.SendAsync(create.Output.Trim(), "GET")).Status);
    }

    private const string FirstKey = "mk_live_4f8a0c1e9b7d2f6a3c5e8b0d1f7a9c2e";

    private static async Task<string[]> ExperimentsAsync(EdgeProcess edge, string key, params string[] arguments)
    {
        var (exitCode, output, error) = await EdgeProcess.RunAsync(
            ["experiments", .. arguments, "--url", edge.Address.ToString()],
            [("EDGE_KEY", key)]
        );
        Assert.Equal((0, ""), (exitCode, error));
        return output.TrimEnd().Split('\n');
    }

    /// <summary>A service with the embedded store that is this test's alone.</summary>
    private sealed class ManagedEdgeSite : ManagedEdge;
}
