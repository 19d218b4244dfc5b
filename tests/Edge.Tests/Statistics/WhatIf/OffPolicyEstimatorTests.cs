using Edge.Enrichment.Geo;
using Edge.Statistics.WhatIf;
using Edge.Tests.Experiments;
using Xunit;

namespace Edge.Tests.Statistics.WhatIf;

/// <summary>Estimates beside a world whose truth is known.</summary>
public class OffPolicyEstimatorTests(ITestOutputHelper output)
{
    private const int Runs = 1_000;
    private const int TrialsPerRun = 4_000;
    private const double MobileShare = 0.6;

    private static readonly string[] Arms = ["a", "b", "c"];

    /// <summary>Chances by version of the weights: the log is that of a bandit.</summary>
    private static readonly double[][] Weights = [[0.7, 0.1, 0.2], [0.6, 0.2, 0.2]];

    private static readonly double[] OnMobile = [0.02, 0.05, 0.04];
    private static readonly double[] OnDesktop = [0.20, 0.08, 0.10];

    /// <summary>b for phones, else a.</summary>
    private static readonly CandidatePolicy Tree = new(
        Definitions.Experiment(
            """
            {"uid":"exp_abc123","slug":"slug","type":"smart_link","name":"x","goalConfig":{"type":"click_through","destinationUrl":"https://example.com/"},
             "variants":[{"id":"a","isDefault":true,"weight":10000},
              {"id":"b","weight":0,"conditions":{"type":"group","operator":"AND","children":[{"type":"rule","property":"device.type","ruleOperator":"equals","value":"mobile"}]}}]}
            """
        )
    );

    [Fact]
    public void Intervals_OfAConditionTree_HoldTheTruthInNinetyFiveOfAHundredLogs()
    {
        var truth = (MobileShare * OnMobile[1]) + ((1 - MobileShare) * OnDesktop[0]);
        var logged = Weights.Average(weights =>
            Enumerable.Range(0, Arms.Length).Sum(a => weights[a] * ((MobileShare * OnMobile[a]) + ((1 - MobileShare) * OnDesktop[a])))
        );
        var random = new Random(20_261_201);
        var (robust, propensity, difference, width, naive) = (0, 0, 0, 0.0, 0.0);
        for (var run = 0; run < Runs; run++)
        {
            var trials = Log(random, TrialsPerRun);

            var estimate = OffPolicyEstimator.Estimate(trials, Tree);

            Assert.Equal(Refusal.None, estimate.Refusal);
            robust += Holds(estimate.Candidate, truth);
            propensity += Holds(estimate.InversePropensity, truth);
            difference += Holds(estimate.Difference, truth - logged);
            width += (estimate.Candidate.High - estimate.Candidate.Low) / (estimate.InversePropensity.High - estimate.InversePropensity.Low) / Runs;
            naive += trials.Where(static trial => trial.Variant == (trial.Visitor.Device == "mobile" ? "b" : "a")).Average(static trial => trial.Result) / Runs;
        }

        output.WriteLine($"of {Runs}: doubly robust {robust}, inverse propensity {propensity}, difference {difference}; width {width:0.00}; mean of equal choices {naive:0.0000} for {truth:0.0000}");
        Assert.InRange(robust, 930, 970);
        Assert.InRange(propensity, 930, 970);
        Assert.InRange(difference, 930, 970);
        // The model pays.
        Assert.InRange(width, 0, 0.99);
        // What everybody would compute first is far from it.
        Assert.True(naive > truth + 0.03);
    }

    [Fact]
    public void Estimate_OfTheLoggedWeights_IsTheLog()
    {
        var trials = Log(new Random(7), TrialsPerRun).Where(static trial => trial.WeightsVersion == 1).ToArray();

        var estimate = OffPolicyEstimator.Estimate(trials, Split(7_000, 1_000, 2_000));

        Assert.Equal(trials.Length, estimate.EffectiveSampleSize, 1e-6);
        Assert.Equal(estimate.Logged, estimate.InversePropensity);
        Assert.Equal(estimate.Logged, estimate.Candidate);
        Assert.Equal(new MeanInterval(0, 0, 0), estimate.Difference);
        Assert.Equal(0.7, estimate.Shares[0], 1e-9);
    }

    /// <summary>One variant was never shown: what chance it had is what the others leave.</summary>
    [Fact]
    public void Estimate_OfTheLoggedWeights_OfWhichOneChoseNobody_IsTheLog()
    {
        var trials = Log(new Random(7), TrialsPerRun)
            .Where(static trial => trial is { WeightsVersion: 1, Variant: not "b" })
            .Select(static trial => trial with { Probability = trial.Variant == "a" ? 0.7999 : 0.2 })
            .Append(Trial("b", 0.0001, 2, "desktop", 0))
            .ToArray();

        Assert.Equal(0, OffPolicyEstimator.Estimate(trials[..^1], Split(7_999, 1, 2_000)).Difference.Mean);
    }

    [Fact]
    public void Estimate_OfFewerVariants_IsTheLogAndTheDifference()
    {
        var (truth, mean) = (0.0, 0.0);
        var random = new Random(11);
        for (var run = 0; run < 100; run++)
        {
            var estimate = OffPolicyEstimator.Estimate(Log(random, TrialsPerRun), Split(5_000, 5_000));
            Assert.Equal(estimate.Candidate.Mean, estimate.Logged.Mean + estimate.Difference.Mean, 1e-9);
            mean += estimate.Candidate.Mean / 100;
        }

        truth = 0.5 * ((MobileShare * (OnMobile[0] + OnMobile[1])) + ((1 - MobileShare) * (OnDesktop[0] + OnDesktop[1])));
        Assert.Equal(truth, mean, 0.003);
    }

