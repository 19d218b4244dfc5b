using Edge.Statistics.Inference;
using Xunit;

namespace Edge.Tests.Statistics.Inference;

/// <summary>
/// Against closed forms for two arms (Evan Miller; C. Stucchio), values computed with 20 digits elsewhere for three,
/// and what must hold for all.
/// </summary>
public class BestArmTests
{
    [Theory]
    [InlineData(1, 1, 1, 1)]
    [InlineData(1, 1, 2, 1)]
    [InlineData(11, 91, 14, 88)]
    [InlineData(51, 951, 61, 941)]
    [InlineData(501, 9501, 561, 9441)]
    [InlineData(3, 1000, 900, 12000)]
    [InlineData(2001, 98001, 2051, 97951)]
    public void TwoArms_ClosedForms_AreMet(int alphaA, int betaA, int alphaB, int betaB)
    {
        var best = BestArm.Of([new(alphaA, betaA), new(alphaB, betaB)]);

        var bIsBetter = Miller(alphaA, betaA, alphaB, betaB);
        Assert.Equal(bIsBetter, best.Probabilities[1], 1e-9);
        Assert.Equal(1 - bIsBetter, best.Probabilities[0], 1e-9);
        // What A gives up is E(B - A)+.
        var gain =
            (double)alphaB / (alphaB + betaB) * Miller(alphaA, betaA, alphaB + 1, betaB)
            - (double)alphaA / (alphaA + betaA) * Miller(alphaA + 1, betaA, alphaB, betaB);
        Assert.Equal(gain, best.ExpectedLoss[0], 1e-9);
    }

    [Fact]
    public void ThreeArms_WithSkewedOnes_AreMet()
    {
        BetaDistribution[] arms = [new(1.5, 40.25), new(1, 1), new(7.3, 22.7)];

        var best = BestArm.Of(arms);

        AssertClose([0.0003460588001407, 0.7566055950236, 0.2430483461762], best.Probabilities);
        AssertClose([0.4966550206318, 0.0325831643444, 0.2892498310111], best.ExpectedLoss);
        Assert.Equal(1, best.Leader);
        Assert.Equal(0.2454935043791, BestArm.ValueRemainingBelow(arms, 2, 0.01), 1e-8);
    }

    [Fact]
    public void ThreeArms_Usual_AreMet()
    {
        BetaDistribution[] arms = [new(41, 961), new(52.5, 949.5), new(47, 955)];

        var best = BestArm.Of(arms);

        AssertClose([0.06601135078303, 0.6723859324457, 0.2616027167712], best.Probabilities);
        AssertClose([0.01345650385066, 0.001979457942474, 0.007468479898562], best.ExpectedLoss);
        Assert.Equal(1, best.Leader);
        Assert.Equal(0.69164011831, BestArm.ValueRemainingBelow(arms, 1, 0.01), 1e-9);
    }

    [Fact]
    public void ValueRemaining_OfNothing_IsTheProbabilityToBeBest()
    {
        BetaDistribution[] arms = [new(41, 961), new(52.5, 949.5), new(47, 955)];

        Assert.Equal(BestArm.Of(arms).Probabilities[1], BestArm.ValueRemainingBelow(arms, 1, 0), 1e-12);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(10)]
    [InlineData(50)]
    public void EqualArms_ShareEqually(int count)
    {
        var arms = Enumerable.Repeat(new BetaDistribution(31.5, 700), count).ToArray();

        var best = BestArm.Of(arms);

        Assert.All(best.Probabilities, probability => Assert.Equal(1.0 / count, probability, 1e-12));
        Assert.Equal(0, best.Leader);
        Assert.True(best.IsSound);
    }

    /// <summary>The self check of the quadrature, over parameters from the prior to a hundred million trials.</summary>
    [Fact]
    public void AnyArms_SumToOne_AndLoseNothingBelowZero()
    {
        var random = new Random(5);
        for (var round = 0; round < 400; round++)
        {
            var arms = new BetaDistribution[random.Next(2, 9)];
            for (var i = 0; i < arms.Length; i++)
            {
                var trials = Math.Exp(random.NextDouble() * 18.4) - 1;
                var rate = random.Next(4) switch
                {
                    0 => random.NextDouble(),
                    1 => 1 - 1e-3,
                    _ => 0.05,
                };
                arms[i] = new BetaDistribution(1 + trials * rate, 1 + trials * (1 - rate));
            }

            var best = BestArm.Of(arms);

            Assert.True(best.IsSound, $"{best.Error:E2} for {string.Join(", ", arms)}");
            Assert.Equal(1, best.Probabilities.Sum(), 1e-12);
            Assert.All(best.ExpectedLoss, loss => Assert.InRange(loss, 0, 1));
        }
    }

    [Fact]
    public void Order_OfTheArms_DoesNotMatter()
    {
        BetaDistribution[] arms = [new(41, 961), new(1.5, 12), new(470, 9550)];

        var forward = BestArm.Of(arms);
        var backward = BestArm.Of(arms.Reverse().ToArray());

        AssertClose(forward.Probabilities, [.. backward.Probabilities.Reverse()]);
        AssertClose(forward.ExpectedLoss, [.. backward.ExpectedLoss.Reverse()]);
    }

    [Fact]
    public void NoArms_HaveNoLeader() => Assert.Equal(-1, BestArm.Of([]).Leader);

    [Fact]
    public void Nodes_IntegratePolynomials_ExactlyAndPartially()
    {
        var whole = 0.0;
        var partial = 0.0;
        const int Node = 9;
        for (var k = 0; k < GaussLegendre.Count; k++)
        {
            whole += GaussLegendre.Weights[k] * Math.Pow(GaussLegendre.Nodes[k], 30);
            partial += GaussLegendre.PartialWeights(Node)[k] * Math.Pow(GaussLegendre.Nodes[k], 14);
        }

        Assert.Equal(2.0 / 31, whole, 1e-14);
        Assert.Equal((Math.Pow(GaussLegendre.Nodes[Node], 15) + 1) / 15, partial, 1e-14);
    }

    /// <summary>P(B > A) by Evan Miller's finite sum, for integer parameters.</summary>
    private static double Miller(int alphaA, int betaA, int alphaB, int betaB)
    {
        var sum = 0.0;
        for (var i = 0; i < alphaB; i++)
        {
            sum += Math.Exp(
                LogBeta(alphaA + i, betaA + betaB)
                    - Math.Log(betaB + i)
                    - LogBeta(1 + i, betaB)
                    - LogBeta(alphaA, betaA)
            );
        }
        return sum;
    }

    private static double LogBeta(int a, int b) => LogFactorial(a - 1) + LogFactorial(b - 1) - LogFactorial(a + b - 1);

    private static double LogFactorial(int n) => LogFactorials.Value[n];

    private static readonly Lazy<double[]> LogFactorials = new(() =>
    {
        // A compensated sum, so that the oracle is better than what it judges.
        var logs = new double[300_000];
        var (sum, lost) = (0.0, 0.0);
        for (var n = 1; n < logs.Length; n++)
        {
            var term = Math.Log(n) - lost;
            var next = sum + term;
            lost = next - sum - term;
            logs[n] = sum = next;
        }
        return logs;
    });

    private static void AssertClose(IReadOnlyList<double> expected, IReadOnlyList<double> actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        for (var i = 0; i < expected.Count; i++)
        {
            Assert.Equal(expected[i], actual[i], 1e-8);
        }
    }
}
