using System.Text;
using Edge.Tests.Support;

namespace Edge.FaultTests.Scenarios;

/// <summary>
/// Faults of a ClickHouse. What is delivered are the rows after merging (<c>FINAL</c>), so a row that is there twice is
/// a finding.
/// </summary>
internal sealed class ClickHouseScenario(Site site, ClickHouseServer server, TcpProxy proxy) : ServerFaults(site)
{
    public const string Table = "edge_events";

    private static readonly string[] Faults =
    [
        KillEdge,
        "kill server",
        "restart server",
        "refuse",
        "break connections",
        "break before insert",
        "break after insert",
        "silence",
        "slow",
        "500",
        "429",
    ];

    /// <summary>A round with a data directory, a server and a table of its own.</summary>
    /// <param name="binary">The build under test.</param>
    /// <param name="settings">Environment of the service.</param>
    public static Rounds.Round On(string binary, params (string Name, string Value)[] settings) =>
        async (random, cycles) =>
        {
            await using var server = await ClickHouseServer.StartAsync();
            await using var proxy = new TcpProxy(server.Port, "INSERT%20INTO"u8);
            using var directory = new TempDirectory();
            var site = new Site(directory.Path, binary, random, [.. SinkSettings(proxy.Port), .. settings])
            {
                Delivered = () =>
                    server.LinesAsync(
                        $"SELECT id, type, experiment, referrer FROM {Table} FINAL ORDER BY id FORMAT JSONEachRow"
                    ),
                // Referrers hold no quotes.
                HasDelivered = async referrer =>
                    await server.CountAsync($"SELECT count() FROM {Table} WHERE referrer = '{referrer}'") > 0,
            };
            return await new ClickHouseScenario(site, server, proxy).RunAsync(
                directory.Path,
                SinkSettings(server.Port),
                Faults,
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
            case "kill server" or "restart server":
                await (fault == "kill server" ? server.KillAsync() : server.StopAsync());
                await OutageAsync(meanwhile);
                await server.StartAgainAsync();
                break;
            case "break connections":
                proxy.BreakAll();
                await meanwhile();
                break;
            default:
                proxy.Answer =
                    fault == "429"
                        ? Answer("429 Too Many Requests", "Retry-After: 1\r\n")
                        : Answer("500 Internal Server Error", "");
                proxy.Fault = fault switch
                {
                    "refuse" => TcpFault.Refuse,
                    "break before insert" => TcpFault.BreakBefore,
                    "break after insert" => TcpFault.BreakAfter,
                    "silence" => TcpFault.BlackHole,
                    "slow" => TcpFault.Slow,
                    _ => TcpFault.Answer,
                };
                await OutageAsync(meanwhile);
                proxy.Fault = TcpFault.None;
                // What was swallowed is missing in the middle of a request, so such a connection can only be broken.
                if (fault == "silence")
                {
                    proxy.BreakAll();
                }

                break;
        }
    }

    private static byte[] Answer(string status, string headers) =>
        Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\n{headers}Content-Length: 0\r\nConnection: close\r\n\r\n");

    private static (string Name, string Value)[] SinkSettings(int port) =>
        [
            ("EDGE__SINKS__FILE__ENABLED", "false"),
            ("EDGE__SINKS__WAREHOUSE__TYPE", "clickhouse"),
            ("EDGE__SINKS__WAREHOUSE__URL", $"http://127.0.0.1:{port}/"),
            ("EDGE__SINKS__WAREHOUSE__TABLE", Table),
            ("EDGE__SINKS__WAREHOUSE__PASSWORD", ClickHouseServer.Password),
            ("EDGE__SINKS__WAREHOUSE__LINGERMS", "50"),
            ("EDGE__SINKS__WAREHOUSE__REQUESTTIMEOUTMS", "1500"),
            ("EDGE__SINKS__WAREHOUSE__RETRYCEILINGMS", "200"),
        ];
}
