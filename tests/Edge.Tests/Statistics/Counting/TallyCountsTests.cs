using System.Text;
using Edge.Statistics.Counting;
using Edge.Statistics.Results;
using Xunit;
using static Edge.Tests.Statistics.VisitEvent;

namespace Edge.Tests.Statistics.Counting;

/// <summary>The visible counters, the series, and the limits of both.</summary>
public class TallyCountsTests
{
    [Fact]
    public void Events_ByTypeAndVerdict_AreCountedApart()
    {
        var fold = new Fold().Count(
            Impression(1, 0),
            Impression(1, 0),
            Impression(2, 0, "b") with
            {
                Verdict = "proxy",
            },
            Impression(0, 0) with
            {
                Verdict = "unknown",
            },
            Impression(3, 0) with
            {
                Verdict = "bot",
            },
            Impression(3, 0) with
            {
                Verdict = "scanner",
            },
            Impression(3, 0) with
            {
                Verdict = "prefetch",
            },
            Click(1, 1),
            Click(4, 1, "b") with
            {
                Verdict = "unknown",
            },
            Click(3, 1) with
            {
                Verdict = "scanner",
            },
            Impression(1, 2) with
            {
                Type = "view",
            },
            Impression(1, 2) with
            {
                Type = "conversion",
            },
            Impression(1, 2) with
            {
                Type = "exposure",
            }
        );

        var tally = fold.Tally();
        Assert.Equal([new VariantTally("a", 3, 1, 1, 1), new VariantTally("b", 1, 1, 0, 0)], tally.Variants);
        Assert.Equal(new MachineCounts(1, 1, 1), tally.MachineImpressions);
        Assert.Equal(new MachineCounts(0, 1, 0), tally.MachineClicks);
        Assert.Equal((Noon, Noon.AddMinutes(2)), (tally.FirstEventAt, tally.LastEventAt));
    }

    [Fact]
    public void Events_WithAnUnfilledTag_AreCountedUnlessAMachineSendsThem()
    {
        var tag = Impression(1, 0) with { UnitIgnored = "merge_tag" };
        var fold = new Fold().Count(tag, tag with { Type = "click" }, tag with { Verdict = "bot" }, Impression(2, 0));

        Assert.Equal(2, fold.Tally().UnfilledTags);
        Assert.Equal(2, fold.Tally().Variants.Single().Impressions);
    }

    [Fact]
    public void Events_OfUnknownVariantsAndExperiments_AreCounted()
    {
        var fold = new Fold().Count(Impression(1, 0, "gone"), Impression(1, 0) with { Uid = "exp_deleted" });

        Assert.Equal("gone", Assert.Single(fold.Tally().Variants).Id);
        Assert.Equal(1, Assert.Single(fold.Tally("exp_deleted").Variants).Impressions);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("")]
    [InlineData("[1]")]
    [InlineData("not json")]
    [InlineData("""{"type":"impression","variant":"a","verdict":"human"}""")]
    [InlineData("""{"type":"impression","experiment_uid":""}""")]
    [InlineData("""{"type":"impression","experiment_uid":7,"variant":{"x":[1]},"verdict":"human"}""")]
    [InlineData("""{"type":"impression","experiment_uid":"exp_a","variant":"a" """)]
    [InlineData("""{"type":"track","experiment_uid":"exp_a"}""")]
    public void Payload_WithoutAnythingToCount_IsPassedOver(string payload)
    {
        var fold = new Fold();
        fold.Counts.Count(Encoding.UTF8.GetBytes(payload), 0, 0);

        Assert.Equal(default, fold.Counts.Status);
    }

    [Fact]
    public void Payload_WithMembersOfAnyShape_IsRead()
    {
        var payload = """
            {"v":1,"properties":{"type":"click","verdict":"bot","a":[{"b":1}]},"type":"impression","experiment_uid":"exp_abc123","variant":"a",
            "probability":"0.5","weights_version":1.5,"unit_hash":"xyz","received_at":12,"verdict":"human"}
            """.ReplaceLineEndings("");
        var fold = new Fold();
        fold.Counts.Count(
            Encoding.UTF8.GetBytes(payload),
            Noon.ToUnixTimeMilliseconds(),
            Noon.ToUnixTimeMilliseconds()
        );

        Assert.Equal(new VariantTally("a", 1, 0, 0, 0), Assert.Single(fold.Tally().Variants));
        Assert.Equal(Noon, fold.Tally().FirstEventAt);
        Assert.Equal(0, fold.Tally().OpenTrials);
    }

