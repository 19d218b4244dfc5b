using System.Globalization;
using Edge.Tests.Support;

namespace Edge.FaultTests.Scenarios;

/// <summary>
/// Traffic into a service whose one sink is a PostgreSQL behind a proxy; every cycle one fault of the server, the connection or the service.
/// What is delivered are the rows of the table. A repeated or missing row is a finding, and so is a dead letter.
/// </summary>
internal sealed class PostgresScenario(Site site, PostgresServer server, TcpProxy proxy, string connection)
{
    public const string Table = "edge_events";

    private const int TrafficMinMs = 100;
    private const int TrafficMaxMs = 400;
    private const int OutageMinMs = 50;
    private const int OutageMaxMs = 600;

    /// <summary>Long enough for an honest statement, short enough to run out while somebody holds the table.</summary>
    private const int StatementTimeoutMs = 1_000;

    private static readonly string[] Faults =
        ["kill edge", "kill server", "restart server", "break connections", "break before commit", "break after commit", "silence", "lock", "disk full"];

    /// <summary>A round with a data directory, a server and a table of its own.</summary>
    /// <param name="binary">The build under test.</param>
    /// <param name="settings">Environment of the service.</param>
    public static Rounds.Round On(string binary, params (string Name, string Value)[] settings) => async (random, cycles) =>
    {
        await using var server = await PostgresServer.StartAsync();
        await using var proxy = new TcpProxy(server.Port, "COMMIT\0"u8);
        using var directory = new TempDirectory();
        var connection = await server.CreateDatabaseAsync();
        var site = new Site(directory.Path, binary, random, [.. SinkSettings($"{connection};Port={proxy.Port}"), .. settings])
        {
            Delivered = () => RowsAsync(connection),
            HasDelivered = referrer => HasRowAsync(connection, referrer),
        };
        var (exitCode, _, error) = await EdgeProcess.RunAsync(["sink", "init", "warehouse"], SinkSettings(connection));
        if (exitCode != 0) site.Add($"sink init: {error}");
        var scenario = new PostgresScenario(site, server, proxy, connection);
        for (var i = 0; i < cycles && site.IsClean; i++) await scenario.RunAsync(Faults[random.Next(Faults.Length)]);
        var verdict = await site.JudgeAsync();
        if (verdict.Duplicates > 0) site.Add($"{verdict.Duplicates} rows stand there twice");
        if (Directory.Exists(Path.Combine(directory.Path, "dead-letters", "warehouse"))) site.Add("good events were set aside as dead letters");
        return (site, verdict);
    };

    private async Task RunAsync(string fault)
    {
        site.Cycles++;
        if (await site.StartAsync() is not { } edge) return;
        await using (edge)
        {
            var crowd = site.SendCrowd(edge);
            await Task.Delay(site.Random.Next(TrafficMinMs, TrafficMaxMs));
            var killsEdge = fault == "kill edge" || site.Random.Next(2) == 0;
            await StrikeAsync(fault, killsEdge ? edge.KillAsync : () => Task.CompletedTask);
            if (!killsEdge) await Task.Delay(site.Random.Next(TrafficMaxMs));
            await edge.KillAsync();
            await site.EndAsync(crowd);
        }
    }

    /// <summary>The fault, the service's end in the middle of it if so chosen, and the end of the fault.</summary>
    private async Task StrikeAsync(string fault, Func<Task> meanwhile)
    {
        switch (fault)
        {
            case "kill edge":
                await meanwhile();
                break;
            case "kill server":
                await server.KillAsync();
                await OutageAsync(meanwhile);
                await server.StartAgainAsync();
                break;
            case "restart server":
                await server.StopAsync();
                await OutageAsync(meanwhile);
                await server.StartAgainAsync();
                break;
            case "break connections":
                proxy.BreakAll();
                await meanwhile();
                break;
            case "break before commit" or "break after commit":
                proxy.Fault = fault == "break before commit" ? TcpFault.BreakBefore : TcpFault.BreakAfter;
                await OutageAsync(meanwhile);
                proxy.Fault = TcpFault.None;
                break;
            case "silence":
                proxy.Fault = TcpFault.BlackHole;
                await OutageAsync(meanwhile);
                proxy.Fault = TcpFault.None;
                // What was swallowed is missing in the middle of the stream, so such a connection can only be broken.
                proxy.BreakAll();
                break;
            case "lock":
                var holding = PostgresServer.ExecuteAsync(connection,
                    $"BEGIN; LOCK TABLE {Table} IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep({Seconds(StatementTimeoutMs + site.Random.Next(OutageMaxMs))}); COMMIT");
                await OutageAsync(meanwhile);
                await holding;
                break;
            default:
                // What the server answers when its disk is full, without filling one.
                await PostgresServer.ExecuteAsync(connection,
                    "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$;"
                    + $" CREATE TRIGGER full_disk BEFORE INSERT ON {Table} FOR EACH STATEMENT EXECUTE FUNCTION refuse()");
                await OutageAsync(meanwhile);
                await PostgresServer.ExecuteAsync(connection, $"DROP TRIGGER full_disk ON {Table}");
                break;
        }
    }

    private async Task OutageAsync(Func<Task> meanwhile)
    {
        var outageMs = site.Random.Next(OutageMinMs, OutageMaxMs);
        await Task.Delay(outageMs / 2);
        await meanwhile();
        await Task.Delay(outageMs / 2);
    }

    private static string Seconds(int milliseconds) => (milliseconds / 1_000.0).ToString(CultureInfo.InvariantCulture);

    private static (string Name, string Value)[] SinkSettings(string connection) =>
    [
        ("EDGE__SINKS__FILE__ENABLED", "false"),
        ("EDGE__SINKS__WAREHOUSE__TYPE", "postgres"),
        ("EDGE__SINKS__WAREHOUSE__CONNECTION", connection),
        ("EDGE__SINKS__WAREHOUSE__TABLE", Table),
        ("EDGE__SINKS__WAREHOUSE__STATEMENTTIMEOUTMS", StatementTimeoutMs.ToString(CultureInfo.InvariantCulture)),
        ("EDGE__SINKS__WAREHOUSE__RETRYCEILINGMS", "200"),
    ];

    /// <summary>Events in the order of their ids, which is the order they were received in.</summary>
    private static async Task<string[]> RowsAsync(string connection) =>
        await PostgresServer.QueryAsync(connection, $"SELECT payload::text FROM {Table} ORDER BY id");

    /// <summary>Referrers are letters, digits and slashes.</summary>
    private static async Task<bool> HasRowAsync(string connection, string referrer) =>
        await PostgresServer.QueryAsync(connection, $"SELECT 1 FROM {Table} WHERE referrer = '{referrer}' LIMIT 1") is [_];
}
