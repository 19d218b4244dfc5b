namespace Edge.Statistics.Inference;

/// <summary>
/// The 95 % score interval of a rate (E. B. Wilson 1927): unlike the normal approximation it stays within [0, 1] and is
/// valid for few trials. Immutable.
/// </summary>
/// <param name="Low">Lower end, at least 0.</param>
/// <param name="High">Upper end, at most 1.</param>
internal readonly record struct WilsonInterval(double Low, double High)
{
    /// <summary>The 97.5 % point of the normal distribution.</summary>
    private const double Z = 1.9599639845400545;

    /// <summary>The interval for a number of successes and trials; [0, 1] when there are no trials.</summary>
    public static WilsonInterval Of(long successes, long trials)
    {
        if (trials == 0)
        {
            return new WilsonInterval(0, 1);
        }
        double n = trials;
        var rate = successes / n;
        var centre = (rate + Z * Z / (2 * n)) / (1 + Z * Z / n);
        var half = Z * Math.Sqrt(rate * (1 - rate) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n);
        // At either end the exact bound is 0 or 1, which rounding would miss.
        return new WilsonInterval(
            successes == 0 ? 0 : Math.Max(0, centre - half),
            successes == trials ? 1 : Math.Min(1, centre + half)
        );
    }
}