    [Fact]
    public void Breakdown_OfEveryProperty_AddsUpToTheCounts()
    {
        var fold = new Fold().Count(
            Impression(1, 0) with { Country = "DE", Source = "google" },
            Impression(2, 0, "b") with { Country = "DE", Source = "a \"b\" \u00fc\u0001" },
            View(3, 0) with { Country = "AT", Verdict = "proxy" },
            Impression(4, 0) with { Country = "FR", Verdict = "bot" }
        );
        fold.Restart();
        fold.Count(Click(1, 1) with { Country = "DE", Source = "google" }, Click(5, 1) with { Verdict = "unknown" });

        var breakdown = fold.Tally().Breakdown;
        Assert.Equal("DE: a 1/1/0, b 1/0/0; AT: a 0/0/1; -: a 0/1/0", Text(breakdown.Country));
        Assert.Equal("google: a 1/1/0; -: a 0/1/1; a \"b\" \u00fc\u0001: b 1/0/0", Text(breakdown.Source));
        Assert.Equal("human: a 1/1/0, b 1/0/0; proxy: a 0/0/1; unknown: a 0/1/0", Text(breakdown.Verdict));
        Assert.Equal("desktop: a 1/2/1, b 1/0/0", Text(breakdown.Device));
        Assert.Equal("chrome: a 1/2/1, b 1/0/0", Text(breakdown.Browser));
        Assert.All(
            new[] { breakdown.Country, breakdown.Device, breakdown.Browser, breakdown.Source, breakdown.Verdict },
            dimension => Assert.Empty(dimension.Others)
        );
    }

    [Fact]
    public void Breakdown_OfMoreValuesThanItHolds_KeepsTheFrequentOnesAndLosesNoCount()
    {
        var fold = new Fold();
        for (var i = 0; i < 3_000; i++)
        {
            fold.Count(Impression((ulong)i, i / 1_000.0) with { Source = i % 10 == 9 ? "late" : $"junk-{i}" });
            if (i % 1_000 == 500)
            {
                fold.Restart();
            }
        }
        fold.Count(Impression(9_999, 3) with { Source = new string('x', 200) });

        var sources = fold.Tally().Breakdown.Source;
        Assert.Equal(BreakdownCounter.ValuesMax, sources.Values.Count);
        Assert.Equal(("late", 300L), (sources.Values[0].Value, sources.Values[0].Variants[0].Impressions));
        Assert.Equal(
            3_001,
            sources.Values.Sum(value => value.Variants.Sum(counts => counts.Impressions))
                + sources.Others.Sum(counts => counts.Impressions)
        );
    }

    [Fact]
    public void Breakdown_BeyondTheLimitOfAllExperiments_CountsTheOthers()
    {
        var fold = new Fold(TallyLimits.Default with { BreakdownRowsMax = 2 }).Count(
            Impression(1, 0) with { Country = "DE" },
            Impression(2, 0) with { Country = "AT" },
            Impression(3, 0) with { Country = "AT" }
        );
        fold.Restart();

        var breakdown = fold.Tally().Breakdown;
        Assert.Equal("AT: a 2/0/0", Text(breakdown.Country));
        Assert.Equal(1, Assert.Single(breakdown.Country.Others).Impressions);
        Assert.Equal(3, breakdown.Verdict.Values.Count + breakdown.Verdict.Others.Sum(counts => counts.Impressions));
    }

    [Fact]
    public void Breakdown_AfterAFileOfAnEarlierVersion_BeginsWithWhatComes()
    {
        var fold = new Fold().Count(Impression(1, 0) with { Country = "DE" });
        fold.Restart(without: "breakdowns");
        fold.Count(Impression(2, 1) with { Country = "AT" });

        Assert.Equal(2, Assert.Single(fold.Tally().Variants).Impressions);
        Assert.Equal("AT: a 1/0/0", Text(fold.Tally().Breakdown.Country));
    }

    /// <summary>
    /// Trials belong to what their exposure was, also when its row has given way, and add up to those of the experiment.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Breakdown_OfTrials_AddsUpToTheTrials(bool restarts)
    {
        var fold = new Fold();
        for (var i = 0; i < 400; i++)
        {
            var unit = (ulong)i + 1;
            // Some rows give way while their trials are open, others with trials that have matured.
            var seen = Impression(unit, i, i % 3 == 0 ? "a" : "b") with
            {
                Country = i % 4 == 0 ? "DE" : "AT",
                Source = i % 10 == 9 ? "mail" : $"junk-{i}",
                Verdict = i % 7 == 0 ? "proxy" : "human",
            };
            fold.Count(seen);
            if (i % 5 == 0)
            {
                // It comes by another way than it was shown.
                fold.Count(Click(unit, i) with { Country = "FR", Source = "elsewhere" });
            }
            if (restarts && i % 100 == 50)
            {
                fold.Restart();
            }
        }

        fold.UpToDateAt(Noon.AddHours(8));

        var tally = fold.Tally();
        var arms = tally.Trials.ToState().Arms;
        Assert.Equal((400, 80), (arms.Sum(arm => arm.Trials), arms.Sum(arm => arm.Successes)));
        var breakdown = tally.Breakdown;
        Assert.All(
            new[] { breakdown.Country, breakdown.Device, breakdown.Browser, breakdown.Source, breakdown.Verdict },
            dimension =>
            {
                var all = dimension.Values.SelectMany(value => value.Variants).Concat(dimension.Others).ToArray();
                Assert.All(
                    arms,
                    arm =>
                        Assert.Equal(
                            (arm.Trials, arm.Successes),
                            (
                                all.Where(counts => counts.VariantId == arm.VariantId).Sum(counts => counts.Trials),
                                all.Where(counts => counts.VariantId == arm.VariantId).Sum(counts => counts.Successes)
                            )
                        )
                );
            }
        );
        Assert.Equal((100, 20), Of(breakdown.Country, "DE"));
        Assert.Equal((300, 60), Of(breakdown.Country, "AT"));
        Assert.Equal((0, 0), Of(breakdown.Country, "FR"));
        Assert.Equal((40, 0), Of(breakdown.Source, "mail"));
        Assert.Equal(BreakdownCounter.ValuesMax, breakdown.Source.Values.Count);

        static (long Trials, long Successes) Of(BreakdownDimension dimension, string value)
        {
            var variants = dimension.Values.Single(found => found.Value == value).Variants;
            return (variants.Sum(counts => counts.Trials), variants.Sum(counts => counts.Successes));
        }
    }

