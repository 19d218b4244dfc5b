namespace Edge.Statistics.Inference;

/// <summary>
/// A confidence interval for a difference that is valid at all looks simultaneously, so that looking often costs
/// nothing: the asymptotic confidence sequence of Waudby-Smith et al., in the form documented by GrowthBook. Pure.
/// </summary>
internal static class ConfidenceSequence
{
    /// <summary>Number of trials at which the sequence is tuned to be tightest.</summary>
    private const double TunedTrials = 5000;

    /// <summary>Half the width of the interval for the difference of two rates.</summary>
    /// <param name="variance">Variance of the estimated difference.</param>
    /// <param name="trials">Trials of both variants together.</param>
    /// <param name="alpha">Error probability over all looks, in (0, 1).</param>
    public static double HalfWidth(double variance, double trials, double alpha)
    {
        var logTerm = -2 * Math.Log(alpha);
        var rhoSquare = (logTerm + Math.Log(logTerm + 1)) / TunedTrials;
        var scaled = trials * rhoSquare;
        return Math.Sqrt(variance * trials)
            * Math.Sqrt(2 * (scaled + 1) / (trials * scaled) * Math.Log(Math.Sqrt(scaled + 1) / alpha));
    }

    /// <summary>
    /// Whether the leader is ahead of every other variant by more than the half width, with the error probability
    /// divided among the comparisons.
    /// </summary>
    /// <param name="arms">The variants to compare; false for fewer than two.</param>
    /// <param name="leader">Index of the leader.</param>
    /// <param name="alpha">Error probability over all looks and variants, in (0, 1).</param>
    public static bool IsAhead(ReadOnlySpan<ArmPosterior> arms, int leader, double alpha)
    {
        for (var i = 0; i < arms.Length; i++)
        {
            if (i == leader)
            {
                continue;
            }
            if (arms[i].Trials == 0 || arms[leader].Trials == 0)
            {
                return false;
            }
            var halfWidth = HalfWidth(
                arms[leader].Variance + arms[i].Variance,
                arms[leader].Trials + arms[i].Trials,
                alpha / (arms.Length - 1)
            );
            if (!(arms[leader].Estimate - arms[i].Estimate > halfWidth))
            {
                return false;
            }
        }
        return arms.Length > 1;
    }
}
