using Edge.Journal.Records;

namespace Edge.Forwarding.Pump;

/// <summary>What a pump is doing.</summary>
internal enum SinkState
{
    /// <summary>Not started yet.</summary>
    Idle,

    /// <summary>Taking events as they are committed.</summary>
    Forwarding,

    /// <summary>The last attempt failed; trying again after a pause.</summary>
    Retrying,

    /// <summary>Paused by an operator; the journal holds its events.</summary>
    Paused,

    /// <summary>Ended by an orderly stop.</summary>
    Stopped,
}

/// <summary>
/// One consistent look at a sink, for metrics, ledger and status. At any time
/// <c>Stored = Forwarded + Pending + DeadLettered + Skipped</c>.
/// </summary>
internal sealed record SinkStatus
{
    public required string Name { get; init; }
    public required SinkState State { get; init; }

    /// <summary>Committed events of the journal since its birth.</summary>
    public required long Stored { get; init; }

    /// <summary>
    /// Events the sink has taken. Falls back to the durable value when deliveries have to be repeated.
    /// </summary>
    public required long Forwarded { get; init; }

    /// <summary>Committed events the sink has not taken.</summary>
    public required long Pending { get; init; }
    public required long DeadLettered { get; init; }

    /// <summary>
    /// Events given up by an operator, lost with a quarantined page, or left out by the sink's filters.
    /// </summary>
    public required long Skipped { get; init; }

    /// <summary>Those of the skipped events that the sink's filters left out.</summary>
    public required long Filtered { get; init; }

    /// <summary>Bytes of the journal the sink has yet to go through, with what its filters will leave out.</summary>
    public required long PendingBytes { get; init; }

    /// <summary>
    /// How far the sink has taken the journal; repeated after a kill from <see cref="DurableCursor"/> on.
    /// </summary>
    public required JournalCursor Cursor { get; init; }
    public required JournalCursor DurableCursor { get; init; }

    /// <summary>Batches and bytes taken since the process started, repetitions included.</summary>
    public required long Batches { get; init; }
    public required long Bytes { get; init; }

    /// <summary>Failed attempts since the process started.</summary>
    public required long Errors { get; init; }

    /// <summary>The last failure in words, also after it is over; null when there was none.</summary>
    public required string? LastError { get; init; }
    public required DateTimeOffset? LastErrorAt { get; init; }

    /// <summary>How long the oldest pending event has been waiting; zero when nothing is pending.</summary>
    public required TimeSpan OldestPendingAge { get; init; }
}
