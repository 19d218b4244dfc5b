using Edge.FaultTests.Scenarios;
using Edge.Tests.Support;
using Xunit;

namespace Edge.FaultTests;

/// <summary>A full disk stops the keeping of events and nothing else.</summary>
public class DiskFullTests
{
    [Fact]
    public Task DiskFull_ThenFreed_ServesThroughoutAndRecoversByItself() =>
        Rounds.RunAsync("disk full", Tier.Cycles(5, 100), DiskFullScenario.On(EdgeBinary.Path));
}
