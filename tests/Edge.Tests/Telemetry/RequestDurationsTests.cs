using Edge.Telemetry;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Telemetry;

/// <summary>Durations at the bounds of their buckets, and of several places at once.</summary>
public class RequestDurationsTests
{
    [Fact]
    public void Record_AtBelowAndAboveEveryBound_FallsIntoTheRightBucket()
    {
        var clock = new TestClock(DateTimeOffset.UnixEpoch);
        foreach (var (bound, bucket) in RequestDurations.Bounds.Select(static (bound, i) => (bound, i)))
        {
            var metrics = new Metrics([]);
            var durations = metrics.AddDurations(clock);
            var since = clock.GetTimestamp();
            clock.Advance(TimeSpan.FromSeconds(bound));
            durations.Record(RouteName.Pixel, since);
            clock.Advance(TimeSpan.FromTicks(1));
            durations.Record(RouteName.Pixel, since);

            var counts = new long[RequestDurations.Bounds.Length + 1];
            var sum = metrics.Durations(RouteName.Pixel, counts);

            Assert.Equal((1, 1), (counts[bucket], counts[bucket + 1]));
            Assert.Equal(2, counts.Sum());
            Assert.Equal(2 * bound, sum, 6);
        }
    }

    [Fact]
    public void Durations_OfSeveralPlaces_AreAddedByRoute()
    {
        var clock = new TestClock(DateTimeOffset.UnixEpoch);
        var metrics = new Metrics([]);
        var (loop, server) = (metrics.AddDurations(clock), metrics.AddDurations(clock));
        var since = clock.GetTimestamp();
        clock.Advance(TimeSpan.FromSeconds(2));
        loop.Record(RouteName.Click, since, requests: 3);
        server.Record(RouteName.Click, since);
        server.Record(RouteName.Ready, since);

        var counts = new long[RequestDurations.Bounds.Length + 1];

        Assert.Equal(8, metrics.Durations(RouteName.Click, counts), 6);
        Assert.Equal(4, counts.Sum());
        Assert.Equal(2, metrics.Durations(RouteName.Ready, counts), 6);
        Assert.Equal(1, counts.Sum());
        Assert.Equal(0, metrics.Durations(RouteName.Pixel, counts));
        Assert.Equal(0, counts.Sum());
    }
}
