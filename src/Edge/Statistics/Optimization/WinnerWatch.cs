namespace Edge.Statistics.Optimization;

/// <summary>
/// What must be remembered between recomputations to suggest a winner. Looking at every recomputation and stopping at
/// the first good one would find a winner between equals in a third of all experiments, so there is one look a day, at
/// 00:00 UTC, and the confidence must have held at every recomputation of the 24 running hours before. Immutable; made
/// to be stored as it is.
/// </summary>
/// <param name="Leader">The leader of the last recomputation.</param>
/// <param name="HeldSince">
/// Running time of the experiment since which that leader has been at or above the threshold at every recomputation;
/// null when it is not.
/// </param>
/// <param name="LastLook">UTC day of the last look, or of the first recomputation.</param>
/// <param name="SuggestedWinner">The variant that the last look suggested, or null.</param>
/// <param name="SuggestedAt">When it was first suggested, looks in a row.</param>
internal sealed record WinnerWatch(
    string? Leader,
    TimeSpan? HeldSince,
    DateOnly? LastLook,
    string? SuggestedWinner,
    DateTimeOffset? SuggestedAt
)
{
    /// <summary>Nothing seen yet.</summary>
    public static readonly WinnerWatch Empty = new(null, null, null, null, null);

    private static readonly TimeSpan MustHold = TimeSpan.FromHours(24);

    /// <summary>
    /// Takes note of one recomputation. To be called at every one while the experiment is running, and at none while
    /// it is not.
    /// </summary>
    /// <param name="now">When it took place.</param>
    /// <param name="runningTime">How long the experiment has been running, pauses not counted.</param>
    /// <param name="assessment">The leader at this moment.</param>
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
