using Edge.Experiments;
using Edge.Formats;
using Edge.Statistics.Inference;
using Edge.Statistics.Optimization;
using Xunit;

namespace Edge.Tests.Statistics.Inference;

public class ThompsonSamplingTests
{
    [Theory]
    [InlineData(1, 0.05)]
    [InlineData(2, 0.05)]
    [InlineData(3, 0.10 / 3)]
    [InlineData(4, 0.025)]
    [InlineData(5, 0.02)]
    [InlineData(10, 0.01)]
    [InlineData(50, 0.01)]
    [InlineData(200, 0.005)]
    public void Floor_ByNumberOfVariants_IsPublishedOne(int variants, double floor) =>
        Assert.Equal(floor, ThompsonSampling.Floor(variants), 1e-15);

    [Fact]
    public void WithFloor_SmallProbabilities_StayAboveIt()
    {
        // The floor of four variants is .025, so w = .025 + .9 p.
        var shares = ThompsonSampling.WithFloor([0.97, 0.02, 0.005, 0.005]);

        Assert.Equal([0.898, 0.043, 0.0295, 0.0295], shares.Select(share => Math.Round(share, 12)));
    }

    [Theory]
    [InlineData(new[] { 1.0, 1.0, 1.0 }, new[] { 3334, 3333, 3333 })]
    [InlineData(new[] { 0.5, 0.5 }, new[] { 5000, 5000 })]
    [InlineData(new[] { 1.0 }, new[] { 10000 })]
    [InlineData(new[] { 0.00005, 0.00005, 0.9999 }, new[] { 1, 0, 9999 })]
    [InlineData(new[] { 0.33335, 0.33335, 0.3333 }, new[] { 3334, 3333, 3333 })]
    [InlineData(new[] { 0.1, 0.2, 0.7 }, new[] { 1000, 2000, 7000 })]
    [InlineData(new[] { 0.0, 1.0 }, new[] { 0, 10000 })]
    public void Round_TiesAndRemainders_GoInOrder(double[] shares, int[] expected) =>
        Assert.Equal(expected, ThompsonSampling.Round(shares));

    [Fact]
    public void Round_AnyShares_SumToTheWhole_AndAreOffByLessThanOne()
    {
        var random = new Random(17);
        for (var round = 0; round < 20_000; round++)
        {
            var shares = new double[random.Next(1, 30)];
            for (var i = 0; i < shares.Length; i++)
            {
                shares[i] = random.Next(5) == 0 ? 0 : Math.Exp(random.NextDouble() * 20 - 20);
            }
            shares[random.Next(shares.Length)] = 0.1;
            var sum = shares.Sum();

            var rounded = ThompsonSampling.Round(shares);

            Assert.Equal(10_000, rounded.Sum());
            for (var i = 0; i < shares.Length; i++)
            {
                Assert.InRange(rounded[i] - shares[i] / sum * 10_000, -1, 1);
            }
        }
    }

    [Fact]
    public void Propose_AnyData_SumsToTheWhole_AboveTheFloor_WithZeroKeptZero()
    {
        var random = new Random(23);
        for (var round = 0; round < 300; round++)
        {
            var arms = new ArmPosterior[random.Next(2, 11)];
            var configured = new double[arms.Length];
            for (var i = 0; i < arms.Length; i++)
            {
                arms[i] = Arm($"v{i}", random.Next(50, 100_000), 0.1 * random.NextDouble());
                configured[i] = i > 0 && random.Next(4) == 0 ? 0 : 1;
            }
            var asked = ThompsonSampling.Round(configured);
            var taking = asked.Count(weight => weight > 0);
            var lowest = (int)(ThompsonSampling.Floor(taking) * 10_000);

            var proposal = ThompsonSampling.Propose(asked, asked, arms, warmupTrials: 50);

            Assert.Equal(WeightReason.Optimized, proposal.Reason);
            Assert.Equal(10_000, proposal.Weights.Sum());
            for (var i = 0; i < arms.Length; i++)
            {
                Assert.True(asked[i] == 0 ? proposal.Weights[i] == 0 : proposal.Weights[i] >= lowest);
            }
        }
    }

