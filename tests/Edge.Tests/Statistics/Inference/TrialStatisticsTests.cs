using System.Text.Json;
using Edge.Statistics;
using Edge.Statistics.Inference;
using Xunit;

namespace Edge.Tests.Statistics.Inference;

public class TrialStatisticsTests
{
    [Fact]
    public void Posterior_OneVersion_IsPlainBeta()
    {
        var statistics = new TrialStatistics();
        Add(statistics, "a", version: 3, probability: 0.5, trials: 40, successes: 4);
        statistics.BeginEpoch();
        Add(statistics, "a", version: 3, probability: 0.5, trials: 10, successes: 1);

        var arms = statistics.Posterior(["a", "b"]);

        Assert.Equal(
            (6, 46, 50, 5, 0.1),
            (arms[0].Alpha, arms[0].Beta, arms[0].Trials, arms[0].Successes, arms[0].Estimate)
        );
        Assert.Equal((1, 1, 0, 0), (arms[1].Alpha, arms[1].Beta, arms[1].Trials, arms[1].Successes));
        Assert.Equal(double.PositiveInfinity, arms[1].Variance);
        Assert.Equal(50, statistics.Trials);
    }

    /// <summary>
    /// First epoch A 1/4, B 2/4. Guesses: pooled (3+1)/(8+2) = .4, A (1+8)/24 = .375, B (2+8)/24 = 5/12. Then with
    /// weights .25 and .75: A succeeds, B fails, B succeeds, A fails. Contributions to A: 2.875, .375, .375, -1.125; to
    /// B: 5/12, 5/12 - 5/9, 5/12 + 7/9, 5/12.
    /// </summary>
    [Fact]
    public void Posterior_TwoVersions_IsWhatWasWorkedByHand()
    {
        var statistics = FirstEpoch();
        statistics.BeginEpoch();
        statistics.Add("a", 2, 0.25, isSuccess: true);
        statistics.Add("b", 2, 0.75, isSuccess: false);
        statistics.Add("b", 2, 0.75, isSuccess: true);
        statistics.Add("a", 2, 0.25, isSuccess: false);

        var arms = statistics.Posterior(["a", "b"]);

        // mu = 2.5/4, v = (9.8125/4 - mu^2)/4; estimate = 2/3 * 1/4 + 1/3 * mu; p~ = 1.5/5
        Assert.Equal(0.375, arms[0].Estimate, 1e-12);
        Assert.Equal(4.0 / 9 * 0.3 * 0.7 / 4 + 0.515625 / 9, arms[0].Variance, 1e-12);
        var effective = 0.375 * 0.625 / 0.080625;
        Assert.Equal(1 + effective * 0.375, arms[0].Alpha, 1e-12);
        Assert.Equal(1 + effective * 0.625, arms[0].Beta, 1e-12);
        // mu = 17/36; the effective trials would be 7.3, but there were only 6.
        Assert.Equal(1.0 / 3 + 17.0 / 108, arms[1].Estimate, 1e-12);
        Assert.Equal(8, arms[1].Alpha + arms[1].Beta, 1e-12);
        Assert.Equal(1 + 6 * arms[1].Estimate, arms[1].Alpha, 1e-12);
        Assert.Equal((6, 2, 6, 3), (arms[0].Trials, arms[0].Successes, arms[1].Trials, arms[1].Successes));
    }

    [Fact]
    public void NewVersion_WithoutRecomputation_FreezesTheGuessesItself()
    {
        var implicitly = FirstEpoch();
        var explicitly = FirstEpoch();
        explicitly.BeginEpoch();

        foreach (var statistics in new[] { implicitly, explicitly })
        {
            statistics.Add("a", 2, 0.25, isSuccess: true);
            statistics.Add("b", 2, 0.75, isSuccess: false);
        }

        Assert.Equal(explicitly.Posterior(["a", "b"]), implicitly.Posterior(["a", "b"]));
    }

