using Edge.Journal.Commits;
using Edge.Journal.Records;
using Edge.Journal.Segments;
using Edge.Storage;

namespace Edge.Journal.Recovery;

/// <summary>
/// A read-only view of a journal, also while a service is running. Takes no lock and changes nothing. It ends at the
/// last commit before it was opened; segments that the service removes meanwhile are reported as missing by the walker.
/// </summary>
internal sealed class JournalView : IDisposable
{
    private readonly JournalManifest _manifest;
    private readonly SegmentFiles _segments;
    private readonly CommitPoint _point;

    private JournalView(JournalManifest manifest, SegmentFiles segments, CommitPoint point)
    {
        _manifest = manifest;
        _segments = segments;
        _point = point;
    }

    public UInt128 EpochId => _manifest.EpochId;

    /// <summary>Sequence of the last committed event.</summary>
    public long CommittedSequence => _point.Sequence;

    /// <summary>Opens the journal; throws a <see cref="JournalException"/> with one line for the operator.</summary>
    public static JournalView Open(JournalOptions options)
    {
        var manifestPath = Path.Combine(options.Directory, JournalManifest.FileName);
        if (!File.Exists(manifestPath))
        {
            throw new JournalException($"there is no journal in {options.Directory}: check --data-dir");
        }

        try
        {
            var manifest = JournalManifest.Read(manifestPath);
            var commitPath = Path.Combine(options.Directory, RecoveryGate.CommitFileName);

            // Only one slot is written at a time, so the other can always be read.
            using var slots = SlotFile.OpenRead(commitPath, SlotKind.Commit);
            var point = RecoveryGate.ReadPoint(slots, manifest, commitPath);
            return new JournalView(manifest, new SegmentFiles(options.Directory, manifest.SegmentBytes), point);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new JournalException(
                $"the journal in {options.Directory} cannot be read: {e.Message}; check the disk",
                e
            );
        }
    }

    /// <summary>Whether events were ever committed; false when that cannot be read.</summary>
    public static bool HasEvents(JournalOptions options)
    {
        try
        {
            using var journal = Open(options);
            return journal.CommittedSequence > 0;
        }
        catch (JournalException)
        {
            return false;
        }
    }

    /// <summary>Everything held from an address on, in order, including reports of damaged and removed pages.</summary>
    public LogWalker Walk(long from = 0) => new(_segments, _manifest, Math.Max(from, _point.Begin), _point.Until);

    /// <summary>The newest of what is held, from the start of a page on, or everything if that is less.</summary>
    public LogWalker WalkLast(long bytes) => Walk(Math.Max(0, _point.Until - bytes) & -(long)_manifest.PageBytes);

    /// <summary>Finds single records of what is held.</summary>
    public RecordFinder Finder => new(_segments, _manifest, _point.Begin, _point.Until);

    /// <summary>Bytes held from an address on.</summary>
    public long HeldBytes(long from) => _point.Until - Math.Min(_point.Until, Math.Max(from, _point.Begin));

    /// <summary>The durable progress of a sink; null when it has no cursor, or one of another journal.</summary>
    public SinkProgress? ProgressOf(string cursorPath)
    {
        if (!File.Exists(cursorPath))
        {
            return null;
        }

        try
        {
            using var cursor = CursorFile.OpenRead(cursorPath, EpochId);
            return cursor.Value;
        }
        catch (JournalException)
        {
            return null;
        }
    }

    public void Dispose() => _segments.Dispose();
}
