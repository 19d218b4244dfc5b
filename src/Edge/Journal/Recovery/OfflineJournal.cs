using System.Globalization;
using Edge.Journal.Commits;
using Edge.Journal.Records;
using Edge.Journal.Segments;
using Edge.Storage;

namespace Edge.Journal.Recovery;

/// <summary>
/// A journal for commands: with the sizes of its own manifest, checked but not changed by opening, and locked, unless
/// it is read beside the service. Problems that would keep the service from starting are reported instead of refused,
/// except where nothing can be read without the file. Beside the service it ends at the last commit before it was
/// opened, and what the service removes meanwhile is no problem.
/// </summary>
internal sealed class OfflineJournal : IDisposable
{
    private readonly JournalLock? _lock;
    private readonly Access _access;
    private readonly string _commitPath;
    private readonly SlotFile _slots;
    private readonly JournalOptions _options;

    private OfflineJournal(JournalOptions options, JournalLock? journalLock, Access access, bool isServed)
    {
        _lock = journalLock;
        _access = access;
        IsServed = isServed;
        _options = options;
        Manifest = JournalManifest.Read(Path.Combine(options.Directory, JournalManifest.FileName));
        Segments = new SegmentFiles(options.Directory, Manifest.SegmentBytes);
        Segments.Load(removesUnfinished: access == Access.Change);

        _commitPath = Path.Combine(options.Directory, RecoveryGate.CommitFileName);
        if (!File.Exists(_commitPath))
        {
            throw new JournalException($"{_commitPath} is missing: restore it");
        }

        _slots =
            access == Access.Change
                ? SlotFile.Open(_commitPath, SlotKind.Commit)
                : SlotFile.OpenRead(_commitPath, SlotKind.Commit);
        try
        {
            Slot = RecoveryGate.ReadPoint(_slots, Manifest, _commitPath);
            Committed = !IsServed && Segments.Problem(Segments.Of(Slot.Until)) is null
                ? RecoveryGate.RollForward(Segments, Manifest, Slot)
                : Slot;
        }
        catch
        {
            _slots.Dispose();
            throw;
        }
    }

    public JournalManifest Manifest { get; }

    public SegmentFiles Segments { get; }

    /// <summary>The newest intact commit slot.</summary>
    public CommitPoint Slot { get; }

    /// <summary>Where the service would continue: after the slot, or after the intact records beyond it.</summary>
    public CommitPoint Committed { get; private set; }

    /// <summary>Whether a service uses it at the same time.</summary>
    public bool IsServed { get; }

    /// <summary>Beside the service one of them may be being written, so that nothing can be said.</summary>
    public int DamagedSlots => IsServed ? 0 : _slots.DamagedSlots;

    /// <summary>
    /// Opens the journal of a stopped service; throws a <see cref="JournalException"/> with one line for the operator.
    /// </summary>
    public static OfflineJournal Open(JournalOptions options) => Open(options, Access.Change);

    /// <summary>
    /// Opens the journal only to read it, whether or not a service uses it, and whether or not it may be written; throws
    /// as <see cref="Open(JournalOptions)"/> does.
    /// </summary>
    public static OfflineJournal OpenToRead(JournalOptions options) => Open(options, Access.Read);

    /// <summary>The same for a journal that no service uses meanwhile.</summary>
    public static OfflineJournal OpenStoppedToRead(JournalOptions options) => Open(options, Access.ReadStopped);

    /// <summary>Everything held, in address order.</summary>
    public LogWalker Walk() => Walk(Committed.Begin);

    public LogWalker Walk(long from) => new(Segments, Manifest, Math.Max(from, Committed.Begin), Committed.Until);

    /// <summary>The last commit of this moment; beside the service it moves on.</summary>
    public CommitPoint CommittedNow()
    {
        if (!IsServed)
        {
            return Committed;
        }

        using var slots = SlotFile.OpenRead(_commitPath, SlotKind.Commit);
        return RecoveryGate.ReadPoint(slots, Manifest, _commitPath);
    }

    /// <summary>Segments that hold events and are missing or short, one line each.</summary>
    public IEnumerable<string> SegmentProblems()
    {
        for (var at = Committed.Begin; at < Committed.Until; at = Segments.EndOf(at))
        {
            if (Segments.Problem(Segments.Of(at)) is { } problem && Segments.EndOf(at) > CommittedNow().Begin)
            {
                yield return $"{Segments.PathOf(Segments.Of(at))} {problem}";
            }
        }
    }

    /// <summary>Names of the sinks that have a cursor.</summary>
    public IEnumerable<string> Sinks() => TakenByAll.Names(_options.CursorDirectory);

    /// <summary>Whether a sink has a cursor, or will have one: it takes everything that is held.</summary>
    public bool HasSink(string sink) => Sinks().Contains(sink) || _options.Readers.Contains(sink);

    public CursorFile OpenCursor(string sink)
    {
        var path = Path.Combine(_options.CursorDirectory, sink);
        return _access == Access.Change
            ? CursorFile.Open(path, Manifest.EpochId)
            : CursorFile.OpenRead(path, Manifest.EpochId);
    }

    /// <summary>
    /// Releases what no sink needs any longer, so that the service can start without it. When nothing is
    /// needed at all and the last segment is damaged, the log continues in a new one.
    /// </summary>
    public void ReleaseTaken()
    {
        var taken = TakenByAll.Of(_options, Manifest.EpochId, Committed.Until).Address;
        var begin = taken & -(long)Manifest.PageBytes;
        var until = Committed.Until;
        if (taken == until && begin < until && Segments.Problem(Segments.Of(begin)) is not null)
        {
            begin = until = Segments.EndOf(until);
        }

        if (begin <= Committed.Begin)
        {
            return;
        }

        Committed = RecoveryGate.WithEngineMetadata(
            Committed with
            {
                Number = Committed.Number + 1,
                Begin = begin,
                Until = until,
            }
        );
        for (var at = Slot.Until; at < Committed.Until && Segments.Contains(Segments.Of(at)); at = Segments.EndOf(at))
        {
            Segments.Writable(Segments.Of(at)).SyncData();
        }

        _slots.Write(Committed.Encode());
    }

    public string EpochText() => Manifest.EpochId.ToString("x32", CultureInfo.InvariantCulture);

    public void Dispose()
    {
        _slots.Dispose();
        Segments.Dispose();
        _lock?.Dispose();
    }

    private static OfflineJournal Open(JournalOptions options, Access access)
    {
        if (!File.Exists(Path.Combine(options.Directory, JournalManifest.FileName)))
        {
            throw new JournalException($"there is no journal in {options.Directory}: check --data-dir");
        }

        JournalLock? journalLock = null;
        var isServed = false;
        try
        {
            journalLock =
                access == Access.Change
                    ? JournalLock.Take(options.Directory)
                    : JournalLock.TakeToRead(options.Directory);
        }
        catch (JournalException e) when (e.IsInUse && access == Access.Read)
        {
            isServed = true;
        }

        try
        {
            return new OfflineJournal(options, journalLock, access, isServed);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            journalLock?.Dispose();
            throw new JournalException(
                $"the journal in {options.Directory} cannot be read: {e.Message}; check the disk",
                e
            );
        }
        catch
        {
            journalLock?.Dispose();
            throw;
        }
    }

    /// <summary>What a command does with the journal.</summary>
    private enum Access
    {
        /// <summary>Reads it, beside the service too.</summary>
        Read,

        /// <summary>Reads it while no service changes it.</summary>
        ReadStopped,

        Change,
    }
}
