namespace Edge.Statistics.Inference;

/// <summary>
/// A beta distribution. Immutable, pure. Accurate to about 1e-12 for parameters of up to 1e9, that is, for up to a
/// billion trials.
/// </summary>
/// <param name="Alpha">First parameter, greater than 0.</param>
/// <param name="Beta">Second parameter, greater than 0.</param>
internal readonly record struct BetaDistribution(double Alpha, double Beta)
{
    private const double Precision = 1e-15;
    private const double Tiny = 1e-300;

    /// <summary>
    /// The continued fraction needs about as many terms as the square root of the parameters; enough for a billion
    /// trials.
    /// </summary>
    private const int MaxFractionTerms = 1_000_000;

    /// <summary>A bracket of doubles cannot be halved more often than this.</summary>
    private const int MaxQuantileSteps = 1_100;

    /// <summary>The mean, in (0, 1).</summary>
    public double Mean => Alpha / (Alpha + Beta);

    /// <summary>The variance.</summary>
    public double Variance => Mean * (1 - Mean) / (Alpha + Beta + 1);

    /// <summary>
    /// Natural logarithm of the density at the mean, where the large terms of Stirling's formula cancel exactly.
    /// </summary>
    public double LogDensityAtMean
    {
        get
        {
            var mean = Mean;
            var sum = Alpha + Beta;
            return 0.5 * Math.Log(sum / (mean * (1 - mean)))
                - GammaFunction.HalfLogTwoPi
                + GammaFunction.StirlingError(sum)
                - GammaFunction.StirlingError(Alpha)
                - GammaFunction.StirlingError(Beta);
        }
    }

    /// <summary>Natural logarithm of the density at a point strictly inside (0, 1).</summary>
    public double LogDensity(double x) =>
        LogDensityAtMean + (Alpha - 1) * Math.Log(x / Mean) + (Beta - 1) * Math.Log((1 - x) / (1 - Mean));

    /// <summary>Cumulative distribution function: the regularised incomplete beta function I_x(alpha, beta).</summary>
    public double Cdf(double x)
    {
        if (x <= 0)
        {
            return 0;
        }
        if (x >= 1)
        {
            return 1;
        }
        // x^a (1-x)^b / B(a, b) is the density times x (1-x).
        var front = Math.Exp(LogDensity(x)) * x * (1 - x);
        return x < (Alpha + 1) / (Alpha + Beta + 2)
            ? front * Fraction(Alpha, Beta, x) / Alpha
            : 1 - front * Fraction(Beta, Alpha, 1 - x) / Beta;
    }

    /// <summary>The x below which the given probability lies, by Newton's method inside a shrinking bracket.</summary>
    /// <param name="probability">0 to 1.</param>
    public double Quantile(double probability)
    {
        if (probability <= 0)
        {
            return 0;
        }
        if (probability >= 1)
        {
            return 1;
        }
        var (low, high) = (0.0, 1.0);
        var x = Mean;
        for (var step = 0; step < MaxQuantileSteps; step++)
        {
            var error = Cdf(x) - probability;
            if (error > 0)
            {
                high = x;
            }
            else
            {
                low = x;
            }
            var next = x - error / Math.Exp(LogDensity(x));
            if (!(next > low && next < high))
            {
                next = 0.5 * (low + high);
            }
            if (Math.Abs(next - x) <= Precision * x || next == x)
            {
                return next;
            }
            x = next;
        }
        return x;
    }

    /// <summary>
    /// The continued fraction of the incomplete beta function (Abramowitz and Stegun 26.5.8) by the modified Lentz
    /// method; converges quickly left of the mean, which is where it is evaluated.
    /// </summary>
    private static double Fraction(double a, double b, double x)
    {
        var c = 1.0;
        var d = 1 / NotZero(1 - (a + b) * x / (a + 1));
        var fraction = d;
        for (var m = 1; m < MaxFractionTerms; m++)
        {
            var even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
            d = 1 / NotZero(1 + even * d);
            c = NotZero(1 + even / c);
            fraction *= c * d;

            var odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
            d = 1 / NotZero(1 + odd * d);
            c = NotZero(1 + odd / c);
            var change = c * d;
            fraction *= change;
            if (Math.Abs(change - 1) < Precision)
            {
                break;
            }
        }
        return fraction;
    }

    private static double NotZero(double value) => Math.Abs(value) < Tiny ? Tiny : value;
}
