namespace Edge.Statistics.WhatIf;

/// <summary>A mean and the interval that holds it in 95 of 100 logs.</summary>
internal readonly record struct MeanInterval(double Mean, double Low, double High)
{
    private const double Z95 = 1.959963984540054;

    /// <summary>The interval of a mean by its standard error (normal approximation).</summary>
    public static MeanInterval Of(double mean, double standardError) =>
        new(mean, mean - (Z95 * standardError), mean + (Z95 * standardError));
}

/// <summary>Why a log says nothing of another choice.</summary>
internal enum Refusal
{
    None,

    /// <summary>There are too few trials.</summary>
    TooFew,

    /// <summary>Variants were not shown as often as their chances say.</summary>
    Skewed,

    /// <summary>Variants that had no chance in the log would be chosen.</summary>
    NoSupport,

    /// <summary>Too few trials of the log would have been chosen alike.</summary>
    TooDifferent,

    /// <summary>Too few of them reached the goal.</summary>
    TooFewSuccesses,
}

/// <summary>What another choice would have come to, from the trials of one experiment. Immutable.</summary>
internal sealed record OffPolicyEstimate
{
    /// <summary>Trials.</summary>
    public required int Trials { get; init; }

    public required Refusal Refusal { get; init; }

    /// <summary>The mean result as it was.</summary>
    public required MeanInterval Logged { get; init; }

    /// <summary>The mean result of the other choice, doubly robust.</summary>
    public required MeanInterval Candidate { get; init; }

    /// <summary>The same by inverse propensity alone.</summary>
    public required MeanInterval InversePropensity { get; init; }

    /// <summary>The other choice less the logged one, from the same trials.</summary>
    public required MeanInterval Difference { get; init; }

    /// <summary>
    /// So many trials chosen by the other choice itself would say as much: (sum of weights)² / sum of squared weights.
    /// </summary>
    public required double EffectiveSampleSize { get; init; }

    /// <summary>
    /// By variant of the log, its trials divided by their chances: 1 on average, unless the log is not what chance has
    /// chosen.
    /// </summary>
    public required IReadOnlyList<(string Variant, double Ratio)> Skewed { get; init; }

    /// <summary>Share of the other choice that falls on variants without a chance in the log, 0 to 1.</summary>
    public required double Unsupported { get; init; }

    /// <summary>The variants that it falls on.</summary>
    public required IReadOnlyList<string> UnsupportedVariants { get; init; }

    /// <summary>Trials with a result that the other choice could have led to as well.</summary>
    public required int Successes { get; init; }

    /// <summary>Share of the other choice that each variant would have got.</summary>
    public required IReadOnlyList<double> Shares { get; init; }
}
