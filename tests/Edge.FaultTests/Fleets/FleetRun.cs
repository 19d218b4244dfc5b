using System.Diagnostics;
using System.Globalization;
using Edge.FaultTests.Oracle;
using Edge.Tests.Support;

namespace Edge.FaultTests.Fleets;

/// <summary>
/// Some minutes in the life of a fleet: in each step some faults strike at once, somebody changes experiments, and the
/// faults end one after the other. Then everything has to be right again, and every event where it belongs.
/// </summary>
internal sealed class FleetRun
{
    private const int StrikeMinMs = 300;
    private const int StrikeMaxMs = 3_000;
    private const int HealMaxMs = 400;
    private const int RestMinMs = 100;
    private const int RestMaxMs = 600;
    private const int Draws = 20;

    /// <summary>
    /// The time a build with a planted bug has at the end: some show by what never comes, and waiting for it is most of
    /// their test.
    /// </summary>
    private static readonly TimeSpan PlantedTime = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan PollPause = TimeSpan.FromMilliseconds(50);

    private readonly FleetSite _site;
    private readonly FleetPlan _plan;
    private readonly FleetFaults _faults;
    private readonly Action<string> _log;

    private FleetRun(FleetSite site, FleetPlan plan, Action<string> log) =>
        (_site, _plan, _log, _faults) = (site, plan, log, new FleetFaults(site));

    /// <summary>Faults that have struck.</summary>
    public int Struck { get; private set; }

    /// <summary>From the end of the last fault until every edge served the newest edition, seconds.</summary>
    public double ConvergedAfter { get; private set; }

    public DeliveryCheck Check { get; private set; } = null!;

    public IReadOnlyList<string> Findings => _site.Findings;

    /// <summary>Goes through so many steps and the end.</summary>
    /// <param name="plan">The fleet, and what can happen to it.</param>
    /// <param name="seed">Decides every choice.</param>
    /// <param name="steps">How often faults strike.</param>
    /// <param name="log">Is told what happens.</param>
    public static async Task<FleetRun> OfAsync(FleetPlan plan, int seed, int steps, Action<string> log)
    {
        var random = new Random(seed);
        await using var site = await FleetSite.StartAsync(plan, random);
        var run = new FleetRun(site, plan, log);
        var traffic = new FleetTraffic(site.Ledger, site.Edges, new Random(random.Next()));
        try
        {
            for (var step = 1; step <= steps && site.IsClean; step++)
            {
                await run.StepAsync(step);
            }

            if (site.IsClean)
            {
                await run.ConvergeAsync();
            }
        }
        finally
        {
            site.Add(await traffic.EndAsync());
        }

        await run.JudgeAsync();
        return run;
    }

    private async Task StepAsync(int step)
    {
        var faults = Draw();
        Struck += faults.Count;
        _log($"step {step}: {string.Join("; ", faults.Select(fault => fault.Name))}");
        foreach (var fault in faults)
        {
            await fault.StrikeAsync();
        }

        await _site.EditAsync();
        await Task.Delay(_site.Random.Next(StrikeMinMs, StrikeMaxMs));
        foreach (var fault in faults.OrderBy(_ => _site.Random.Next()).ToArray())
        {
            await fault.HealAsync();
            await Task.Delay(_site.Random.Next(HealMaxMs));
        }

        foreach (var edge in _site.Edges.Where(edge => edge.IsOpen))
        {
            _site.Add(await edge.CheckVersionAsync());
        }

        foreach (var node in _site.Nodes)
        {
            _site.Add(await node.CheckAliveAsync());
        }

        await Task.Delay(_site.Random.Next(RestMinMs, RestMaxMs));
    }

    /// <summary>Some faults of which no two touch the same.</summary>
    private List<FleetFault> Draw()
    {
        var faults = new List<FleetFault>();
        var held = new HashSet<string>(StringComparer.Ordinal);
        var wanted = _site.Random.Next(1, _plan.AtATime + 1);
        for (var i = 0; i < Draws && faults.Count < wanted; i++)
        {
            var fault = _faults.Draw(_plan.Faults[_site.Random.Next(_plan.Faults.Count)]);
            if (!fault.Holds.Any(held.Contains))
            {
                held.UnionWith(fault.Holds);
                faults.Add(fault);
            }
        }

        return faults;
    }

