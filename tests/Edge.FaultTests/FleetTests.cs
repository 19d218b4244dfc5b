using System.Diagnostics;
using System.Globalization;
using Edge.FaultTests.Fleets;
using Edge.FaultTests.Scenarios;
using Edge.Tests.Support;
using Xunit;

namespace Edge.FaultTests;

/// <summary>
/// A fleet keeps its promises while its network, its processes, its disks and its clocks fail: two origins over
/// PostgreSQL, edges, and ClickHouse, each on a host of its own.
/// </summary>
public class FleetTests
{
    private const int Edges = 5;
    private const int StepsPerRound = 25;

    [Fact]
    public async Task Fleet_FaultsOfNetworkProcessesDisksAndClocks_EveryEventOnceAndEveryEdgeNewest()
    {
        var output = TestContext.Current.TestOutputHelper!;
        var plan = new FleetPlan(Edges, EdgeBinary.Path, EdgeBinary.Path, FleetFaults.All);
        var report = new RunReport("fleet, all faults", Tier.Seed, Tier.Cycles(10, 1_000));
        var beganAt = Stopwatch.GetTimestamp();
        for (var round = 0; report.CyclesLeft > 0 && Tier.HasTime(beganAt); round++)
        {
            var steps = Math.Min(StepsPerRound, report.CyclesLeft);
            output.WriteLine($"seed {Tier.Seed}, round {round}");
            var run = await FleetRun.OfAsync(plan, Rounds.SeedOf(Tier.Seed, round), steps, output.WriteLine);
            output.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{run.Struck} faults; newest everywhere after {run.ConvergedAfter:F1} s; {run.Check}"
                )
            );
            report.Add(steps, run.Check);
            if (run.Findings.Count > 0)
            {
                await report.WriteAsync();
                Assert.Fail($"seed {Tier.Seed}, round {round}:\n{string.Join('\n', run.Findings)}");
            }
        }

        await report.WriteAsync();
    }
}
