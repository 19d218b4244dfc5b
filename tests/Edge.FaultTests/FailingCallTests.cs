using Edge.FaultTests.Scenarios;
using Xunit;

namespace Edge.FaultTests;

/// <summary>Every single system call may fail, in every way, while a journal is born.</summary>
public class FailingCallInNewJournalTests
{
    [Theory]
    [InlineData("ENOSPC")]
    [InlineData("EIO")]
    [InlineData("EINTR")]
    [InlineData("EMFILE")]
    [InlineData("short")]
    public Task AnyCall_FailsInANewJournal_LosesNothingAcknowledged(string what) =>
        CallSweep.RunAsync(what, isAged: false);
}

/// <summary>The same while a journal allocates, truncates and removes segments, and a backlog is forwarded.</summary>
public class FailingCallInFullSegmentTests
{
    [Theory]
    [InlineData("ENOSPC")]
    [InlineData("EIO")]
    [InlineData("EINTR")]
    [InlineData("EMFILE")]
    [InlineData("short")]
    public Task AnyCall_FailsInAFullSegment_LosesNothingAcknowledged(string what) =>
        CallSweep.RunAsync(what, isAged: true);
}

/// <summary>A disk that hangs delays the promise of durability, never the answer.</summary>
public class HangingCallTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task AnyCall_HangsForThreeSeconds_LosesNothingAcknowledged(bool isAged) =>
        CallSweep.RunAsync("hang=3000", isAged);

    [Fact]
    public Task SomeCall_HangsForThirtySeconds_LosesNothingAcknowledged() =>
        CallSweep.RunSamplesAsync("hang=30000", Tier.Cycles(1, 12));
}
