namespace Edge.Statistics.Inference;

/// <summary>
/// The posterior of one variant's success rate, Beta(<see cref="Alpha"/>, <see cref="Beta"/>), and the estimate behind
/// it. A variant without trials has the prior Beta(1, 1) and an infinite <see cref="Variance"/>. Immutable.
/// </summary>
/// <param name="VariantId">The variant.</param>
/// <param name="Alpha">First parameter, at least 1.</param>
/// <param name="Beta">Second parameter, at least 1.</param>
/// <param name="Trials">Matured trials over all weights versions.</param>
/// <param name="Successes">Those of them that succeeded.</param>
/// <param name="Estimate">Unbiased estimate of the rate, clamped into (0, 1) once weights have moved.</param>
/// <param name="Variance">Variance of <paramref name="Estimate"/>.</param>
internal readonly record struct ArmPosterior(
    string VariantId,
    double Alpha,
    double Beta,
    long Trials,
    long Successes,
    double Estimate,
    double Variance
)
{
    /// <summary>Mean of the posterior, in (0, 1).</summary>
    public double Mean => Alpha / (Alpha + Beta);

    /// <summary>The posterior as a distribution.</summary>
    public BetaDistribution Distribution => new(Alpha, Beta);
}
