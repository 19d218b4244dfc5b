namespace Edge.Statistics.Optimization;

/// <summary>The result of recomputing an experiment's weights. Immutable.</summary>
/// <param name="Outcome">What was done.</param>
/// <param name="Moved">Basis points of traffic that moved, or would have.</param>
/// <param name="WeightsVersion">Version of the weights that are served afterwards.</param>
internal readonly record struct Recomputation(RecomputeOutcome Outcome, int Moved, int WeightsVersion);

/// <summary>How a recomputation ended.</summary>
internal enum RecomputeOutcome
{
    /// <summary>There is no such experiment, it is not running, or it is not an A/B test.</summary>
    NotRunning,

    /// <summary>No trial has matured since the last recomputation.</summary>
    NothingNew,

    /// <summary>Its weights are not optimised: no bandit, or a goal without successes.</summary>
    NotOptimized,

    /// <summary>The served weights are close enough to the computed ones.</summary>
    Unchanged,

    /// <summary>New weights are served from now on.</summary>
    Published,

    /// <summary>
    /// The experiment was changed at every attempt, or writing failed; retried at the next recomputation.
    /// </summary>
    Failed,
}
