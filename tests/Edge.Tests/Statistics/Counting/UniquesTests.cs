using Edge.Statistics.Counting;
using Edge.Statistics.Results;
using Xunit;

namespace Edge.Tests.Statistics.Counting;

/// <summary>Unique units of variants, hours and days.</summary>
public class UniquesTests
{
    private const int Events = 6_000;
    private const int Hours = 60;

    [Fact]
    public void Uniques_OfRepeatedVisits_AreUnitsOfPeopleAlone()
    {
        var fold = new Fold().Count(
            VisitEvent.Impression(Unit(1), 0),
            VisitEvent.Impression(Unit(1), 1),
            VisitEvent.Click(Unit(1), 2),
            VisitEvent.Click(Unit(2), 3),
            VisitEvent.View(Unit(3), 4),
            VisitEvent.Impression(Unit(4), 5) with { Verdict = "unknown" },
            VisitEvent.Impression(Unit(5), 6) with { Verdict = "bot" },
            VisitEvent.Impression(Unit(6), 7) with { Synthetic = "check" },
            VisitEvent.Impression(0, 8),
            VisitEvent.Impression(Unit(1), 9, "b")
        );

        Assert.Equal([(4L, 0.0), (1L, 0.0)], Uniques(fold));
        Assert.Equal("12:00 a 4, b 1", Series(fold.Tally().Hourly));
    }

    [Fact]
    public void Uniques_OfDays_AreAddedUp_UnlessUnitsAreStable()
    {
        VisitEvent Day(int day, int unit) => VisitEvent.Impression(Unit(unit), day * 24 * 60) with { StableUnit = Unit(7) };
        VisitEvent[] visits = [Day(0, 1), Day(1, 2), Day(1, 2), Day(2, 3)];

        Assert.Equal([(3L, 0.0)], Uniques(new Fold().Count(visits)));
        var stable = new Fold(null, Fold.Bandit(more: "\"stableUnits\":true,")).Count(visits);
        Assert.Equal([(1L, 0.0)], Uniques(stable));
        Assert.All(stable.Tally().Daily, point => Assert.Equal(1, point.Variants[0].Uniques));
        Assert.Equal(3, stable.Tally().Daily.Count);
    }

    /// <summary>Random visits over days, restarts in between and parts of them repeated, against sets.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Uniques_OfRandomVisitsWithRestartsAndReplays_AreThoseOfSets(int seed)
    {
        var random = new Random(seed);
        var visits = new List<VisitEvent>();
        for (var i = 0; i < Events; i++)
        {
            var minutes = Math.Round(Hours * 60.0 * i / Events, 3);
            var day = (int)(VisitEvent.Noon.AddMinutes(minutes) - DateTimeOffset.UnixEpoch).TotalDays;
            // Each with another hash every day, and few enough to be counted one by one.
            var unit = (((ulong)random.Next(1, 120) << 32) + (ulong)day) * 0x9E37_79B9_7F4A_7C15;
            visits.Add(VisitEvent.Impression(unit, minutes, random.Next(2) == 0 ? "a" : "b"));
        }

        var fold = new Fold { Clock = VisitEvent.Noon.AddYears(1) };
        for (var i = 0; i < visits.Count; i++)
        {
            fold.Count(visits[i]);
            if (random.Next(300) == 0)
            {
                fold.Restart();
                // What a lost checkpoint would have delivered again.
                fold.Count(visits[Math.Max(0, i - random.Next(200))..(i + 1)]);
            }
        }

        foreach (var (variant, i) in fold.Tally().Variants.Select((variant, i) => (variant.Id, i)))
        {
            var of = visits.Where(visit => visit.Variant == variant).ToArray();
            Assert.Equal(of.DistinctBy(visit => visit.Unit).Count(), fold.Tally().Uniques[i].Count);
            foreach (var (points, format) in new[] { (fold.Tally().Hourly, "d HH"), (fold.Tally().Daily, "d dd") })
            {
                foreach (var point in points)
                {
                    var expected = of.Where(visit => visit.At.ToString(format) == point.Time.ToString(format))
                        .DistinctBy(visit => visit.Unit)
                        .Count();
                    Assert.Equal(expected, point.Variants.Single(counts => counts.VariantId == variant).Uniques);
                }
            }
        }
    }

