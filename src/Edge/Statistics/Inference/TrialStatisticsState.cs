namespace Edge.Statistics.Inference;

/// <summary>The state of <see cref="TrialStatistics"/> for a checkpoint; JSON preserves the numbers exactly.</summary>
/// <param name="FirstVersion">The weights version of the first epoch, or null before the first trial.</param>
/// <param name="LatestVersion">The highest weights version seen since the first epoch, or null.</param>
/// <param name="PooledRate">Pooled rate of all variants when the current epoch began.</param>
/// <param name="VersionTrials">Trials since <paramref name="LatestVersion"/> was first seen.</param>
/// <param name="VersionSum">Sum of the pooled rates over those trials.</param>
/// <param name="VersionSumOfSquares">Sum of their squares.</param>
/// <param name="Arms">The variants, in the order in which they were first seen.</param>
internal sealed record TrialStatisticsState(
    int? FirstVersion,
    int? LatestVersion,
    double PooledRate,
    long VersionTrials,
    double VersionSum,
    double VersionSumOfSquares,
    IReadOnlyList<ArmState> Arms
);

/// <summary>One variant of a <see cref="TrialStatisticsState"/>.</summary>
/// <param name="VariantId">The variant.</param>
/// <param name="FirstTrials">Trials of the first epoch.</param>
/// <param name="FirstSuccesses">Successes of the first epoch.</param>
/// <param name="Trials">Trials of all epochs.</param>
/// <param name="Successes">Successes of all epochs.</param>
/// <param name="Guess">Its baseline rate, fixed when the current epoch began.</param>
/// <param name="WeightedTrials">Number of trials, of any variant, that contributed to the two sums.</param>
/// <param name="Sum">Sum of the contributions.</param>
/// <param name="SumOfSquares">Sum of their squares.</param>
internal sealed record ArmState(
    string VariantId,
    long FirstTrials,
    long FirstSuccesses,
    long Trials,
    long Successes,
    double Guess,
    long WeightedTrials,
    double Sum,
    double SumOfSquares
);