    [Fact]
    public void FirstVersion_MaturingLate_CountsForTheFirstEpoch()
    {
        var statistics = FirstEpoch();
        statistics.Add("a", 2, 0.25, isSuccess: true);
        var before = statistics.ToState().Arms[0];

        statistics.Add("a", 1, 0.5, isSuccess: true);

        var after = statistics.ToState().Arms[0];
        Assert.Equal((before.FirstTrials + 1, before.FirstSuccesses + 1), (after.FirstTrials, after.FirstSuccesses));
        Assert.Equal((before.Sum, before.WeightedTrials), (after.Sum, after.WeightedTrials));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-0.5)]
    [InlineData(1.0001)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Probability_OutsideItsRange_CountsNothing(double probability)
    {
        var statistics = new TrialStatistics();

        Assert.False(statistics.Add("a", 1, probability, isSuccess: true));
        Assert.Equal(0, statistics.Trials);
        Assert.True(statistics.Add("a", 1, 1, isSuccess: true));
    }

    [Fact]
    public void Variant_AddedLater_IsEstimatedFromItsOwnTime()
    {
        var sum = 0.0;
        const int Runs = 300;
        for (var run = 0; run < Runs; run++)
        {
            var random = new Random(run);
            var statistics = new TrialStatistics();
            Draw(statistics, random, version: 1, trials: 500, ("a", 0.5, 0.02), ("b", 0.5, 0.02));
            statistics.BeginEpoch();
            Draw(statistics, random, version: 2, trials: 500, ("a", 0.45, 0.05), ("b", 0.45, 0.05), ("c", 0.1, 0.2));
            sum += statistics.Posterior(["c"])[0].Estimate;
        }

        // One run has a standard error of about .055.
        Assert.Equal(0.2, sum / Runs, 0.013);
    }

    /// <summary>The same for values: unbiased under a drift, with the variance it states, through a checkpoint.</summary>
    [Fact]
    public void MeanValue_UnderDriftAndMovingWeights_IsUnbiasedAndKnowsItsVariance()
    {
        const int Runs = 400;
        var estimates = new double[Runs];
        var stated = 0.0;
        for (var run = 0; run < Runs; run++)
        {
            var random = new Random(run);
            var statistics = new TrialStatistics();
            for (var epoch = 1; epoch <= 4; epoch++)
            {
                var share = epoch == 1 ? 0.5 : 0.5 + epoch * 0.1;
                for (var i = 0; i < 300; i++)
                {
                    var isA = random.NextDouble() < share;
                    var value = random.NextDouble() < 0.2 ? epoch * -10 * Math.Log(1 - random.NextDouble()) : 0;
                    statistics.Add(isA ? "a" : "b", epoch, isA ? share : 1 - share, value > 0, value);
                }
                statistics = TrialStatistics.FromState(statistics.ToState());
                statistics.BeginEpoch();
            }
            var (a, b) = (statistics.Posterior(["a", "b"])[0], statistics.Posterior(["a", "b"])[1]);
            estimates[run] = a.Estimate - b.Estimate;
            stated += (a.Variance + b.Variance) / Runs;
        }

        var mean = estimates.Average();
        var variance = estimates.Sum(value => (value - mean) * (value - mean)) / (Runs - 1);
        Assert.Equal(0, mean, 4 * Math.Sqrt(variance / Runs));
        Assert.InRange(variance / stated, 0.6, 1.1);
    }

    [Fact]
    public void MeanValue_OfNothing_ConcludesNothing()
    {
        var statistics = new TrialStatistics();
        for (var i = 0; i < 200; i++)
        {
            statistics.Add(i % 2 == 0 ? "a" : "b", 1, 0.5, isSuccess: false, value: 0);
        }

        var arms = statistics.Posterior(["a", "b", "c"]);

        Assert.All(arms, arm => Assert.Equal((1.0, 1.0, 0.0), (arm.Alpha, arm.Beta, arm.Mean)));
        Assert.Equal((100L, 100L, 0L), (arms[0].Trials, arms[1].Trials, arms[2].Trials));
    }

    [Fact]
    public void MeanValue_AllEqual_IsNotCertain()
    {
        var statistics = new TrialStatistics();
        for (var i = 0; i < 10; i++)
        {
            statistics.Add("a", 1, 0.5, isSuccess: true, value: 5);
            statistics.Add("b", 1, 0.5, isSuccess: true, value: 6);
        }

        var arms = statistics.Posterior(["a", "b"]);

        Assert.Equal((5.0, 6.0), (arms[0].Estimate, arms[1].Estimate));
        Assert.Equal(5, arms[0].Mean, 1e-9);
        Assert.True(arms[0].Variance > 0.004);
    }

    /// <summary>
    /// Two equal variants whose rate goes from 5 to 20 % while the first one's weight goes from 50 to 90 %: plain
    /// counts are off by 4 points in every run, the estimate by nothing, and its variance is the one it says.
    /// </summary>
    [Fact]
    public void Estimate_UnderDrift_IsUnbiasedAndKnowsItsVariance()
    {
        const int Runs = 400;
        double sum = 0,
            squares = 0,
            variance = 0,
            counted = 0;
        for (var run = 0; run < Runs; run++)
        {
            var random = new Random(1000 + run);
            var statistics = new TrialStatistics();
            Draw(statistics, random, version: 1, trials: 1000, ("a", 0.5, 0.05), ("b", 0.5, 0.05));
            statistics.BeginEpoch();
            Draw(statistics, random, version: 2, trials: 1000, ("a", 0.7, 0.10), ("b", 0.3, 0.10));
            statistics.BeginEpoch();
            Draw(statistics, random, version: 3, trials: 1000, ("a", 0.9, 0.20), ("b", 0.1, 0.20));
            var arms = statistics.Posterior(["a", "b"]);

            var difference = arms[0].Estimate - arms[1].Estimate;
            sum += difference;
            squares += difference * difference;
            variance += arms[0].Variance + arms[1].Variance;
            counted += (double)arms[0].Successes / arms[0].Trials - (double)arms[1].Successes / arms[1].Trials;
        }
        var mean = sum / Runs;
        var observed = squares / Runs - mean * mean;

        Assert.InRange(mean, -4 * Math.Sqrt(observed / Runs), 4 * Math.Sqrt(observed / Runs));
        Assert.InRange(observed / (variance / Runs), 0.75, 1.3);
        Assert.InRange(counted / Runs, 0.03, 0.06);
    }

    [Fact]
    public void State_ThroughJson_GoesOnExactly()
    {
        var original = new TrialStatistics();
        var random = new Random(8);
        Draw(original, random, version: 1, trials: 300, ("a", 0.5, 0.05), ("b", 0.5, 0.07));
        original.BeginEpoch();
        Draw(original, random, version: 2, trials: 300, ("a", 0.3, 0.05), ("b", 0.7, 0.07));

        var json = JsonSerializer.Serialize(original.ToState(), StatisticsJson.Default.TrialStatisticsState);
        var copy = TrialStatistics.FromState(JsonSerializer.Deserialize(json, StatisticsJson.Default.TrialStatisticsState)!);
        foreach (var statistics in new[] { original, copy })
        {
            var same = new Random(9);
            Draw(statistics, same, version: 2, trials: 50, ("a", 0.3, 0.05), ("b", 0.6, 0.07), ("c", 0.1, 0.5));
            statistics.BeginEpoch();
            Draw(statistics, same, version: 3, trials: 50, ("a", 0.2, 0.05), ("b", 0.6, 0.07), ("c", 0.2, 0.5));
        }

        Assert.Equal(original.Posterior(["a", "b", "c"]), copy.Posterior(["a", "b", "c"]));
    }

    [Fact]
    public void State_BeforeAnything_GoesThroughJson()
    {
        var json = JsonSerializer.Serialize(new TrialStatistics().ToState(), StatisticsJson.Default.TrialStatisticsState);
        var copy = TrialStatistics.FromState(JsonSerializer.Deserialize(json, StatisticsJson.Default.TrialStatisticsState)!);

        Assert.Equal(0, copy.Trials);
        Assert.Equal((1, 1), (copy.Posterior(["a"])[0].Alpha, copy.Posterior(["a"])[0].Beta));
    }

    private static TrialStatistics FirstEpoch()
    {
        var statistics = new TrialStatistics();
        Add(statistics, "a", version: 1, probability: 0.5, trials: 4, successes: 1);
        Add(statistics, "b", version: 1, probability: 0.5, trials: 4, successes: 2);
        return statistics;
    }

    /// <summary>So many trials and successes of the first epoch, without adding millions one by one.</summary>
    internal static TrialStatistics OneVersion(params (string Id, int Trials, int Successes)[] arms) =>
        TrialStatistics.FromState(
            new TrialStatisticsState(
                1,
                null,
                0.5,
                0,
                0,
                0,
                [
                    .. arms.Select(arm => new ArmState(
                        arm.Id,
                        arm.Trials,
                        arm.Successes,
                        arm.Trials,
                        arm.Successes,
                        0.5,
                        0,
                        0,
                        0
                    )),
                ]
            )
        );

    private static void Add(
        TrialStatistics statistics,
        string id,
        int version,
        double probability,
        int trials,
        int successes
    )
    {
        for (var i = 0; i < trials; i++)
        {
            statistics.Add(id, version, probability, i < successes);
        }
    }

    private static void Draw(
        TrialStatistics statistics,
        Random random,
        int version,
        int trials,
        params (string Id, double Weight, double Rate)[] arms
    )
    {
        for (var i = 0; i < trials; i++)
        {
            var at = random.NextDouble();
            var arm = 0;
            while (arm < arms.Length - 1 && at >= arms[arm].Weight)
            {
                at -= arms[arm++].Weight;
            }
            statistics.Add(arms[arm].Id, version, arms[arm].Weight, random.NextDouble() < arms[arm].Rate);
        }
    }
}
