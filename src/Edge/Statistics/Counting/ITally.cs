namespace Edge.Statistics.Counting;

/// <summary>
/// The counts of every experiment, for results, recomputations and alerts: those of this node's own journal, or those of
/// all nodes as ClickHouse has them. Thread safe; nothing here waits for a disk or a server, <see cref="Keep"/> excepted.
/// </summary>
internal interface ITally
{
    /// <summary>
    /// Everything about one experiment, with its trials that are mature; null when nothing of it was counted.
    /// </summary>
    ExperimentTally? Find(string uid);

    /// <summary>The public counters of one experiment; empty when nothing of it was counted.</summary>
    VariantTally[] CountsOf(string uid);

    /// <summary>
    /// The sketches of its variants, empty when nothing of it was counted. Counts of ClickHouse have numbers and no
    /// sketches.
    /// </summary>
    VariantSketches[] SketchesOf(string uid);

    /// <summary>How old the counts of one experiment are.</summary>
    CountsAge AgeOf(string uid);

    /// <summary>Whether the counts of one experiment are young enough to act on.</summary>
    bool IsCurrent(string uid);

    /// <summary>Lets the caller read or change one experiment under a lock; false when nothing of it was counted.</summary>
    bool Update<TState>(string uid, ref TState state, ExperimentUpdate<TState> update);

    /// <summary>Waits until everything is counted that this node has stored so far, or the time is over.</summary>
    Task CatchUpAsync(TimeSpan deadline);

    /// <summary>Writes what has changed without a new event. Blocks on disk I/O.</summary>
    void Keep();
}

/// <summary>How old counts are.</summary>
/// <param name="At">The moment they are as of; null when there are none.</param>
/// <param name="Problem">Why they are not newer, in words; null when nothing keeps them from it.</param>
internal readonly record struct CountsAge(DateTimeOffset? At, string? Problem);
