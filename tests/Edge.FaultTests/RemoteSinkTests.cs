using Edge.FaultTests.Scenarios;
using Edge.Tests.Support;
using Xunit;

namespace Edge.FaultTests;

/// <summary>
/// Every acknowledged event arrives, whatever happens to the destination, the connection and the service.
/// </summary>
public class RemoteSinkTests
{
    [Fact]
    public Task ClickHouse_FaultsOfServerConnectionAndService_EveryEventIsOneRow() =>
        Rounds.RunAsync("ClickHouse sink, all faults", Tier.Cycles(6, 250), ClickHouseScenario.On(EdgeBinary.Path));

    [Fact]
    public Task Http_FaultsOfReceiverAndService_EveryEventArrivesInOrderAndRepeatedBatchesAreTheSame() =>
        Rounds.RunAsync("HTTP sink, all faults", Tier.Cycles(6, 250), HttpScenario.On(FaultBuild.Path));
}
