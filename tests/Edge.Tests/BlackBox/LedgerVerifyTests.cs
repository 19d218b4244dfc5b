using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>The journal against what real servers have, by id, whole and with a part taken away.</summary>
public sealed class LedgerVerifyTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const int Pixels = 25;

    [Fact]
    public async Task Verify_OfPostgres_FindsWhatWasDeleted()
    {
        var connection = await postgres.Server.CreateDatabaseAsync();
        await CheckAsync(
            [("EDGE__SINKS__TABLE__TYPE", "postgres"), ("EDGE__SINKS__TABLE__CONNECTION", connection)],
            async () => (await PostgresServer.QueryAsync(connection, "SELECT min(id::text) FROM edge_events"))[0],
            id => PostgresServer.ExecuteAsync(connection, $"DELETE FROM edge_events WHERE id = '{id}'")
        );
    }

    [Fact]
    public async Task Verify_OfClickHouse_FindsWhatWasDeleted()
    {
        await using var server = await ClickHouseServer.StartAsync();
        await CheckAsync(
            [
                ("EDGE__SINKS__TABLE__TYPE", "clickhouse"),
                ("EDGE__SINKS__TABLE__URL", $"http://127.0.0.1:{server.Port}"),
                ("EDGE__SINKS__TABLE__PASSWORD", ClickHouseServer.Password),
            ],
            async () => (await server.QueryAsync("SELECT toString(min(id)) FROM edge_events")).Trim(),
            async id =>
            {
                await server.QueryAsync($"ALTER TABLE edge_events DELETE WHERE id = '{id}'");
                await Wait.ForAsync(() => server.CountAsync("SELECT count() FROM edge_events"), count => count == Pixels - 1);
            }
        );
    }

    [Fact]
    public async Task Verify_OfASinkThatCannotBeAsked_SaysWhy()
    {
        using var data = new TempDirectory();

        var (exitCode, _, error) = await EdgeProcess.RunAsync(["ledger", "verify", "--sink", "file", "--data-dir", data.Path]);

        Assert.Equal(2, exitCode);
        Assert.Contains("cannot be asked for events", error, StringComparison.Ordinal);
    }

    private static async Task CheckAsync((string, string)[] settings, Func<Task<string>> firstId, Func<string, Task> delete)
    {
        using var data = new TempDirectory();
        var made = await EdgeProcess.RunAsync(["sink", "init", "table", "--data-dir", data.Path], settings);
        Assert.True(made.ExitCode == 0, made.Error);
        await using var edge = await EdgeProcess.StartAsync(data.Path, environment: settings);
        for (var i = 0; i < Pixels; i++)
        {
            (await edge.Client.GetAsync($"/s/demo-ab/pixel.gif?n={i}")).EnsureSuccessStatusCode();
        }

        await Wait.ForAsync(
            () => edge.Client.GetStringAsync("/metrics"),
            page => page.Contains($"edge_sink_forwarded_total{{sink=\"table\"}} {Pixels}\n", StringComparison.Ordinal)
        );
        // The cursor is on disk a moment later.
        string[] arguments = ["ledger", "verify", "--sink", "table", "--data-dir", data.Path];
        var whole = await Wait.ForAsync(
            () => EdgeProcess.RunAsync(arguments, settings),
            result => result.Output.Contains($"{Pixels} there", StringComparison.Ordinal)
        );
        Assert.True(whole.ExitCode == 0, whole.Output + whole.Error);
        Assert.Contains(", 0 missing", whole.Output, StringComparison.Ordinal);

        var id = await firstId();
        await delete(id);
        var lacking = await EdgeProcess.RunAsync(arguments, settings);

        Assert.Equal(1, lacking.ExitCode);
        Assert.Contains($"missing: {id}\n", lacking.Output, StringComparison.Ordinal);
        Assert.Contains($"{Pixels - 1} there, 0 filtered, 0 dead letters, 1 missing", lacking.Output, StringComparison.Ordinal);
    }
}