    [Theory]
    [InlineData(49, 5000, WeightReason.Warmup)]
    [InlineData(5000, 49, WeightReason.Warmup)]
    [InlineData(50, 50, WeightReason.Optimized)]
    public void Warmup_UntilEveryVariantHasEnough_ServesTheConfigured(int first, int second, object reason)
    {
        var proposal = ThompsonSampling.Propose(
            [7000, 3000, 0],
            [7000, 3000, 0],
            [Arm("a", first, 0.1), Arm("b", second, 0.2), Arm("c", 0, 0)],
            50
        );

        Assert.Equal(reason, proposal.Reason);
        if (proposal.Reason == WeightReason.Warmup)
        {
            Assert.Equal([7000, 3000, 0], proposal.Weights);
            Assert.False(proposal.ShouldPublish);
        }
    }

    [Fact]
    public void TwoEqualVariants_AreServedEqually()
    {
        var proposal = ThompsonSampling.Propose([5000, 5000], [6000, 4000], [Arm("a", 100, 0.1), Arm("b", 100, 0.1)], 50);

        Assert.Equal([5000, 5000], proposal.Weights);
        Assert.Equal(1000, proposal.Moved);
        Assert.True(proposal.ShouldPublish);
    }

    [Theory]
    [InlineData(5099, false)]
    [InlineData(5100, true)]
    [InlineData(4900, true)]
    [InlineData(4901, false)]
    public void Publication_BelowAHundredBasisPoints_IsNotWorthIt(int served, bool shouldPublish)
    {
        var proposal = ThompsonSampling.Propose(
            [5000, 5000],
            [served, 10_000 - served],
            [Arm("a", 100, 0.1), Arm("b", 100, 0.1)],
            50
        );

        Assert.Equal(shouldPublish, proposal.ShouldPublish);
    }

    [Fact]
    public void Publication_ThatEndsAVariant_IsAlwaysWorthIt()
    {
        var proposal = ThompsonSampling.Propose([10_000, 0], [9_990, 10], [Arm("a", 100, 0.1), Arm("b", 100, 0.1)], 50);

        Assert.Equal([10_000, 0], proposal.Weights);
        Assert.True(proposal.ShouldPublish);
    }

    [Theory]
    [InlineData("bandit", true, "click_through", WeightReason.Optimized)]
    [InlineData("no bandit", false, "click_through", WeightReason.Fixed)]
    [InlineData("no success", true, "impressions_only", WeightReason.Fixed)]
    public void Propose_ForAnExperiment_FollowsItsSettings(string name, bool isBandit, string goal, object reason)
    {
        Assert.True(WireNames<GoalType>.Lower.TryParse(goal, out var type));
        var experiment = new Experiment
        {
            Uid = "exp_1",
            Slug = "s",
            Type = ExperimentType.AbTest,
            Name = name,
            Variants =
            [
                new Variant
                {
                    Id = "a",
                    Weight = 8000,
                    ConfiguredWeight = 4000,
                },
                new Variant
                {
                    Id = "b",
                    Weight = 2000,
                    ConfiguredWeight = 6000,
                },
            ],
            GoalConfig = new GoalConfig { Type = type },
            BanditConfig = new BanditConfig { Enabled = isBandit },
        };

        var proposal = ThompsonSampling.Propose(experiment, [Arm("a", 100, 0.1), Arm("b", 100, 0.1)]);

        Assert.Equal(reason, proposal.Reason);
        Assert.Equal(proposal.Reason == WeightReason.Fixed ? [4000, 6000] : [5000, 5000], proposal.Weights);
        Assert.Equal(proposal.Reason == WeightReason.Fixed ? 4000 : 3000, proposal.Moved);
    }

    private static ArmPosterior Arm(string id, int trials, double rate)
    {
        var successes = (int)(trials * rate);
        return new ArmPosterior(id, 1 + successes, 1 + trials - successes, trials, successes, rate, 1e-6);
    }
}
