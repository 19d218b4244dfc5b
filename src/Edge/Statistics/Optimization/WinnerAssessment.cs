namespace Edge.Statistics.Optimization;

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
