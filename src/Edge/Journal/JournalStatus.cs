using Edge.Journal.Commits;
using Edge.Journal.Recovery;

namespace Edge.Journal;

/// <summary>Whether the journal accepts events.</summary>
internal enum JournalState
{
    Open,

    /// <summary>Accepts events; the budget or the free space is running out.</summary>
    SoftFull,

    /// <summary>Refuses events until space is free.</summary>
    Full,

    /// <summary>A write failed; refuses events until the process restarts.</summary>
    Faulted,

    Stopped,
}

/// <summary>A snapshot of the journal for health checks, metrics and commands. Immutable; sizes are bytes.</summary>
internal sealed record JournalStatus
{
    public required JournalState State { get; init; }

    /// <summary>First address still held.</summary>
    public required long BeginAddress { get; init; }

    /// <summary>First address that is not durable.</summary>
    public required long CommittedAddress { get; init; }

    /// <summary>Where the next record goes.</summary>
    public required long TailAddress { get; init; }

    /// <summary>Sequence of the last durable record: everything ever stored.</summary>
    public required long CommittedSequence { get; init; }

    /// <summary>Sequence of the last appended record.</summary>
    public required long AppendedSequence { get; init; }

    /// <summary>Segment files, each of <see cref="SegmentBytes"/>.</summary>
    public required int Segments { get; init; }

    public required int SegmentBytes { get; init; }

    /// <summary>Free bytes of the file system at the last check.</summary>
    public required long FreeBytes { get; init; }

    /// <summary>
    /// Bytes that may still be appended until events are refused, as the disk and the budget stand now.
    /// </summary>
    public required long RoomBytes { get; init; }

    /// <summary>Pages set aside because they could not be read or did not match their checksums.</summary>
    public required long QuarantinedPages { get; init; }

    /// <summary>Commits since the start, and how long they took.</summary>
    public required CommitLatencySnapshot CommitLatency { get; init; }

    /// <summary>What recovery found when the journal was opened.</summary>
    public required RecoveryFindings Findings { get; init; }

    /// <summary>What failed, when faulted.</summary>
    public required string? Fault { get; init; }

    /// <summary>Bytes of the log still held.</summary>
    public long HeldBytes => TailAddress - BeginAddress;

    public long DiskBytes => (long)Segments * SegmentBytes;
}
