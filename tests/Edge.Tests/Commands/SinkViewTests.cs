using Edge.Commands.Sinks;
using Xunit;

namespace Edge.Tests.Commands;

/// <summary>The words of <c>edge sink status</c>.</summary>
public class SinkViewTests
{
    private static readonly SinkView View = new()
    {
        Name = "warehouse",
        State = "forwarding",
        Passed = 10,
        Pending = 0,
        PendingBytes = 0,
        DeadLettered = 2_000,
        Oldest = TimeSpan.Zero,
    };

    [Theory]
    [InlineData(0, 0, "has all")]
    [InlineData(1, 0, "has all but 1")]
    [InlineData(1, 5, "5 s")]
    public void CaughtUp_WithoutEventsThatItWasNotGiven_SaysHowMany(long missed, long pending, string expected) =>
        Assert.Equal(
            expected,
            (View with { Missed = missed, Pending = pending }).Row(eventsPerSecond: 1, arrivingPerSecond: 0)[6]
        );

    [Theory]
    [InlineData(null, "2,000")]
    [InlineData(2_000L, "2,000")]
    [InlineData(0L, "0 left of 2,000")]
    [InlineData(3L, "3 left of 2,000")]
    public void DeadLetters_ThatWereSentAgain_AreNoLongerThere(long? left, string expected) =>
        Assert.Equal(expected, (View with { DeadLettersLeft = left }).Row(eventsPerSecond: 1, arrivingPerSecond: 1)[7]);
}
