using Edge.FaultTests.Scenarios;
using Edge.Tests.Support;
using Xunit;

namespace Edge.FaultTests;

/// <summary>
/// Every acknowledged event is one row of the table, whatever happens to the server, the connection and the service.
/// </summary>
public class PostgresTests
{
    [Fact]
    public Task Postgres_FaultsOfServerConnectionAndService_EveryEventIsOneRow() =>
        Rounds.RunAsync("PostgreSQL sink, all faults", Tier.Cycles(8, 200), PostgresScenario.On(EdgeBinary.Path));
}
