using Edge.FaultTests.Scenarios;
using Xunit;

namespace Edge.FaultTests;

/// <summary>A failed fdatasync is believed the first time.</summary>
public class FailedSyncTests
{
    [Fact]
    public Task ForwardedFile_CannotBeSynced_IsWrittenAgain() =>
        Rounds.RunAsync(
            "fdatasync of a forwarded file fails",
            Tier.Cycles(2, 50),
            Rounds.On(FaultBuild.Path, FailedSyncScenario.RunAsync)
        );
}