    [Fact]
    public void Estimate_OfAVariantThatHadNoChance_IsRefused()
    {
        var estimate = OffPolicyEstimator.Estimate(Log(new Random(7), TrialsPerRun), Split(5_000, 4_910, 0, 90));

        Assert.Equal(Refusal.None, estimate.Refusal);
        Assert.Equal(0.009, estimate.Unsupported, 1e-9);

        estimate = OffPolicyEstimator.Estimate(Log(new Random(7), TrialsPerRun), Split(5_000, 4_000, 0, 1_000));

        Assert.Equal(Refusal.NoSupport, estimate.Refusal);
        Assert.Equal(["d"], estimate.UnsupportedVariants);
    }

    [Fact]
    public void Estimate_OfAVariantThatOneVersionOfTheWeightsNeverShowed_IsRefused()
    {
        var random = new Random(7);
        var trials = Log(random, TrialsPerRun)
            .Select(trial => trial.WeightsVersion == 2 && trial.Variant != "b" ? trial with { Variant = "a", Probability = 0.8 } : trial)
            .ToArray();

        var estimate = OffPolicyEstimator.Estimate(trials, Split(0, 0, 10_000));

        Assert.Equal(Refusal.NoSupport, estimate.Refusal);
        Assert.InRange(estimate.Unsupported, 0.4, 0.6);
    }

    [Theory]
    [InlineData(200, "")]
    [InlineData(220, "")]
    [InlineData(260, "a 1.3, b 0.7")]
    public void Estimate_OfALogThatIsNotWhatChanceHasChosen_IsRefused(int ofA, string skewed)
    {
        var log = Enumerable.Range(0, 400).Select(i => Trial(i < ofA ? "a" : "b", 0.5, 1, "desktop", i % 4 == 0 ? 1 : 0)).ToArray();

        var estimate = OffPolicyEstimator.Estimate(log, Split(5_000, 5_000));

        Assert.Equal(skewed.Length > 0 ? Refusal.Skewed : Refusal.None, estimate.Refusal);
        Assert.Equal(skewed, string.Join(", ", estimate.Skewed.Select(static skew => FormattableString.Invariant($"{skew.Variant} {skew.Ratio:0.##}"))));
    }

    [Fact]
    public void Estimate_OfAChoiceThatTheLogHardlyMade_IsRefused()
    {
        var trials = Enumerable
            .Range(0, 2_000)
            .Select(static i => Trial(i % 100 == 0 ? "b" : "a", i % 100 == 0 ? 0.01 : 0.99, 1, "desktop", i % 2))
            .ToArray();

        var estimate = OffPolicyEstimator.Estimate(trials, Split(0, 10_000));

        Assert.Equal(Refusal.TooDifferent, estimate.Refusal);
        Assert.Equal(20, estimate.EffectiveSampleSize, 1e-6);
    }

    [Theory]
    [InlineData(0, nameof(Refusal.TooFew))]
    [InlineData(1, nameof(Refusal.TooFew))]
    [InlineData(99, nameof(Refusal.TooFew))]
    [InlineData(400, nameof(Refusal.TooFewSuccesses))]
    public void Estimate_OfLittle_IsRefused(int trials, string expected)
    {
        var log = Enumerable.Range(0, trials).Select(static i => Trial(i % 2 == 0 ? "a" : "b", 0.5, 1, "desktop", i % 80 == 0 ? 1 : 0)).ToArray();

        Assert.Equal(expected, OffPolicyEstimator.Estimate(log, Split(5_000, 5_000)).Refusal.ToString());
    }

    private static int Holds(MeanInterval interval, double truth) => interval.Low <= truth && truth <= interval.High ? 1 : 0;

    private static CandidatePolicy Split(params int[] weights) =>
        new(
            Definitions.Experiment(
                $$"""
                {"uid":"exp_abc123","slug":"slug","type":"ab_test","name":"x","goalConfig":{"type":"click_through","destinationUrl":"https://example.com/"},
                 "variants":[{{string.Join(',', weights.Select(static (weight, i) => $$"""{"id":"{{(char)('a' + i)}}","weight":{{weight}}}"""))}}]}
                """
            )
        );

    private static LoggedTrial[] Log(Random random, int trials)
    {
        var log = new LoggedTrial[trials];
        for (var i = 0; i < trials; i++)
        {
            var version = i < trials / 2 ? 0 : 1;
            var isMobile = random.NextDouble() < MobileShare;
            var draw = random.NextDouble();
            var arm = draw < Weights[version][0] ? 0 : draw < Weights[version][0] + Weights[version][1] ? 1 : 2;
            var rate = (isMobile ? OnMobile : OnDesktop)[arm];
            log[i] = Trial(Arms[arm], Weights[version][arm], version + 1, isMobile ? "mobile" : "desktop", random.NextDouble() < rate ? 1 : 0);
        }

        return log;
    }

    private static LoggedTrial Trial(string variant, double probability, int version, string device, double result) =>
        new(variant, probability, version, VisitEvent.Noon, result, new LoggedVisitor(device, "", "", CountryCode.Unknown, "", "", ""));
}
