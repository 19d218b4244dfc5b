namespace Edge.Statistics.Optimization;

/// <summary>The reason for proposed weights.</summary>
internal enum WeightReason
{
    /// <summary>Nothing to optimise: no bandit, or a goal without successes. The configured weights.</summary>
    Fixed,

    /// <summary>At least one variant has too few trials: the configured weights.</summary>
    Warmup,

    /// <summary>The weights follow the probability of being the best.</summary>
    Optimized,

    /// <summary>The comparison could not be computed reliably: the served weights stay.</summary>
    Unsound,
}

/// <summary>The weights that should be served now. Immutable.</summary>
/// <param name="Weights">Basis points in variant order; they sum to 10,000.</param>
/// <param name="Reason">The reason.</param>
/// <param name="Moved">
/// Basis points of traffic that would move: the total variation distance from the served weights.
/// </param>
/// <param name="ShouldPublish">Whether the change is worth a new weights version.</param>
internal sealed record WeightProposal(IReadOnlyList<int> Weights, WeightReason Reason, int Moved, bool ShouldPublish);
