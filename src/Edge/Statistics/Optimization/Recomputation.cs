namespace Edge.Statistics.Optimization;

/// <summary>What came of one recomputation of an experiment's weights. Immutable.</summary>
/// <param name="Outcome">What was done.</param>
/// <param name="Moved">Basis points of traffic that changed hands, or would have.</param>
/// <param name="WeightsVersion">Version of the weights that are served afterwards.</param>
internal readonly record struct Recomputation(RecomputeOutcome Outcome, int Moved, int WeightsVersion);

/// <summary>How a recomputation ended.</summary>
internal enum RecomputeOutcome
{
    /// <summary>There is no such experiment, it is not running, or it is not an A/B test.</summary>
    NotRunning,

    /// <summary>No trial has matured since the last recomputation.</summary>
    NothingNew,

    /// <summary>Its weights are not to be optimized: no bandit, or a goal that has no successes.</summary>
    NotOptimized,

    /// <summary>The served weights are close enough to what they should be.</summary>
    Unchanged,

    /// <summary>Other weights are served from now on.</summary>
    Published,

    /// <summary>Somebody changed the experiment each time, or the disk refused; tried again at the next turn.</summary>
    Failed,
}
