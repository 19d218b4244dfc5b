namespace Edge.Journal;

/// <summary>Every setting of the journal, as plain values. Sizes are bytes, times are milliseconds.</summary>
internal sealed record JournalOptions
{
    /// <summary>Directory that holds the journal and nothing else (<c>DATA/journal</c>).</summary>
    public required string Directory { get; init; }

    /// <summary>Longest time an appended event waits before the next group commit starts. 1 to 1000.</summary>
    public int CommitIntervalMs { get; init; } = 5;

    /// <summary>Longest time a request waits for its commit before it is answered without one. 10 to 60000.</summary>
    public int CommitWaitMs { get; init; } = 2_000;

    /// <summary>Page of the log: a power of two, at least the largest record. Fixed when the journal is created.</summary>
    public int PageBytes { get; init; } = 1 << 20;

    /// <summary>Memory the log keeps its newest pages in: a power of two, at least two pages.</summary>
    public int MemoryBytes { get; init; } = 16 << 20;

    /// <summary>Segment file: a power of two, a multiple of the page. Fixed when the journal is created.</summary>
    public int SegmentBytes { get; init; } = 64 << 20;

    /// <summary>Hard mark: bytes between begin and tail above which appends are refused.</summary>
    public long MaxBytes { get; init; } = 8L << 30;

    /// <summary>Soft mark, in percent of <see cref="MaxBytes"/>: a warning and a metric, nothing is refused. 1 to 100.</summary>
    public int SoftMarkPercent { get; init; } = 80;

    /// <summary>Free bytes on the file system below which appends are refused, beside two segments.</summary>
    public long FreeReserveBytes { get; init; } = 64L << 20;
}