    /// <summary>Values in order, each with impressions, clicks and views of its variants.</summary>
    private static string Text(BreakdownDimension dimension) =>
        string.Join("; ", dimension.Values.Select(value => $"{value.Value ?? "-"}: {Text(value.Variants)}"));

    private static string Text(IEnumerable<BreakdownCounts> variants) =>
        string.Join(", ", variants.Select(v => $"{v.VariantId} {v.Impressions}/{v.Clicks}/{v.Views}"));

    [Fact]
    public void Limits_OfExperimentsAndVariants_AreKeptAndCounted()
    {
        var fold = new Fold(TallyLimits.Default with { ExperimentsMax = 1, VariantsMax = 2 }).Count(
            Impression(1, 0),
            Impression(1, 0, "b"),
            Impression(1, 0, "c"),
            Impression(1, 0) with
            {
                Uid = "exp_other",
            },
            Impression(1, 0) with
            {
                Uid = "exp_" + new string('x', 100),
            },
            Impression(1, 0, new string('v', 100))
        );

        Assert.Equal((1, 4L), (fold.Counts.Status.Experiments, fold.Counts.Status.Uncounted));
        Assert.Equal(["a", "b"], fold.Tally().Variants.Select(variant => variant.Id));
    }

    [Fact]
    public void Series_ByHourAndDay_HoldWhatHappenedInEach()
    {
        var fold = new Fold { Clock = Noon.AddHours(9) }
            .Count(Impression(1, 59), Click(1, 61), Impression(2, 61, "b"), Impression(3, -24 * 60), Click(3, 100))
            .UpToDateAt(Noon.AddHours(9));

        Assert.Equal(
            [(Noon.AddDays(-1), "a 1 0 1 0"), (Noon, "a 1 0 1 1"), (Noon.AddHours(1), "a 0 2 0 0, b 1 0 1 0")],
            fold.Tally().Hourly.Select(Describe)
        );
        Assert.Equal(
            [(Noon.Date.AddDays(-1), "a 1 0 1 0"), (Noon.Date, "a 1 2 1 1, b 1 0 1 0")],
            fold.Tally().Daily.Select(Describe).Select(point => (point.Item1.DateTime, point.Item2))
        );
    }

    [Fact]
    public void Series_LongerThanTheirLimit_KeepTheNewest()
    {
        var fold = new Fold().Count(
            Enumerable.Range(0, TallyLimits.HoursKept + 50).Select(hour => Impression(0, hour * 60))
        );

        var hourly = fold.Tally().Hourly;
        Assert.Equal(TallyLimits.HoursKept, hourly.Count);
        Assert.Equal(Noon.AddHours(TallyLimits.HoursKept + 49), hourly[^1].Time);
    }

    [Fact]
    public void Series_MoreThanThereIsRoomFor_AreCutForAll()
    {
        var fold = new Fold(TallyLimits.Default with { SeriesPointsMax = 200 }).Count(
            Enumerable
                .Range(0, 300)
                .SelectMany(hour =>
                    new[] { Impression(0, hour * 60), Impression(0, hour * 60) with { Uid = "exp_other" } }
                )
        );

        Assert.True(fold.Tally().Hourly.Count + fold.Tally("exp_other").Hourly.Count <= 200);
        Assert.Equal(Noon.AddHours(299), fold.Tally().Hourly[^1].Time);
    }

    [Fact]
    public void Experiment_WithoutAFile_IsKeptForSomeDaysAndThenForgotten()
    {
        var fold = new Fold().Count(Impression(1, 0) with { Uid = "exp_deleted" }, Impression(2, 1));

        fold.Count(Impression(3, 6 * 24 * 60));
        Assert.NotNull(fold.Counts.Find("exp_deleted"));

        fold.Count(Impression(4, 8 * 24 * 60));
        Assert.Null(fold.Counts.Find("exp_deleted"));
        Assert.NotNull(fold.Counts.Find("exp_abc123"));
        Assert.Equal(1, fold.Counts.Status.Units);
    }

    private static (DateTimeOffset, string) Describe(SeriesPoint point) =>
        (
            point.Time,
            string.Join(
                ", ",
                point.Variants.Select(v => $"{v.VariantId} {v.Impressions} {v.Clicks} {v.Trials} {v.Successes}")
            )
        );
}
