namespace Edge.Statistics.Optimization;

/// <summary>The leader of an experiment at one moment, condition by condition. Immutable.</summary>
internal sealed record WinnerAssessment
{
    /// <summary>Nothing to judge: fewer than two variants take part.</summary>
    public static readonly WinnerAssessment None = new() { IsRatioSound = true };

    /// <summary>The variant most likely to be the best, or null.</summary>
    public string? LeaderId { get; init; }

    /// <summary>How likely.</summary>
    public double ProbabilityToBeBest { get; init; }

    /// <summary>It has been running for long enough, pauses not counted.</summary>
    public bool MinimumRunDaysMet { get; init; }

    /// <summary>The leader has enough trials.</summary>
    public bool MinimumSampleSizeMet { get; init; }

    /// <summary>So has every other variant.</summary>
    public bool OthersHaveEnoughTrials { get; init; }

    /// <summary>The leader is likely enough to be the best, at this moment.</summary>
    public bool ConfidenceThresholdMet { get; init; }

    /// <summary>Choosing the leader gives up at most a hundredth of its rate, on average.</summary>
    public bool IsLossSmall { get; init; }

    /// <summary>The variants got the trials their weights promised, or there are too few to tell.</summary>
    public bool IsRatioSound { get; init; }

    /// <summary>The leader is ahead by a bound that holds over all looks.</summary>
    public bool AnytimeValid { get; init; }

    /// <summary>Every condition that can be judged at one moment.</summary>
    public bool MeetsAll =>
        LeaderId is not null
        && MinimumRunDaysMet
        && MinimumSampleSizeMet
        && OthersHaveEnoughTrials
        && ConfidenceThresholdMet
        && IsLossSmall
        && IsRatioSound;
}
