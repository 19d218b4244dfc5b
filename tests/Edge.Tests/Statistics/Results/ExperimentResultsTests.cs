using System.Text.Json;
using Edge.Experiments;
using Edge.Formats;
using Edge.Statistics;
using Edge.Statistics.Inference;
using Edge.Statistics.Optimization;
using Edge.Statistics.Results;
using Edge.Tests.Statistics.Inference;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Statistics.Results;

public class ExperimentResultsTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 10, 0, 30, 0, TimeSpan.Zero);

    private static readonly Experiment Test = new()
    {
        Uid = "exp_1",
        Slug = "hero",
        Type = ExperimentType.AbTest,
        Name = "Hero",
        Status = ExperimentStatus.Running,
        GoalConfig = new GoalConfig { Type = GoalType.ClickThrough, DestinationUrl = "https://example.com/" },
        Variants =
        [
            new Variant
            {
                Id = "a",
                Name = "Old",
                Weight = 500,
                ConfiguredWeight = 5000,
            },
            new Variant
            {
                Id = "b",
                Weight = 9500,
                ConfiguredWeight = 5000,
            },
        ],
    };

    [Fact]
    public void Results_OfARunningTest_HaveEveryFigure()
    {
        var results = ExperimentResults.Compute(Test, Input(2000, 100, 2000, 160, days: 8));

        var (a, b) = (results.Variants[0], results.Variants[1]);
        Assert.Equal((10, 3, 2000, 100), (a.Impressions, a.Clicks, a.Trials, a.Successes));
        Assert.Equal((500, 5000), (a.Weight, a.ConfiguredWeight));
        Assert.Equal((true, false), (a.IsDefault, b.IsDefault));
        Assert.Equal(0.05, a.Rate);
        Assert.Equal(WilsonInterval.Of(100, 2000), a.RateInterval);
        Assert.Equal(101.0 / 2002, a.PosteriorMean!.Value, 1e-12);
        Assert.True(a.CredibleInterval!.Value.Low < a.PosteriorMean && a.PosteriorMean < a.CredibleInterval.Value.High);
        Assert.Null(a.Lift);
        Assert.Equal(161.0 / 101 - 1, b.Lift!.Value, 1e-12);
        Assert.Equal(1, a.ProbabilityToBeBest!.Value + b.ProbabilityToBeBest!.Value, 1e-12);
        Assert.True(b.ExpectedLoss < a.ExpectedLoss);
        Assert.Equal("b", results.Leader);
        Assert.Equal(
            (30, 7, 4000, 260),
            (results.Totals.Impressions, results.Totals.Clicks, results.Totals.Trials, results.Totals.Successes)
        );
        Assert.Equal(
            (true, true, true),
            (results.MinimumSampleSizeMet, results.MinimumRunDaysMet, results.ConfidenceThresholdMet)
        );
        Assert.Equal(8, results.DaysRun);
        Assert.False(results.SampleRatioMismatch.IsMismatch);
        Assert.NotNull(results.SampleRatioMismatch.PValue);
    }

    [Fact]
    public void Results_WithoutData_HaveNoRates()
    {
        var input = new ResultsInput
        {
            Now = Now,
            RunningTime = TimeSpan.Zero,
            Trials = new TrialStatistics(),
            SampleRatio = new SampleRatioCounts(),
        };

        var results = ExperimentResults.Compute(Test, input);

        Assert.All(
            results.Variants,
            variant =>
                Assert.Equal(
                    (null, null, null, null),
                    (variant.Rate, variant.RateInterval, variant.PosteriorMean, variant.Lift)
                )
        );
        Assert.All(
            results.Variants,
            variant => Assert.Equal((null, null), (variant.ProbabilityToBeBest, variant.ExpectedLoss))
        );
        Assert.Equal(
            (null, false, null, null),
            (
                results.MinimumSampleSizeMet,
                results.MinimumRunDaysMet,
                results.ConfidenceThresholdMet,
                results.AnytimeValid
            )
        );
        Assert.Equal((null, null), (results.Leader, results.SuggestedWinner));
        Assert.Equal(SampleRatioResult.Untested, results.SampleRatioMismatch);
    }

    /// <summary>Who is level with another does not lead.</summary>
    [Theory]
    [InlineData(10, 10, "No variant leads.")]
    [InlineData(10, 30, "b leads with a probability of")]
    public void Recommendation_OfEarlyCounts_NamesALeaderWhereThereIsOne(int a, int b, string expected)
    {
        var results = ExperimentResults.Compute(Test, Input(50, a, 50, b, days: 1));

        Assert.Contains(expected, results.Recommendation, StringComparison.Ordinal);
    }

    [Fact]
    public void Recommendation_OfVariantsWithNames_CallsThemByTheirNames()
    {
        var named = Test with { Variants = [.. Test.Variants.Select(variant => variant with { Name = $"Page {variant.Id}" })] };

        var results = ExperimentResults.Compute(named, Input(50, 10, 50, 30, days: 1));

        Assert.Contains("Page b leads with a probability of", results.Recommendation, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, TrialStart.Exposure, "Nobody has been counted yet. A visitor counts 30 minutes after the first impression or view.")]
    [InlineData(0, TrialStart.Click, "Nobody has been counted yet. A visitor counts 30 minutes after the first click.")]
    [InlineData(1, TrialStart.Exposure, "1 visitor can still reach the goal, within 30 minutes of the first impression or view.")]
    [InlineData(13, TrialStart.Exposure, "13 visitors can still reach the goal, each within 30 minutes of the first impression or view.")]
    [InlineData(2, TrialStart.Click, "2 visitors can still reach the goal, each within 30 minutes of the first click.")]
    public void Recommendation_WithoutTrials_SaysWhoIsWaitedFor(int open, object start, string expected)
    {
        var input = new ResultsInput
        {
            Now = Now,
            RunningTime = TimeSpan.Zero,
            OpenTrials = open,
            Trials = new TrialStatistics(),
            SampleRatio = new SampleRatioCounts(),
        };

        var results = ExperimentResults.Compute(Test with { TrialStart = (TrialStart)start }, input);

        Assert.Equal((expected, open), (results.Recommendation, results.OpenTrials));
        Assert.StartsWith(
            "{\"recommendation\":",
            JsonSerializer.Serialize(results, StatisticsJson.Default.ExperimentResults),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Results_OfAValue_AreInItsUnits()
    {
        var trials = new TrialStatistics();
        for (var i = 0; i < 4_000; i++)
        {
            var isB = i % 2 == 1;
            var bought = i % 20 < 2;
            trials.Add(isB ? "b" : "a", 1, 0.5, bought, bought ? (isB ? 60 : 40) + i % 7 : 0);
        }
        var experiment = Test with
        {
            GoalConfig = new GoalConfig
            {
                Type = GoalType.Value,
                Event = "order",
                Property = "total",
            },
        };

        var results = ExperimentResults.Compute(experiment, Input(1, 0, 1, 0, days: 8) with { Trials = trials });

        var (a, b) = (results.Variants[0], results.Variants[1]);
        Assert.Equal((2000, 200, 0.1), (a.Trials, a.Successes, a.Rate));
        Assert.InRange(a.PosteriorMean!.Value, 4.2, 4.4);
        Assert.InRange(b.PosteriorMean!.Value, 6.2, 6.4);
        // Standard deviation of a value is about 13 (0 or 43), of its mean 13/sqrt(2000).
        Assert.InRange(a.StandardError!.Value, 0.27, 0.40);
        Assert.InRange(a.CredibleInterval!.Value.Low, 3.5, 3.8);
        Assert.InRange(a.CredibleInterval.Value.High, 4.8, 5.1);
        Assert.InRange(a.ExpectedLoss!.Value, 1.9, 2.1);
        Assert.InRange(b.Lift!.Value, 0.4, 0.5);
        Assert.Equal(("b", true), (results.Leader, results.ConfidenceThresholdMet));
        Assert.True(b.ProbabilityToBeBest > 0.999);
    }

    /// <summary>Before the first purchase every mean is 0, and there is no lift; JSON has no word for 0/0.</summary>
    [Fact]
    public void Results_OfAValueThatNobodyHas_AreNumbersThatJsonKnows()
    {
        var trials = new TrialStatistics();
        for (var i = 0; i < 40; i++)
        {
            trials.Add(i % 2 == 1 ? "b" : "a", 1, 0.5, isSuccess: false, 0);
        }

        var goal = new GoalConfig
        {
            Type = GoalType.Value,
            Event = "order",
            Property = "total",
        };
        var input = Input(1, 0, 1, 0, days: 8) with { Trials = trials };

        var results = ExperimentResults.Compute(Test with { GoalConfig = goal }, input);

        Assert.Null(results.Variants[1].Lift);
        Assert.Equal(20, results.Variants[1].Trials);
        Assert.NotEmpty(JsonSerializer.Serialize(results, StatisticsJson.Default.ExperimentResults));
    }

    [Theory]
    [InlineData("smart_link", "click_through", "chosen by conditions")]
    [InlineData("scheduled", "click_through", "chosen by the clock")]
    [InlineData("ab_test", "impressions_only", "impressions only")]
    public void Results_WithNothingToCompare_StillCount(string type, string goal, string says)
    {
        Assert.True(WireNames<ExperimentType>.Lower.TryParse(type, out var parsed));
        Assert.True(WireNames<GoalType>.Lower.TryParse(goal, out var parsedGoal));
        var experiment = Test with { Type = parsed, GoalConfig = Test.GoalConfig with { Type = parsedGoal } };

        var results = ExperimentResults.Compute(experiment, Input(2000, 100, 2000, 160, days: 8));

        Assert.Equal(2000, results.Variants[1].Trials);
        Assert.All(
            results.Variants,
            variant =>
                Assert.Equal((null, null, null), (variant.ProbabilityToBeBest, variant.ExpectedLoss, variant.Lift))
        );
        Assert.Equal(
            (null, null, null, null),
            (results.Leader, results.SuggestedWinner, results.AnytimeValid, results.ConfidenceThresholdMet)
        );
        Assert.Contains(says, results.Recommendation, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        "keeps running",
        300,
        15,
        300,
        24,
        2.0,
        "Keep it running: it has run 2 of 7 days, b has 300 of 1000 trials."
    )]
    [InlineData("others", 90, 1, 2000, 160, 8.0, "every other variant needs 100 trials")]
    [InlineData("not sure", 2000, 100, 2000, 110, 8.0, "95 % is required")]
    [InlineData("must hold", 2000, 100, 2000, 160, 8.0, "must hold it for 24 hours; it has for 0")]
    [InlineData("futile", 4_000_000, 200_000, 4_000_000, 200_100, 8.0, "no meaningful difference")]
    public void Recommendation_InEachState_SaysWhatIsMissing(
        string name,
        int trialsA,
        int successesA,
        int trialsB,
        int successesB,
        double days,
        string says
    )
    {
        var results = ExperimentResults.Compute(Test, Input(trialsA, successesA, trialsB, successesB, days));

        Assert.True(
            results.Recommendation.Contains(says, StringComparison.Ordinal),
            $"{name}: {results.Recommendation}"
        );
    }

    [Fact]
    public void Recommendation_OfASuggestedWinner_SaysHowSureItIs()
    {
        var watch = new WinnerWatch("b", TimeSpan.FromDays(5), new DateOnly(2026, 3, 10), "b", Now);
        var certain = ExperimentResults.Compute(Test, Input(2000, 100, 2000, 260, days: 8) with { Watch = watch });
        var likely = ExperimentResults.Compute(Test, Input(2000, 100, 2000, 130, days: 8) with { Watch = watch });

        Assert.Equal(("b", 72.0, true), (certain.SuggestedWinner, certain.ConfidenceHeldHours, certain.AnytimeValid));
        Assert.Contains("Complete the experiment with it.", certain.Recommendation, StringComparison.Ordinal);
        Assert.False(likely.AnytimeValid);
        Assert.Contains("not certain over all looks", likely.Recommendation, StringComparison.Ordinal);
    }

    [Fact]
    public void SampleRatio_Mismatched_WarnsBeforeAnythingElse()
    {
        var input = Input(2000, 100, 2300, 160, days: 8);

        var results = ExperimentResults.Compute(Test, input);

        Assert.True(results.SampleRatioMismatch.IsMismatch);
        Assert.Contains(
            "Variant Old had 2000 where about 2150 were expected",
            results.SampleRatioMismatch.Warning,
            StringComparison.Ordinal
        );
        Assert.Equal(results.SampleRatioMismatch.Warning, results.Recommendation);
    }

    [Fact]
    public void Variant_WithoutConfiguredWeight_IsNotCompared()
    {
        var experiment = Test with
        {
            Variants =
            [
                .. Test.Variants,
                new Variant
                {
                    Id = "c",
                    Weight = 0,
                    IsDefault = true,
                },
            ],
        };

        var results = ExperimentResults.Compute(experiment, Input(2000, 100, 2000, 160, days: 8));

        Assert.Equal((null, null), (results.Variants[2].ProbabilityToBeBest, results.Variants[2].ExpectedLoss));
        Assert.Equal((true, false), (results.Variants[2].IsDefault, results.Variants[0].IsDefault));
        Assert.All(results.Variants, variant => Assert.Null(variant.Lift));
        Assert.Equal("b", results.Leader);
    }

    [Fact]
    public void Json_IsCamelCase_WithSeriesAndNulls()
    {
        var point = new SeriesPoint(Now.AddMinutes(-30), [new SeriesCounts("a", 4, 1, 3, 1)]);
        var input = Input(20, 1, 20, 2, days: 0.125) with
        {
            Hourly = [point],
            Daily = [point],
            Excluded = new MachineCounts(7, 8, 9),
            UnfilledTags = 6,
        };

        var json = JsonSerializer.Serialize(ExperimentResults.Compute(Test, input), StatisticsJson.Default.ExperimentResults);

        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        Assert.Equal("ab_test", root.GetProperty("type").GetString());
        Assert.Equal(JsonValueKind.Null, root.GetProperty("suggestedWinner").ValueKind);
        Assert.Equal(8, root.GetProperty("excluded").GetProperty("scanner").GetInt64());
        Assert.Equal(6, root.GetProperty("unfilledMergeTags").GetInt64());
        Assert.Equal(0.12, root.GetProperty("daysRun").GetDouble(), 1e-9);
        var variant = root.GetProperty("variants")[0];
        Assert.Equal(0.05, variant.GetProperty("rate").GetDouble());
        Assert.True(variant.GetProperty("rateInterval").GetProperty("high").GetDouble() > 0.05);
        Assert.True(variant.GetProperty("credibleInterval").GetProperty("low").GetDouble() > 0);
        var hour = root.GetProperty("series").GetProperty("hourly")[0];
        Assert.Equal("2026-03-10T00:00:00.000Z", hour.GetProperty("time").GetString());
        Assert.Equal(3, hour.GetProperty("variants")[0].GetProperty("trials").GetInt64());
    }

    [Fact]
    public void Json_EveryMember_StandsInTheGuide()
    {
        var guide = File.ReadAllText(Path.Combine(Repository.Root, "docs", "statistics.md"));
        var point = new SeriesPoint(Now, [new SeriesCounts("a", 4, 1, 3, 1)]);
        var results = ExperimentResults.Compute(Test, Input(20, 1, 20, 2, days: 1) with { Hourly = [point] });
        var json = JsonSerializer.SerializeToElement(results, StatisticsJson.Default.ExperimentResults);

        Assert.DoesNotContain(
            Members(json),
            name =>
                !guide.Contains($"{name}`", StringComparison.Ordinal)
                && !guide.Contains($"`{name}.", StringComparison.Ordinal)
        );
    }

    private static IEnumerable<string> Members(JsonElement element) =>
        element.ValueKind switch
        {
            JsonValueKind.Object => element
                .EnumerateObject()
                .SelectMany(member => Members(member.Value).Prepend(member.Name)),
            JsonValueKind.Array => element.EnumerateArray().SelectMany(Members),
            _ => [],
        };

    private static ResultsInput Input(int trialsA, int successesA, int trialsB, int successesB, double days)
    {
        var trials = TrialStatisticsTests.OneVersion(("a", trialsA, successesA), ("b", trialsB, successesB));
        var half = (trialsA + trialsB) / 2.0;
        // A test of "others" has few trials of one variant: weights that promised just these.
        SampleRatioState[] ratio =
            trialsA < 100 || trialsA == trialsB
                ? [new("a", trialsA, trialsA), new("b", trialsB, trialsB)]
                : [new("a", trialsA, half), new("b", trialsB, half)];
        return new ResultsInput
        {
            Now = Now,
            RunningTime = TimeSpan.FromDays(days),
            Counts = [new VariantCounts("a", 10, 3), new VariantCounts("b", 20, 4)],
            Trials = trials,
            SampleRatio = SampleRatioCounts.FromState(ratio),
        };
    }
}
