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
    public Task AnyCall_FailsInANewJournal_LosesNothingAcknowledged(string what) => CallSweep.RunAsync(what, isAged: false);
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
    public Task AnyCall_FailsInAFullSegment_LosesNothingAcknowledged(string what) => CallSweep.RunAsync(what, isAged: true);
}

/// <summary>A disk that hangs delays the promise of durability, never the answer.</summary>
public class HangingCallTests
{
    private const int LongHangs = 6;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task AnyCall_HangsForThreeSeconds_LosesNothingAcknowledged(bool isAged) => CallSweep.RunAsync("hang=3000", isAged);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task SomeCall_HangsForThirtySeconds_LosesNothingAcknowledged(bool isAged)
    {
        Assert.SkipUnless(Tier.IsLong, "takes minutes: only in make test-faults");
        return CallSweep.RunSamplesAsync("hang=30000", isAged, LongHangs);
    }
}
