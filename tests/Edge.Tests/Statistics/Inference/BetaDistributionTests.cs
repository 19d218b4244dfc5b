using CsCheck;
using Edge.Statistics.Inference;
using Xunit;

namespace Edge.Tests.Statistics.Inference;

/// <summary>Against values computed with 30 digits elsewhere, and against what must hold for all parameters.</summary>
public class BetaDistributionTests
{
    [Theory]
    [InlineData(2, 3, 0.4, 0.5248)]
    [InlineData(1, 1, 0.3, 0.3)]
    [InlineData(1.5, 60.25, 0.01, 0.25084709211041613)]
    [InlineData(51, 951, 0.06, 0.90079099383424335)]
    [InlineData(1234.5, 23456.5, 0.0495, 0.36264364405205522)]
    [InlineData(0.5, 0.5, 0.1, 0.20483276469913345)]
    public void Cdf_KnownValues_AreMet(double alpha, double beta, double x, double expected) =>
        Assert.Equal(expected, new BetaDistribution(alpha, beta).Cdf(x), 1e-12);

    [Theory]
    [InlineData(51, 951, 0.025, 0.03816683365052648)]
    [InlineData(51, 951, 0.975, 0.065325693681104781)]
    [InlineData(2, 2, 0.5, 0.5)]
    [InlineData(1.5, 60.25, 0.025, 0.0017818691432788133)]
    [InlineData(3, 1, 0.975, 0.99159624134038736)]
    public void Quantile_KnownValues_AreMet(double alpha, double beta, double probability, double expected) =>
        Assert.Equal(expected, new BetaDistribution(alpha, beta).Quantile(probability), 1e-12);

    [Fact]
    public void Cdf_IntegerParameters_AreTheBinomialTail()
    {
        // I_x(a, n - a + 1) = P(Binomial(n, x) >= a)
        const int N = 20;
        const double X = 0.3;
        for (var a = 1; a <= N; a++)
        {
            var tail = 0.0;
            for (var k = a; k <= N; k++)
            {
                var term = Math.Pow(X, k) * Math.Pow(1 - X, N - k);
                for (var i = 0; i < k; i++)
                {
                    term = term * (N - i) / (i + 1);
                }
                tail += term;
            }
            Assert.Equal(tail, new BetaDistribution(a, N - a + 1).Cdf(X), 1e-13);
        }
    }

    [Fact]
    public void Quantile_OfAnyParameters_IsTheInverseOfTheCdf() =>
        Gen.Select(Gen.Double[0, 16], Gen.Double[0, 16], Gen.Double[0.0005, 0.9995])
            .Sample(
                (a, b, probability) =>
                {
                    var distribution = new BetaDistribution(1 + Math.Exp(a), 1 + Math.Exp(b));

                    Assert.Equal(probability, distribution.Cdf(distribution.Quantile(probability)), 1e-8);
                },
                iter: 500
            );

    [Fact]
    public void Cdf_Mirrored_IsTheRest() =>
        Gen.Select(Gen.Double[0, 12], Gen.Double[0, 12], Gen.Double[-4, 4])
            .Sample(
                (a, b, deviations) =>
                {
                    var (alpha, beta) = (1 + Math.Exp(a), 1 + Math.Exp(b));
                    var distribution = new BetaDistribution(alpha, beta);
                    var x = distribution.Mean + (deviations * Math.Sqrt(distribution.Variance));

                    Assert.Equal(1, distribution.Cdf(x) + new BetaDistribution(beta, alpha).Cdf(1 - x), 1e-9);
                },
                iter: 500
            );

    [Fact]
    public void Ends_OfTheSupport_AreExact()
    {
        var distribution = new BetaDistribution(3, 4);

        Assert.Equal(0, distribution.Cdf(0));
        Assert.Equal(1, distribution.Cdf(1));
        Assert.Equal(0, distribution.Quantile(0));
        Assert.Equal(1, distribution.Quantile(1));
    }

    [Theory]
    [InlineData(0.5, 1.92072941034706, 0.05)]
    [InlineData(1, 0.5, 0.60653065971263342)]
    [InlineData(2, 10, 0.00049939922738733337)]
    [InlineData(4.5, 1, 0.99146760662881353)]
    [InlineData(0.5, 20, 2.539628589470865e-10)]
    public void UpperGamma_KnownValues_AreMet(double a, double x, double expected) =>
        Assert.Equal(1, GammaFunction.UpperRegularized(a, x) / expected, 1e-11);

    [Fact]
    public void LogGamma_OfIntegersAndAHalf_IsThatOfTheFactorials()
    {
        var log = 0.0;
        for (var n = 1; n <= 170; n++)
        {
            Assert.Equal(log, GammaFunction.Log(n), 1e-12 * (1 + log));
            log += Math.Log(n);
        }
        Assert.Equal(0.5 * Math.Log(Math.PI), GammaFunction.Log(0.5), 1e-14);
    }
}
