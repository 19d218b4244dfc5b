namespace Edge.Statistics.Inference;

/// <summary>
/// The posterior of one variant's success rate, Beta(<see cref="Alpha"/>, <see cref="Beta"/>), and the estimate behind
/// it; for a mean value, the same times <see cref="Scale"/>. A variant without trials has the prior Beta(1, 1) and an
/// infinite <see cref="Variance"/>. Immutable.
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
    /// <summary>
    /// What 1 on the axis of <see cref="Distribution"/> means: 1 for a rate; for a mean value the same bound for all
    /// variants, far above every one of them.
    /// </summary>
    public double Scale { get; init; } = 1;

    /// <summary>Mean of the posterior.</summary>
    public double Mean => Scale * Alpha / (Alpha + Beta);

    /// <summary>The posterior as a distribution on (0, 1), in units of <see cref="Scale"/>.</summary>
    public BetaDistribution Distribution => new(Alpha, Beta);
}
