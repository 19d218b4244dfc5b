namespace Edge.Statistics.Optimization;

/// <summary>Why weights are what they are.</summary>
internal enum WeightReason
{
    /// <summary>Nothing to optimise: no bandit, or a goal that knows no success. The configured weights.</summary>
    Fixed,

    /// <summary>Some variant has too few trials yet: the configured weights.</summary>
    Warmup,

    /// <summary>The weights follow the probability to be best.</summary>
    Optimized,

    /// <summary>The comparison could not be computed reliably: the served weights stay.</summary>
    Unsound,
}

/// <summary>The weights that should be served now. Immutable.</summary>
/// <param name="Weights">Basis points in variant order, with the sum 10,000.</param>
/// <param name="Reason">Why these.</param>
/// <param name="Moved">Basis points of traffic that would change hands: the total variation to what is served.</param>
/// <param name="ShouldPublish">Whether the change is worth a new weights version.</param>
internal sealed record WeightProposal(IReadOnlyList<int> Weights, WeightReason Reason, int Moved, bool ShouldPublish);
