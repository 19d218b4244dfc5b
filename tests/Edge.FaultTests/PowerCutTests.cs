using Edge.FaultTests.Scenarios;
using Edge.Tests.Support;
using Xunit;

namespace Edge.FaultTests;

/// <summary>An acknowledged event survives a power cut.</summary>
public class PowerCutTests
{
    [Fact]
    public Task PowerCut_AtRandomMoments_LosesNothingAcknowledged() =>
        Rounds.RunAsync("power cut", Tier.Cycles(20, 1_000), PowerCutScenario.On(EdgeBinary.Path));
}
