using Edge.Journal.Records;
using Edge.Journal.Segments;

namespace Edge.Journal;

/// <summary>Every setting of the journal. Sizes are bytes, times are milliseconds.</summary>
internal sealed record JournalOptions
{
    /// <summary>Directory that holds the journal and nothing else (<c>DATA/journal</c>).</summary>
    public required string Directory { get; init; }

    /// <summary>Longest time an appended event waits before the next group commit starts. 1 to 1000.</summary>
    public int CommitIntervalMs { get; init; } = 5;

    /// <summary>Longest time a request waits for its commit before it fails. 10 to 60000.</summary>
    public int CommitWaitMs { get; init; } = 2_000;

    /// <summary>
    /// Page of the log: a power of two, at least the largest record. Fixed when the journal is created.
    /// </summary>
    public int PageBytes { get; init; } = 1 << 20;

    /// <summary>Memory for the newest pages of the log: a power of two, at least two pages.</summary>
    public int MemoryBytes { get; init; } = 16 << 20;

    /// <summary>Segment file: a power of two, a multiple of the page. Fixed when the journal is created.</summary>
    public int SegmentBytes { get; init; } = 64 << 20;

    /// <summary>Hard limit: bytes between begin and tail above which appends are refused.</summary>
    public long MaxBytes { get; init; } = 8L << 30;

    /// <summary>
    /// Soft limit, in percent of <see cref="MaxBytes"/>: a warning and a metric, nothing is refused. 1 to 100.
    /// </summary>
    public int SoftMarkPercent { get; init; } = 80;

    /// <summary>Free bytes on the file system below which appends are refused, beside two segments.</summary>
    public long FreeReserveBytes { get; init; } = 64L << 20;

    /// <summary>Hours that events are retained after every sink has taken them. 0 retains none.</summary>
    public int RetainHours { get; init; } = 24;

    /// <summary>
    /// Most bytes that are retained for that, and never more than a quarter of <see cref="MaxBytes"/>. 0 retains none.
    /// </summary>
    public long RetainBytes { get; init; }

    /// <summary>
    /// Names of the sinks that the service delivers to: nothing is given up at a start that one of them has not taken, and
    /// nothing at all when there are none.
    /// </summary>
    public IReadOnlyList<string> Readers { get; init; } = [];

    /// <summary>
    /// Names of those that have a cursor and look back from it as far as the journal goes: it holds nothing for them at a
    /// start.
    /// </summary>
    public IReadOnlyList<string> Onlookers { get; init; } = [];

    /// <summary>Directory of the sinks' cursor files, beside the journal.</summary>
    public string CursorDirectory =>
        Path.Combine(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(Directory)))!, "cursors");

    /// <summary>Bytes of the largest payload a record can have with these settings.</summary>
    public int MaxPayloadBytes => PageBytes - EngineRecord.HeaderBytes - Envelope.HeaderBytes;

    /// <summary>The first setting that is outside its limits, as one line; null when all are valid.</summary>
    public string? Problem()
    {
        if (CommitIntervalMs is < 1 or > 1_000)
        {
            return "journal.commitIntervalMs must be 1 to 1000";
        }

        if (CommitWaitMs is < 10 or > 60_000)
        {
            return "journal.commitWaitMs must be 10 to 60000";
        }

        if (!int.IsPow2(PageBytes) || PageBytes is < SegmentDevice.BlockBytes or > 64 << 20)
        {
            return "journal.pageBytes must be a power of two from 4096 to 67108864";
        }

        if (!int.IsPow2(MemoryBytes) || MemoryBytes / PageBytes < 2)
        {
            return "journal.memoryBytes must be a power of two and at least two pages";
        }

        if (!int.IsPow2(SegmentBytes) || SegmentBytes / PageBytes < 2)
        {
            return "journal.segmentBytes must be a power of two and at least two pages";
        }

        if (MaxBytes < 2L * SegmentBytes)
        {
            return "journal.maxBytes must be at least two segments";
        }

        if (SoftMarkPercent is < 1 or > 100)
        {
            return "journal.softMarkPercent must be 1 to 100";
        }

        return FreeReserveBytes < 0 ? "journal.freeReserveBytes must not be negative" : null;
    }
}
