using System.Text;
using Edge.Experiments;
using Edge.Selection;
using Edge.Tests.Experiments;
using Xunit;

namespace Edge.Tests.Selection;

public class ParticipationTests
{
    private const int Units = 40_000;

    private static readonly byte[][] All =
    [
        .. Enumerable.Range(0, Units).Select(i => Encoding.ASCII.GetBytes($"reader-{i}")),
    ];

    [Fact]
    public void Share_OfUnits_IsThatShareAndGrowsWithoutLosingAnybody()
    {
        var before = new bool[Units];
        foreach (var share in new[] { 0, 500, 2_000, 7_000, 9_999 })
        {
            var participation = Participation.Of(With(share))!;
            var now = All.Select(unit => participation.Includes(unit)).ToArray();

            // Four standard deviations of a binomial count.
            var expected = Units * share / 10_000.0;
            Assert.Equal(expected, now.Count(isIn => isIn), 4 * Math.Sqrt(expected * (1 - share / 10_000.0)) + 1);
            Assert.All(before.Zip(now), pair => Assert.True(!pair.First || pair.Second));
            before = now;
        }

        Assert.Null(Participation.Of(With(10_000)));
    }

    /// <summary>The chi-square statistic of the variants' buckets, by tenths, among those who take part.</summary>
    [Fact]
    public void Share_OfUnits_IsIndependentOfTheVariant()
    {
        var experiment = With(2_000);
        var participation = Participation.Of(experiment)!;
        var uid = Encoding.UTF8.GetBytes(experiment.Uid);
        var counts = new int[10];
        foreach (var unit in All.Where(unit => participation.Includes(unit)))
        {
            counts[Bucketing.Bucket(uid, unit) / 1_000]++;
        }

        var expected = counts.Sum() / 10.0;
        var statistic = counts.Sum(count => (count - expected) * (count - expected) / expected);
        // 9 degrees of freedom, p = 0.001.
        Assert.InRange(statistic, 0.1, 27.88);
    }

    [Fact]
    public void Group_WithDisjointRanges_HasNoUnitInCommonAndLeavesAHoldout()
    {
        var experiments = new[]
        {
            With(10_000, "exp_a", new ExclusionGroup("g", 0, 4_000)),
            With(10_000, "exp_b", new ExclusionGroup("g", 4_000, 9_000)),
        };
        var both = experiments.Select(experiment => Participation.Of(experiment)!).ToArray();
        var places = All.Select(unit => both.Count(one => one.Includes(unit))).ToArray();

        Assert.DoesNotContain(2, places);
        Assert.Equal(Units * 0.1, places.Count(count => count == 0), 4 * Math.Sqrt(Units * 0.09));
        Assert.False(experiments[0].ExclusionGroup!.Overlaps(experiments[1].ExclusionGroup!));
        Assert.True(new ExclusionGroup("g", 0, 1).Overlaps(new ExclusionGroup("g", 0, 10_000)));
        Assert.False(new ExclusionGroup("g", 0, 1).Overlaps(new ExclusionGroup("h", 0, 10_000)));
    }

    [Fact]
    public void Includes_Unit_AllocatesNothing()
    {
        var participation = Participation.Of(With(2_000, "exp_a", new ExclusionGroup("g", 0, 5_000)))!;
        participation.Includes(All[0]);

        var before = GC.GetAllocatedBytesForCurrentThread();
        participation.Includes(All[1]);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static Experiment With(int share, string uid = "exp_abc123", ExclusionGroup? group = null) =>
        Definitions.Experiment(Definitions.Minimal) with
        {
            Uid = uid,
            TrafficShare = share,
            ExclusionGroup = group,
        };
}