    [Fact]
    public void Sketches_OfOlderHours_GiveWayToTheirNumbers()
    {
        var fold = new Fold();
        for (var hour = 0; hour < 40; hour++)
        {
            fold.Count(VisitEvent.Impression(Unit(1), hour * 60), VisitEvent.Impression(Unit(hour + 2), hour * 60));
        }
        // Too late for its hour; its day and the total have it.
        fold.Count(VisitEvent.Impression(Unit(99), 0));

        var sketches = Assert.Single(fold.Counts.Find("exp_abc123")!.Sketches);
        Assert.Equal(TallyLimits.UniqueHoursHeld, sketches.Hours.Count);
        Assert.Equal(VisitEvent.Noon.AddHours(39), sketches.Hours[^1].Time);
        Assert.Equal(3, sketches.Days.Count);
        var tally = fold.Tally();
        Assert.Equal(40, tally.Hourly.Count);
        Assert.All(tally.Hourly, point => Assert.Equal(2, point.Variants[0].Uniques));
        Assert.Equal(14, tally.Daily[0].Variants[0].Uniques);
        Assert.Equal(42, tally.Uniques[0].Count);
    }

    [Fact]
    public void Checkpoint_OfAVersionWithoutUniques_CountsThemFromThenOn()
    {
        var fold = new Fold().Count(VisitEvent.Impression(Unit(1), 0), VisitEvent.Impression(Unit(2), 1));
        fold.Restart(variantsWithout: "uniques");
        fold.Count(VisitEvent.Impression(Unit(3), 2), VisitEvent.Impression(Unit(4), 61));

        Assert.Equal([(2L, 0.0)], Uniques(fold));
        Assert.Equal("12:00 a ?, 13:00 a 1", Series(fold.Tally().Hourly));
        Assert.Equal("00:00 a ?", Series(fold.Tally().Daily));
    }

    [Fact]
    public void Sketches_OfManyExperiments_TakeNoMoreThanTheirBytes()
    {
        // Room for about fifty sketches of registers.
        var limits = TallyLimits.Default with { UnitsMax = 3_500 };
        var definitions = Enumerable.Range(0, 12).Select(i => Fold.Bandit().Replace("exp_abc123", $"exp_{i}", StringComparison.Ordinal).Replace("\"slug\":\"slug\"", $"\"slug\":\"slug-{i}\"", StringComparison.Ordinal)).ToArray();
        var fold = new Fold(limits, definitions);
        var random = new Random(1);
        for (var hour = 0; hour < 30; hour++)
        {
            for (var i = 0; i < 600; i++)
            {
                var unit = (ulong)random.NextInt64(long.MinValue, long.MaxValue);
                fold.Count(VisitEvent.Impression(unit, (hour * 60) + (i / 20.0)) with { Uid = $"exp_{i % 12}" });
                Assert.InRange(fold.Counts.Status.SketchBytes, 0, limits.UniqueBytesMax);
            }
        }

        // Totals have what hours and days leave to them.
        for (var i = 0; i < 12; i++)
        {
            var uniques = fold.Tally($"exp_{i}").Uniques[0];
            Assert.InRange(uniques.Count!.Value, 1_350, 1_650);
            Assert.Equal(UniqueSketch.RegisterError, uniques.Error);
        }
        fold.Restart();
        Assert.InRange(fold.Counts.Status.SketchBytes, 12 * UniqueSketch.Registers, limits.UniqueBytesMax);
        fold.Serve(Fold.Bandit());
        fold.Clock = VisitEvent.Noon.AddDays(20);
        fold.Count(VisitEvent.Impression(Unit(1), 20 * 24 * 60)).UpToDateAt(fold.Clock.Value.AddDays(8));
        Assert.InRange(fold.Counts.Status.SketchBytes, 0, 1_000);
    }

    [Fact]
    public void Uniques_WithoutRoom_AreUnknown()
    {
        var fold = new Fold(TallyLimits.Default with { UnitsMax = 0 }).Count(VisitEvent.Impression(Unit(1), 0));
        fold.Restart();
        fold.Count(VisitEvent.Impression(Unit(2), 1));

        Assert.Equal((null, 0.0), Uniques(fold)[0]);
        Assert.Equal("12:00 a ?", Series(fold.Tally().Hourly));
        Assert.Equal(0, fold.Counts.Status.SketchBytes);
    }

    /// <summary>Spread over all bits, as hashes are.</summary>
    private static ulong Unit(int number) => unchecked((ulong)number * 0x9E37_79B9_7F4A_7C15);

    private static (long?, double)[] Uniques(Fold fold) =>
        [.. fold.Tally().Uniques.Select(uniques => (uniques.Count, uniques.Error))];

    private static string Series(IReadOnlyList<SeriesPoint> points) =>
        string.Join(
            ", ",
            points.Select(point =>
                $"{point.Time:HH:mm} "
                + string.Join(", ", point.Variants.Select(counts => $"{counts.VariantId} {counts.Uniques?.ToString() ?? "?"}"))
            )
        );
}
