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
    [InlineData(null, "2,000")]
    [InlineData(2_000L, "2,000")]
    [InlineData(0L, "0 left of 2,000")]
    [InlineData(3L, "3 left of 2,000")]
    public void DeadLetters_ThatWereSentAgain_AreNoLongerThere(long? left, string expected) =>
        Assert.Equal(expected, (View with { DeadLettersLeft = left }).Row(eventsPerSecond: 1, arrivingPerSecond: 1)[7]);
}
