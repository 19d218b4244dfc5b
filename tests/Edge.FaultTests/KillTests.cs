using Edge.FaultTests.Scenarios;
using Edge.Tests.Support;
using Xunit;

namespace Edge.FaultTests;

/// <summary>An acknowledged event survives kill -9.</summary>
public class KillTests
{
    [Fact]
    public Task Kill9_AtRandomMoments_LosesNothingAcknowledged() =>
        Rounds.RunAsync(
            "kill -9, random moments",
            Tier.Cycles(50, 3_000),
            Rounds.On(EdgeBinary.Path, KillScenario.AtRandomMomentsAsync)
        );

    [Fact]
    public Task Kill9_AtPlantedPoints_LosesNothingAcknowledged() =>
        Rounds.RunAsync(
            "kill -9, planted points",
            Tier.Cycles(2, 50) * KillPoint.All.Length,
            Rounds.On(FaultBuild.Path, (site, cycles) => KillScenario.AtPlantedPointsAsync(site, cycles, KillPoint.All))
        );
}
