namespace Edge.Statistics.Inference;

/// <summary>
/// A confidence interval of a difference that holds at every look at once, so that looking often costs nothing: the
/// asymptotic confidence sequence of Waudby-Smith and others in the form GrowthBook documents. Pure.
/// </summary>
internal static class ConfidenceSequence
{
    /// <summary>Trials at which the sequence is tuned to be tightest.</summary>
    private const double TunedTrials = 5000;

    /// <summary>Half the width of the interval of a difference of two rates.</summary>
    /// <param name="variance">Variance of the estimated difference.</param>
    /// <param name="trials">Trials of the two variants together.</param>
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
    /// Whether the leader is ahead of every other variant by more than the half width, the error probability shared
    /// between them.
    /// </summary>
    /// <param name="arms">The variants that are compared; false for fewer than two.</param>
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