    /// <summary>
    /// Faults are over: a change succeeds, and every edge serves it, with all that was ever confirmed, in the newest
    /// edition.
    /// </summary>
    private async Task ConvergeAsync()
    {
        var clock = Stopwatch.StartNew();
        await ComesAsync("a change at the origins", () => _site.EditAsync());
        foreach (var edge in _site.Edges)
        {
            await ComesAsync($"the newest edition at {edge.Name}", () => IsNewestAsync(edge));
        }

        ConvergedAfter = clock.Elapsed.TotalSeconds;
        foreach (var edge in _site.Edges)
        {
            _site.Add(await edge.CheckVersionAsync());
        }
    }

    private async Task<bool> IsNewestAsync(FleetNode edge)
    {
        if (await edge.VersionAsync() != await _site.Leader.VersionAsync())
        {
            return false;
        }

        foreach (var slug in _site.Expected)
        {
            if (!await edge.ServesAsync(slug))
            {
                return false;
            }
        }

        return true;
    }

    private async Task JudgeAsync()
    {
        var isOver = _site.IsClean;
        if (isOver)
        {
            await CheckLedgersAsync();
        }

        var lines = await _site.ClickHouse.LinesAsync(
            $"SELECT id, type, experiment, referrer FROM {FleetSite.Table} FINAL ORDER BY id FORMAT JSONEachRow"
        );
        Check = DeliveryCheck.Of(_site.Ledger, lines);
        if (!isOver)
        {
            // Something else is wrong, and nobody has waited for the rest.
            return;
        }

        // Clocks that jump put the ids of a visitor out of order.
        _site.Add(Check.Findings.Where(finding => !finding.Contains(DeliveryCheck.DisorderKind, StringComparison.Ordinal)));
        if (Check.Duplicates > 0)
        {
            _site.Add($"{Check.Duplicates} rows stand there twice");
        }
    }

    /// <summary>What every node has counted, for itself and together, beside what the visitors and ClickHouse know.</summary>
    private async Task CheckLedgersAsync()
    {
        var edges = new Dictionary<string, Counters>(StringComparer.Ordinal);
        foreach (var node in _site.Edges.Concat(_site.Origins))
        {
            // Edges first: some of them send their events through an origin.
            await ComesAsync(
                $"the last event of {node.Name} at its sink",
                async () => await node.CountersAsync() is { Pending: 0, InFlight: 0 }
            );
            var counters = await node.CountersAsync();
            _site.Add(counters.BrokenEquations().Select(broken => $"{node.Name}: {broken}"));
            if (counters.Sinks.Sum(sink => sink.DeadLettered + sink.Skipped) > 0)
            {
                _site.Add($"{node.Name} has dead letters, or has skipped events: {string.Join("; ", counters.Sinks)}");
            }

            if (_site.Edges.Contains(node))
            {
                edges.Add(node.Name, counters);
            }
        }

        var stored = edges.Values.Sum(counters => counters.Stored);
        var (acknowledged, attempted) = (_site.Ledger.Count(Promise.Disk), _site.Ledger.Attempted);
        if (stored < acknowledged || stored > attempted)
        {
            _site.Add($"{attempted} events were sent and {acknowledged} acknowledged, and the edges have stored {stored}");
        }

        if (edges.Values.Sum(counters => counters.Received) is var received && received > attempted)
        {
            _site.Add($"{attempted} events were sent, and the edges have received {received}");
        }

        var rows = await _site.ClickHouse.LinesAsync(
            $"SELECT node, count() FROM {FleetSite.Table} FINAL GROUP BY node ORDER BY node FORMAT TabSeparated"
        );
        var expected = edges
            .Where(edge => edge.Value.Stored > 0)
            .OrderBy(edge => edge.Key, StringComparer.Ordinal)
            .Select(edge => string.Create(CultureInfo.InvariantCulture, $"{edge.Key}\t{edge.Value.Stored}"));
        if (!rows.SequenceEqual(expected))
        {
            _site.Add($"ClickHouse has {string.Join(", ", rows)}, and stored is {string.Join(", ", expected)}");
        }
    }

    /// <summary>What does not come in time is a finding.</summary>
    private async Task ComesAsync(string what, Func<Task<bool>> hasCome)
    {
        var time = _plan.EdgeSettings.Length > 0 ? PlantedTime : Wait.Limit;
        var clock = Stopwatch.StartNew();
        while (_site.IsClean)
        {
            try
            {
                if (await hasCome())
                {
                    return;
                }
            }
            catch (HttpRequestException e)
            {
                _site.Add($"{what}: {e.Message}");
                return;
            }

            if (clock.Elapsed > time)
            {
                _site.Add($"{what} did not come within {time.TotalSeconds:F0} s");
                return;
            }

            await Task.Delay(PollPause);
        }
    }
}
