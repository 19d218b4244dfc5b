using Edge.FaultTests.Fleets;
using Xunit;

namespace Edge.FaultTests;

/// <summary>The faults of a fleet find the mistakes they are made for, and nothing without them.</summary>
public class PlantedFleetTests
{
    private const int Edges = 3;
    private const int RoundsAtMost = 10;
    private const int StepsPerRound = 3;

    [Fact]
    public Task PlantedBug_CursorBeforeClickHouse_IsCaughtByTheFleet() =>
        CatchAsync(
            "cursor-before-sink",
            "lost",
            FleetFaults.CutFromClickHouse,
            FleetFaults.KillClickHouse,
            FleetFaults.KillEdge
        );

    [Fact]
    public Task PlantedBug_OlderEditionTaken_IsCaughtByTheFleet() =>
        CatchAsync("older-catalog", "of the catalog back to", FleetFaults.OlderEdition);

    private static async Task CatchAsync(string bug, string finding, params string[] faults)
    {
        var output = TestContext.Current.TestOutputHelper!;
        var plan = new FleetPlan(Edges, FaultBuild.Path, FaultBuild.Path, faults);
        var healthy = await FleetRun.OfAsync(plan, Tier.Seed, StepsPerRound, output.WriteLine);
        Assert.True(healthy.Findings.Count == 0, $"without a bug, seed {Tier.Seed}:\n{string.Join('\n', healthy.Findings)}");

        var planted = plan with { EdgeSettings = [(Scenarios.Site.PlantedBug, bug)] };
        for (var round = 1; round <= RoundsAtMost; round++)
        {
            var run = await FleetRun.OfAsync(planted, Tier.Seed + round, StepsPerRound, output.WriteLine);
            // The same mistake may show elsewhere first, as in the counts.
            if (run.Findings.FirstOrDefault(found => found.Contains(finding, StringComparison.Ordinal)) is { } caught)
            {
                output.WriteLine($"| {bug} | seed {Tier.Seed} | caught in round {round} | {run.Check} | {caught} |");
                return;
            }
        }

        Assert.Fail($"{bug} was not caught in {RoundsAtMost} rounds, seed {Tier.Seed}");
    }
}
