namespace Edge.Statistics.Optimization;

/// <summary>
/// The state kept between recomputations for suggesting a winner. Checking at every recomputation and stopping at the
/// first success would declare a winner between equal variants in a third of all experiments, so there is one look a
/// day, at 00:00 UTC, and the confidence must have held at every recomputation of the 24 hours of running time before.
/// Immutable; stored as is.
/// </summary>
/// <param name="Leader">The leader of the last recomputation.</param>
/// <param name="HeldSince">
/// Running time of the experiment since which that leader has been at or above the threshold at every recomputation;
/// null when it is below.
/// </param>
/// <param name="LastLook">UTC day of the last look, or of the first recomputation.</param>
/// <param name="SuggestedWinner">The variant that the last look suggested, or null.</param>
/// <param name="SuggestedAt">When it was first suggested, by consecutive looks.</param>
internal sealed record WinnerWatch(
    string? Leader,
    TimeSpan? HeldSince,
    DateOnly? LastLook,
    string? SuggestedWinner,
    DateTimeOffset? SuggestedAt
)
{
    /// <summary>The state before the first recomputation.</summary>
    public static readonly WinnerWatch Empty = new(null, null, null, null, null);

    private static readonly TimeSpan MustHold = TimeSpan.FromHours(24);

    /// <summary>
    /// Records one recomputation. Call it at every recomputation while the experiment is running, and not otherwise.
    /// </summary>
    /// <param name="now">Time of the recomputation.</param>
    /// <param name="runningTime">How long the experiment has been running, pauses excluded.</param>
    /// <param name="assessment">The assessment of the leader at this moment.</param>
    public WinnerWatch Observe(DateTimeOffset now, TimeSpan runningTime, WinnerAssessment assessment)
    {
        TimeSpan? heldSince = null;
        if (assessment.ConfidenceThresholdMet)
        {
            heldSince = assessment.LeaderId == Leader ? HeldSince ?? runningTime : runningTime;
        }
        var watch = this with { Leader = assessment.LeaderId, HeldSince = heldSince };

        var day = DateOnly.FromDateTime(now.UtcDateTime);
        if (LastLook is null)
        {
            return watch with { LastLook = day };
        }
        return day > LastLook ? watch.Look(day, now, runningTime, assessment) : watch;
    }

    /// <summary>How long the leader has held the threshold, in running time.</summary>
    public TimeSpan Held(TimeSpan runningTime) => HeldSince is { } since ? runningTime - since : TimeSpan.Zero;

    private WinnerWatch Look(DateOnly day, DateTimeOffset now, TimeSpan runningTime, WinnerAssessment assessment)
    {
        var winner = assessment.MeetsAll && Held(runningTime) >= MustHold ? assessment.LeaderId : null;
        return this with
        {
            LastLook = day,
            SuggestedWinner = winner,
            SuggestedAt =
                winner is null ? null
                : winner == SuggestedWinner ? SuggestedAt
                : now,
        };
    }
}
