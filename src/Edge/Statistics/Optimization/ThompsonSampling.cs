using Edge.Experiments;
using Edge.Formats;
using Edge.Statistics.Inference;

namespace Edge.Statistics.Optimization;

/// <summary>
/// Computes the weights to serve from the posteriors of the variants: Thompson sampling with the shares integrated
/// instead of sampled, above a floor. Pure and deterministic.
/// </summary>
internal static class ThompsonSampling
{
    /// <summary>
    /// Smaller changes are not published: each version invalidates caches and starts an epoch, for no gain.
    /// </summary>
    public const int PublishFromBasisPoints = 100;

    private const double HighestFloor = 0.05;
    private const double LowestFloor = 0.01;
    private const double TotalFloor = 0.10;

    /// <summary>Remainders that differ by less than this count as equal.</summary>
    private const double TieBelow = 1e-9;

    /// <summary>
    /// Proposes the weights of an experiment. Without a bandit, or with a goal that counts impressions only, these are
    /// the configured ones.
    /// </summary>
    /// <param name="experiment">The experiment.</param>
    /// <param name="arms">The posterior of each of its variants, in variant order.</param>
    public static WeightProposal Propose(Experiment experiment, ReadOnlySpan<ArmPosterior> arms)
    {
        var configured = experiment.Variants.Select(variant => variant.RequestedWeight).ToArray();
        var served = experiment.Variants.Select(variant => variant.Weight).ToArray();
        var isOptimized =
            experiment is
            { Type: ExperimentType.AbTest, BanditConfig.Enabled: true, GoalConfig.HasSuccess: true };
        return isOptimized
            ? Propose(configured, served, arms, experiment.BanditConfig.WarmupImpressions)
            : Proposal(configured, served, WeightReason.Fixed);
    }

    /// <summary>Proposes weights.</summary>
    /// <param name="configured">Configured weights, basis points; 0 stays 0.</param>
    /// <param name="served">Weights served now, basis points.</param>
    /// <param name="arms">The posterior of each variant, in the same order.</param>
    /// <param name="warmupTrials">Trials that every variant with a configured weight needs before weights move.</param>
    public static WeightProposal Propose(
        ReadOnlySpan<int> configured,
        ReadOnlySpan<int> served,
        ReadOnlySpan<ArmPosterior> arms,
        int warmupTrials
    )
    {
        var participants = new List<int>(configured.Length);
        var isWarm = true;
        for (var i = 0; i < configured.Length; i++)
        {
            if (configured[i] > 0)
            {
                participants.Add(i);
                isWarm &= arms[i].Trials >= warmupTrials;
            }
        }
        if (!isWarm)
        {
            return Proposal(configured, served, WeightReason.Warmup);
        }

        var distributions = new BetaDistribution[participants.Count];
        for (var i = 0; i < distributions.Length; i++)
        {
            distributions[i] = arms[participants[i]].Distribution;
        }
        var best = BestArm.Of(distributions);
        if (!best.IsSound)
        {
            return Proposal(served, served, WeightReason.Unsound);
        }
        var shares = WithFloor(best.Probabilities);
        var rounded = Round(shares);
        var weights = new int[configured.Length];
        for (var i = 0; i < rounded.Length; i++)
        {
            weights[participants[i]] = rounded[i];
        }
        return Proposal(weights, served, WeightReason.Optimized);
    }

    /// <summary>
    /// The minimum share of each variant: a tenth of all traffic divided among them, but 1 to 5 % each. It bounds the
    /// influence of a single trial and lets a variant recover when rates drift.
    /// </summary>
    public static double Floor(int variants) =>
        Math.Min(Math.Max(LowestFloor, Math.Min(HighestFloor, TotalFloor / variants)), 1.0 / variants);

    /// <summary>
    /// Shares with the floor added below the probabilities. Raising the shares below the floor and renormalising would
    /// push them below it again.
    /// </summary>
    public static double[] WithFloor(IReadOnlyList<double> probabilities)
    {
        var count = probabilities.Count;
        var floor = Floor(count);
        var shares = new double[count];
        for (var i = 0; i < count; i++)
        {
            shares[i] = floor + (1 - count * floor) * probabilities[i];
        }
        return shares;
    }

    /// <summary>
    /// Rounds to whole basis points that sum to 10,000, by the largest remainder; the first of equal remainders wins.
    /// </summary>
    /// <param name="shares">Not negative, at least one positive; normalised to a sum of 1.</param>
    public static int[] Round(ReadOnlySpan<double> shares)
    {
        var sum = 0.0;
        foreach (var share in shares)
        {
            sum += share;
        }
        var rounded = new int[shares.Length];
        var remainders = new double[shares.Length];
        var missing = BasisPoints.Whole;
        for (var i = 0; i < rounded.Length; i++)
        {
            var exact = shares[i] / sum * BasisPoints.Whole;
            // A value that is an integer up to rounding counts as that integer, or a tie would be decided by a rounding
            // error.
            rounded[i] = (int)Math.Floor(exact + TieBelow);
            remainders[i] = exact - rounded[i];
            missing -= rounded[i];
        }
        for (; missing > 0; missing--)
        {
            var next = 0;
            for (var i = 1; i < remainders.Length; i++)
            {
                if (remainders[i] > remainders[next] + TieBelow)
                {
                    next = i;
                }
            }
            rounded[next]++;
            remainders[next]--;
        }
        return rounded;
    }

    private static WeightProposal Proposal(ReadOnlySpan<int> weights, ReadOnlySpan<int> served, WeightReason reason)
    {
        var moved = 0;
        var changesMembers = false;
        for (var i = 0; i < weights.Length; i++)
        {
            moved += Math.Max(0, weights[i] - served[i]);
            changesMembers |= weights[i] > 0 != served[i] > 0;
        }
        return new WeightProposal(weights.ToArray(), reason, moved, moved >= PublishFromBasisPoints || changesMembers);
    }
}

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
