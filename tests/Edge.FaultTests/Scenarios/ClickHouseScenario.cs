using System.Text;
using Edge.Tests.Support;

namespace Edge.FaultTests.Scenarios;

/// <summary>
/// Traffic into a service whose one sink is a ClickHouse behind a proxy; every cycle one fault of the server, the connection or the service,
/// half of them with a kill -9 of the service in the middle. What is delivered are the rows after merging (<c>FINAL</c>), so a row that is
/// there twice is a finding, and so is a dead letter.
/// </summary>
internal sealed class ClickHouseScenario(Site site, ClickHouseServer server, TcpProxy proxy)
{
    public const string Table = "edge_events";

    private const int TrafficMinMs = 100;
    private const int TrafficMaxMs = 400;
    private const int OutageMinMs = 50;
    private const int OutageMaxMs = 600;

    private static readonly string[] Faults =
        ["kill edge", "kill server", "restart server", "refuse", "break connections", "break before insert", "break after insert", "silence", "slow", "500", "429"];

    /// <summary>A round with a data directory, a server and a table of its own.</summary>
    /// <param name="binary">The build under test.</param>
    /// <param name="settings">Environment of the service.</param>
    public static Rounds.Round On(string binary, params (string Name, string Value)[] settings) => async (random, cycles) =>
    {
        await using var server = await ClickHouseServer.StartAsync();
        await using var proxy = new TcpProxy(server.Port, "INSERT%20INTO"u8);
        using var directory = new TempDirectory();
        var site = new Site(directory.Path, binary, random, [.. SinkSettings(proxy.Port), .. settings])
        {
            Delivered = () => server.LinesAsync($"SELECT id, type, experiment, referrer FROM {Table} FINAL ORDER BY id FORMAT JSONEachRow"),
            // Referrers hold no quotes.
            HasDelivered = async referrer => await server.CountAsync($"SELECT count() FROM {Table} WHERE referrer = '{referrer}'") > 0,
        };
        var (exitCode, _, error) = await EdgeProcess.RunAsync(["sink", "init", "warehouse"], SinkSettings(server.Port));
        if (exitCode != 0) site.Add($"sink init: {error}");
        var scenario = new ClickHouseScenario(site, server, proxy);
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
                proxy.Answer = fault == "429" ? Answer("429 Too Many Requests", "Retry-After: 1\r\n") : Answer("500 Internal Server Error", "");
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
                if (fault == "silence") proxy.BreakAll();
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
