using Edge.Forwarding.Pump;
using Xunit;

namespace Edge.Tests.Forwarding.Pump;

/// <summary>When a sink had taken what: never too early, exact for what is new, bounded.</summary>
public class TakenTimesTests
{
    private static readonly DateTimeOffset Begin = new(2026, 5, 16, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Find_AfterManyBatches_IsNeverTooEarlyAndExactForNewOnes(int seed)
    {
        var random = new Random(seed);
        var times = new TakenTimes();
        times.Begin(10);
        var all = new List<(long Sequence, DateTimeOffset At)>();
        var sequence = 10L;
        for (var i = 0; i < 50_000; i++)
        {
            sequence += random.Next(1, 20);
            all.Add((sequence, Begin.AddSeconds(i)));
            times.Add(sequence, Begin.AddSeconds(i));
        }

        Assert.Null(times.Find(10));
        Assert.Null(times.Find(sequence + 1));
        for (var i = 0; i < all.Count; i += 13)
        {
            var found = times.Find(all[i].Sequence);
            Assert.NotNull(found);
            Assert.True(found >= all[i].At, $"record {all[i].Sequence} at {found}, taken at {all[i].At}");
            // A batch a second: late by one part in a thousand of all.
            Assert.True(found <= all[i].At.AddSeconds(64), $"record {all[i].Sequence} at {found}, taken at {all[i].At}");
        }
        for (var i = all.Count - 1_000; i < all.Count; i++)
        {
            Assert.Equal(all[i].At, times.Find(all[i].Sequence));
        }
    }

    [Fact]
    public void Find_AfterARewind_IsThatOfTheSecondDelivery()
    {
        var times = new TakenTimes();
        times.Add(5, Begin);
        times.Add(9, Begin.AddSeconds(1));
        times.Add(5, Begin.AddSeconds(2));

        Assert.Null(times.Find(7));
        Assert.Equal(Begin, times.Find(5));

        times.Add(9, Begin.AddSeconds(3));
        Assert.Equal(Begin.AddSeconds(3), times.Find(7));
    }
}
