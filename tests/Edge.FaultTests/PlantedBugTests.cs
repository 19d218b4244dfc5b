using Edge.FaultTests.Scenarios;
using Xunit;

namespace Edge.FaultTests;

/// <summary>
/// The zeros of the other tests count only if these tests would notice a mistake. Each planted bug is a mistake that
/// journals have really made; the fault build has it when told to, and the scenario made for it must see it. Without
/// the bug the same scenario sees nothing.
/// </summary>
public class PlantedBugTests
{
    private const int CyclesAtMost = 50;
    private const int CyclesWithoutBug = 2;

    [Fact]
    public Task PlantedBug_AcknowledgeBeforeCommit_IsCaughtWithin50Cycles() =>
        CatchAsync(
            "ack-before-commit",
            settings => Rounds.On(FaultBuild.Path, KillScenario.AtRandomMomentsAsync, settings)
        );

    [Fact]
    public Task PlantedBug_NoFsync_IsCaughtWithin50Cycles() =>
        CatchAsync("no-fsync", settings => PowerCutScenario.On(FaultBuild.Path, settings));

    [Fact]
    public Task PlantedBug_OneSlot_IsCaughtWithin50Cycles() =>
        CatchAsync("one-slot", settings => Rounds.On(FaultBuild.Path, TornSlotScenario.RunAsync, settings));

    [Fact]
    public Task PlantedBug_CursorBeforeSink_IsCaughtWithin50Cycles() =>
        CatchAsync(
            "cursor-before-sink",
            settings => Rounds.On(FaultBuild.Path, BlockedSinkScenario.RunAsync, settings)
        );

    [Fact]
    public Task PlantedBug_TruncateBeforeCursor_IsCaughtWithin50Cycles() =>
        CatchAsync(
            "truncate-before-cursor",
            settings => Rounds.On(FaultBuild.Path, BlockedSinkScenario.RunAsync, settings)
        );

    [Fact]
    public Task PlantedBug_IgnoredIteratorError_IsCaughtWithin50Cycles() =>
        CatchAsync(
            "ignore-iterator-error",
            settings => Rounds.On(FaultBuild.Path, ReadErrorScenario.RunAsync, settings)
        );

    [Fact]
    public Task PlantedBug_UncheckedRecord_IsCaughtWithin50Cycles() =>
        CatchAsync(
            "unchecked-record",
            settings => Rounds.On(FaultBuild.Path, DamagedRecordScenario.RunAsync, settings, damagesRecords: true)
        );

    [Fact]
    public Task PlantedBug_RowsThatMayRepeat_IsCaughtWithin50Cycles() =>
        CatchAsync(
            "repeated-rows",
            settings => PostgresScenario.On(FaultBuild.Path, settings, PostgresScenario.BreakAfterCommit)
        );

    [Fact]
    public Task PlantedBug_DeliveredWithoutCommitOfTheServer_IsCaughtWithin50Cycles() =>
        CatchAsync(
            "no-server-commit",
            settings => PostgresScenario.On(FaultBuild.Path, settings, PostgresScenario.BreakConnections)
        );

    [Fact]
    public Task PlantedBug_CursorBeforePostgres_IsCaughtWithin50Cycles() =>
        CatchAsync("cursor-before-sink", settings => PostgresScenario.On(FaultBuild.Path, settings));

    [Fact]
    public Task PlantedBug_CursorBeforeClickHouse_IsCaughtWithin50Cycles() =>
        CatchAsync("cursor-before-sink", settings => ClickHouseScenario.On(FaultBuild.Path, settings));

    [Fact]
    public Task PlantedBug_AnotherTokenAtEveryTry_IsCaughtWithin50Cycles() =>
        CatchAsync("changed-token", settings => HttpScenario.On(FaultBuild.Path, settings));

    [Fact]
    public Task PlantedBug_DeadLetterAfterTheCursor_IsCaughtWithin50Cycles() =>
        CatchAsync(
            "late-dead-letter",
            settings => HttpScenario.On(FaultBuild.Path, settings, HttpScenario.BeforeDeadLetter)
        );

    private static async Task CatchAsync(string bug, Func<(string Name, string Value)[], Rounds.Round> scenario)
    {
        var output = TestContext.Current.TestOutputHelper!;
        var (healthy, check) = await scenario([])(new Random(Tier.Seed), CyclesWithoutBug);
        Assert.True(
            healthy.IsClean,
            $"without a bug, seed {Tier.Seed} ({check}):\n{string.Join('\n', healthy.Findings)}"
        );

        for (var cycle = 1; cycle <= CyclesAtMost; cycle++)
        {
            var (site, seen) = await scenario([(Site.PlantedBug, bug)])(new Random(Tier.Seed + cycle), 1);
            if (site.IsClean)
            {
                continue;
            }

            output.WriteLine($"| {bug} | seed {Tier.Seed} | caught in cycle {cycle} | {seen} | {site.Findings[0]} |");
            return;
        }
        Assert.Fail($"{bug} was not caught in {CyclesAtMost} cycles, seed {Tier.Seed}");
    }
}
