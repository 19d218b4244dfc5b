using Edge.Experiments;
using Edge.Statistics.Inference;

namespace Edge.Statistics.Optimization;

/// <summary>What an experiment's owner requires of a winner. Immutable.</summary>
/// <param name="ConfidenceThreshold">Probability of being the best, in (0, 1).</param>
/// <param name="MinimumSampleSize">Trials of the leader.</param>
/// <param name="MinimumRunDays">Days of running.</param>
/// <param name="WarmupTrials">Trials that every variant needs before weights move.</param>
internal sealed record WinnerCriteria(
    double ConfidenceThreshold,
    int MinimumSampleSize,
    int MinimumRunDays,
    int WarmupTrials
)
{
    /// <summary>The criteria of an experiment.</summary>
    public static WinnerCriteria Of(Experiment experiment) =>
        new(
            experiment.ConfidenceThreshold,
            experiment.MinimumSampleSize,
            experiment.MinimumRunDays,
            experiment.BanditConfig.WarmupImpressions
        );
}

/// <summary>
/// Decides whether the leader may be suggested as the winner. The service only suggests; a person completes the
/// experiment. <see cref="WinnerWatch"/> checks that the confidence has held for a day. Pure.
/// </summary>
internal static class WinnerAssessor
{
    /// <summary>Trials that every other variant needs, or the warm-up if that is more.</summary>
    public const int MinOtherTrials = 100;

    /// <summary>The leader's expected loss may be at most this share of its mean.</summary>
    public const double MaxRelativeLoss = 0.01;

    /// <summary>A gain of less than this share of the leader's rate is not worth waiting for.</summary>
    public const double MeaningfulShare = 0.01;

    /// <summary>The probability required for concluding that no more than that can be gained.</summary>
    public const double FutilityConfidence = 0.95;

    /// <summary>Assesses the leader at this moment.</summary>
    /// <param name="arms">The participants: the variants with a configured weight.</param>
    /// <param name="best">Their comparison, in the same order.</param>
    /// <param name="criteria">What the owner requires.</param>
    /// <param name="runningTime">How long the experiment has been running, pauses excluded.</param>
    /// <param name="sampleRatio">The p-value of <see cref="SampleRatio"/>, null when not testable.</param>
    public static WinnerAssessment Assess(
        ReadOnlySpan<ArmPosterior> arms,
        BestArm best,
        WinnerCriteria criteria,
        TimeSpan runningTime,
        double? sampleRatio
    )
    {
        if (arms.Length < 2 || !best.IsSound)
        {
            return WinnerAssessment.None;
        }
        var leader = arms[best.Leader];
        var othersHaveEnough = true;
        for (var i = 0; i < arms.Length; i++)
        {
            othersHaveEnough &= i == best.Leader || arms[i].Trials >= Math.Max(MinOtherTrials, criteria.WarmupTrials);
        }
        return new WinnerAssessment
        {
            LeaderId = leader.VariantId,
            ProbabilityToBeBest = best.Probabilities[best.Leader],
            MinimumRunDaysMet = runningTime >= TimeSpan.FromDays(criteria.MinimumRunDays),
            MinimumSampleSizeMet = leader.Trials >= criteria.MinimumSampleSize,
            OthersHaveEnoughTrials = othersHaveEnough,
            ConfidenceThresholdMet = best.Probabilities[best.Leader] >= criteria.ConfidenceThreshold,
            IsLossSmall = best.ExpectedLoss[best.Leader] <= MaxRelativeLoss * leader.Distribution.Mean,
            IsRatioSound = sampleRatio is not < SampleRatio.AlarmBelow,
            AnytimeValid = ConfidenceSequence.IsAhead(arms, best.Leader, 1 - criteria.ConfidenceThreshold),
        };
    }

    /// <summary>
    /// Whether waiting longer is futile: there is enough data, the leader has not reached the confidence threshold, and
    /// yet no variant is likely to beat it by a meaningful share.
    /// </summary>
    public static bool IsFutile(ReadOnlySpan<ArmPosterior> arms, BestArm best, WinnerAssessment assessment)
    {
        if (
            assessment
            is not
            {
                MinimumRunDaysMet: true,
                MinimumSampleSizeMet: true,
                OthersHaveEnoughTrials: true,
                ConfidenceThresholdMet: false,
            }
        )
        {
            return false;
        }
        var distributions = new BetaDistribution[arms.Length];
        for (var i = 0; i < distributions.Length; i++)
        {
            distributions[i] = arms[i].Distribution;
        }
        return BestArm.ValueRemainingBelow(distributions, best.Leader, MeaningfulShare) >= FutilityConfidence;
    }
}

/// <summary>The assessment of an experiment's leader at one moment, condition by condition. Immutable.</summary>
internal sealed record WinnerAssessment
{
    /// <summary>Nothing to assess: fewer than two participants.</summary>
    public static readonly WinnerAssessment None = new() { IsRatioSound = true };

    /// <summary>The variant most likely to be the best, or null.</summary>
    public string? LeaderId { get; init; }

    /// <summary>Probability that the leader is the best.</summary>
    public double ProbabilityToBeBest { get; init; }

    /// <summary>Whether the experiment has been running for long enough, pauses excluded.</summary>
    public bool MinimumRunDaysMet { get; init; }

    /// <summary>Whether the leader has enough trials.</summary>
    public bool MinimumSampleSizeMet { get; init; }

    /// <summary>Whether every other variant has enough trials.</summary>
    public bool OthersHaveEnoughTrials { get; init; }

    /// <summary>Whether the probability has reached the confidence threshold at this moment.</summary>
    public bool ConfidenceThresholdMet { get; init; }

    /// <summary>Whether choosing the leader gives up at most a hundredth of its rate, on average.</summary>
    public bool IsLossSmall { get; init; }

    /// <summary>Whether there is no sample ratio mismatch, or too little data to tell.</summary>
    public bool IsRatioSound { get; init; }

    /// <summary>Whether the leader is ahead by a margin that holds over all looks.</summary>
    public bool AnytimeValid { get; init; }

    /// <summary>Whether every condition that can be checked at one moment is met.</summary>
    public bool MeetsAll =>
        LeaderId is not null
        && MinimumRunDaysMet
        && MinimumSampleSizeMet
        && OthersHaveEnoughTrials
        && ConfidenceThresholdMet
        && IsLossSmall
        && IsRatioSound;
}
