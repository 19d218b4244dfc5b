using Edge.Experiments;
using Edge.Statistics.Inference;

namespace Edge.Statistics.Optimization;

/// <summary>What an owner asks of a winner. Immutable.</summary>
/// <param name="ConfidenceThreshold">Probability to be best, in (0, 1).</param>
/// <param name="MinimumSampleSize">Trials of the leader.</param>
/// <param name="MinimumRunDays">Days of running.</param>
/// <param name="WarmupTrials">Trials of every variant before weights move.</param>
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
/// Whether the leader may be suggested as the winner. The service suggests, a person completes. Pure; that the
/// confidence must have held for a day is <see cref="WinnerWatch"/>'s part.
/// </summary>
internal static class WinnerRule
{
    /// <summary>Trials every other variant needs, or its warm-up if that is more.</summary>
    public const int MinOtherTrials = 100;

    /// <summary>The leader's expected loss may be at most this share of its mean.</summary>
    public const double MaxRelativeLoss = 0.01;

    /// <summary>A gain of less than this share of the leader's rate is not worth waiting for.</summary>
    public const double MeaningfulShare = 0.01;

    /// <summary>How certain it must be that no more than that can be gained.</summary>
    public const double FutilityConfidence = 0.95;

    /// <summary>Judges the leader now.</summary>
    /// <param name="arms">The variants that take part: those with a configured weight.</param>
    /// <param name="best">Their comparison, in the same order.</param>
    /// <param name="criteria">What the owner asks.</param>
    /// <param name="runningTime">How long the experiment has been running, pauses not counted.</param>
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
            IsLossSmall = best.ExpectedLoss[best.Leader] <= MaxRelativeLoss * leader.Mean,
            IsRatioSound = sampleRatio is not < SampleRatio.AlarmBelow,
            AnytimeValid = ConfidenceSequence.IsAhead(arms, best.Leader, 1 - criteria.ConfidenceThreshold),
        };
    }

    /// <summary>
    /// Whether waiting longer is futile: enough has been seen, the leader is not certain, and yet nothing is likely to
    /// beat it by a meaningful share.
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
