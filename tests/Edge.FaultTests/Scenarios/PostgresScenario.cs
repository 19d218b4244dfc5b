using System.Globalization;
using Edge.Tests.Support;

namespace Edge.FaultTests.Scenarios;

/// <summary>Faults of a PostgreSQL. What is delivered are the rows of the table.</summary>
internal sealed class PostgresScenario(Site site, PostgresServer server, TcpProxy proxy, string connection)
    : ServerFaults(site)
{
    public const string Table = "edge_events";
    public const string BreakConnections = "break connections";
    public const string BreakAfterCommit = "break after commit";

    /// <summary>Long enough for an honest statement, short enough to run out while somebody holds the table.</summary>
    private const int StatementTimeoutMs = 1_000;

    private static readonly string[] Faults =
    [
        KillEdge,
        "kill server",
        "restart server",
        BreakConnections,
        "break before commit",
        BreakAfterCommit,
        "silence",
        "lock",
        "disk full",
    ];

    /// <summary>A round with a data directory, a server and a table of its own.</summary>
    /// <param name="binary">The build under test.</param>
    /// <param name="settings">Environment of the service.</param>
    /// <param name="fault">The one fault to make; null for all of them.</param>
    public static Rounds.Round On(
        string binary,
        (string Name, string Value)[]? settings = null,
        string? fault = null
    ) =>
        async (random, cycles) =>
        {
            await using var server = await PostgresServer.StartAsync();
            await using var proxy = new TcpProxy(server.Port, "COMMIT\0"u8);
            using var directory = new TempDirectory();
            var connection = await server.CreateDatabaseAsync();
            var site = new Site(
                directory.Path,
                binary,
                random,
                [.. SinkSettings($"{connection};Port={proxy.Port}"), .. settings ?? []]
            )
            {
                Delivered = () => RowsAsync(connection),
                HasDelivered = referrer => HasRowAsync(connection, referrer),
            };
            return await new PostgresScenario(site, server, proxy, connection).RunAsync(
                directory.Path,
                SinkSettings(connection),
                fault is null ? Faults : [fault],
                cycles
            );
        };

    protected override async Task StrikeAsync(string fault, Func<Task> meanwhile)
    {
        switch (fault)
        {
            case KillEdge:
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
            case BreakConnections:
                proxy.BreakAll();
                await meanwhile();
                break;
            case "break before commit" or BreakAfterCommit:
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
                var holding = PostgresServer.ExecuteAsync(
                    connection,
                    $"BEGIN; LOCK TABLE {Table} IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep({Seconds(StatementTimeoutMs + Site.Random.Next(OutageMaxMs))}); COMMIT"
                );
                await OutageAsync(meanwhile);
                await holding;
                break;
            default:
                // What the server answers when its disk is full, without filling one.
                await PostgresServer.ExecuteAsync(
                    connection,
                    "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$;"
                        + $" CREATE TRIGGER full_disk BEFORE INSERT ON {Table} FOR EACH STATEMENT EXECUTE FUNCTION refuse()"
                );
                await OutageAsync(meanwhile);
                await PostgresServer.ExecuteAsync(connection, $"DROP TRIGGER full_disk ON {Table}");
                break;
        }
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
        await PostgresServer.QueryAsync(connection, $"SELECT 1 FROM {Table} WHERE referrer = '{referrer}' LIMIT 1")
            is [_];
}
