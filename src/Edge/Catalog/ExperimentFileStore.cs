using System.IO.Enumeration;
using Edge.Experiments;
using Edge.Experiments.Reading;
using Edge.Storage;
using Edge.Telemetry;

namespace Edge.Catalog;

/// <summary>A change of a file that somebody else made and that is now in force.</summary>
/// <param name="File">Name of the file.</param>
/// <param name="Experiment">What it holds, or held.</param>
/// <param name="IsGone">Whether the file was removed and no other has its experiment.</param>
internal readonly record struct ExperimentFileChange(string File, Experiment Experiment, bool IsGone);

/// <summary>
/// The embedded store: one readable JSON file per experiment in one directory, safe to edit by hand while the service
/// runs. The directory is looked at twice a second, its files only when something has happened there, or may have and
/// nobody would say so (<see cref="DirectoryChanges"/>); changed files are read and validated, and the new catalog is swapped
/// in as a whole. An invalid file never stops anything: the last valid version of its experiment stays in service, and
/// the problem is listed until it is fixed. When two files claim the same uid or slug, the older experiment has it
/// (<see cref="ExperimentClaims.InOrder"/>). Symbolic links are followed, so mounted ConfigMaps work. Thread safe; writers are serialised and readers take no
/// lock.
/// </summary>
internal sealed class ExperimentFileStore : IExperimentStore
{
    /// <summary>
    /// Interval between two looks at the directory; half of the second within which a change takes effect.
    /// </summary>
    public const int PollIntervalMs = 500;

    /// <summary>After this the files are looked at although nothing seems to have happened.</summary>
    public const int ScanIntervalMs = 10_000;

    /// <summary>Maximum number of files that are read.</summary>
    public const int FilesMax = 20_000;

    /// <summary>Maximum number of problems that are listed.</summary>
    public const int ProblemsMax = 1_000;

    /// <summary>
    /// A file changed less than this before it was read is read again, because a second change within one tick of the
    /// file system's clock would leave the same stamp.
    /// </summary>
    private const int SettleMs = 2_000;

    private static readonly EnumerationOptions Flat = new() { AttributesToSkip = 0, IgnoreInaccessible = false };

    private readonly string _directory;
    private readonly ExperimentRules _rules;
    private readonly TimeProvider _time;
    private readonly Action<ExperimentFileProblem> _report;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ExperimentFile> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ExperimentFile>.AlternateLookup<ReadOnlySpan<char>> _filesByName;
    private Watch? _watch;

    /// <summary>Null where every look has to be a scan.</summary>
    private DirectoryChanges? _changes;
    private long _scan;
    private long _scannedAt;

    /// <summary>Whether a change could be missed that <see cref="_changes"/> does not show.</summary>
    private bool _needsScan;
    private bool _hasCollisions;
    private IReadOnlyList<ExperimentFileProblem> _directoryProblems = [];
    private volatile IReadOnlyList<ExperimentFileProblem> _problems = [];

    private ExperimentFileStore(
        string directory,
        ExperimentRules rules,
        TimeProvider time,
        Action<ExperimentFileProblem> report
    )
    {
        _directory = directory;
        _rules = rules;
        _time = time;
        _report = report;
        _filesByName = _files.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>The catalog that requests read.</summary>
    public CatalogHolder Catalog { get; } = new();

    /// <summary>
    /// Raised after each change with the catalog that is now current, on the thread that made the change and one at a
    /// time; handlers must not throw and must not write to the store.
    /// </summary>
    public event Action<ExperimentCatalog>? CatalogChanged;

    /// <summary>
    /// Raised for each file that was changed by hand and is now served as it is, or is gone; likewise.
    /// </summary>
    public event Action<ExperimentFileChange>? FileChanged;

    /// <summary>All current problems; empty when every file is served as it is.</summary>
    public IReadOnlyList<ExperimentFileProblem> Problems => _problems;

    /// <summary>
    /// Creates the directory when it is missing and loads it. Throws <see cref="IOException"/> or
    /// <see cref="UnauthorizedAccessException"/> when the directory cannot be created.
    /// </summary>
    /// <param name="directory">The directory, owned by this store.</param>
    /// <param name="rules">Limits of definitions.</param>
    /// <param name="time">Clock for polling.</param>
    /// <param name="report">Called once for each new problem, possibly on a timer thread; must not throw.</param>
    public static ExperimentFileStore Open(
        string directory,
        ExperimentRules rules,
        TimeProvider time,
        Action<ExperimentFileProblem> report
    )
    {
        Directory.CreateDirectory(directory);
        AtomicFile.DeleteUnfinished(directory);
        var store = new ExperimentFileStore(directory, rules, time, report);
        store.Refresh();
        return store;
    }

    /// <summary>Starts looking at the directory every <see cref="PollIntervalMs"/>; call once.</summary>
    public void StartWatching()
    {
        lock (_lock)
        {
            WatchAnew();
        }

        _watch = new Watch(
            _time,
            PollIntervalMs,
            () => Look(onlyIfChanged: true),
            e => _report(new ExperimentFileProblem("", "", $"directory cannot be read: {e.GetType().Name}: {e.Message}"))
        );
    }

    /// <summary>Scans the directory now. Returns at once when another thread is scanning.</summary>
    public void Refresh() => Look(onlyIfChanged: false);

    /// <summary>
    /// Stores an experiment and makes it the served version; it is on disk when this returns. Throws
    /// <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> on a disk error, in which case the
    /// catalog is unchanged.
    /// </summary>
    /// <param name="next">A valid definition.</param>
    /// <param name="current">The version the caller started from, as returned by the catalog; null to create.</param>
    public ExperimentWriteResult Write(Experiment next, Experiment? current)
    {
        var bytes = ExperimentWriter.WriteStored(next);
        lock (_lock)
        {
            var catalog = Catalog.Current;
            _ = catalog.TryFindByUid(next.Uid, out var stored);
            if (!ReferenceEquals(stored?.Experiment, current))
            {
                return current is null ? ExperimentWriteResult.UidInUse : ExperimentWriteResult.Stale;
            }
            if (
                next.Status != ExperimentStatus.Archived
                && catalog.TryFind(next.Slug, out var holder)
                && holder.Experiment.Uid != next.Uid
            )
            {
                return ExperimentWriteResult.SlugInUse;
            }
            var file = _files.Values.FirstOrDefault(file => file.Accepted?.Experiment.Uid == next.Uid);
            var name = file?.Name ?? next.Uid + ExperimentFile.Extension;
            if (file is null && _files.ContainsKey(name))
            {
                return ExperimentWriteResult.UidInUse;
            }
            AtomicFile.Write(_directory, name, bytes);
            // No uid or slug is contested and no problem is resolved by this write, so a full publication is not
            // needed.
            var isAlone = !_hasCollisions && (file is null or { Problems.Count: 0 });
            file ??= _files[name] = new ExperimentFile(name);
            file.SeenInScan = _scan;
            var entry = new CatalogEntry(next);
            file.Take(entry, bytes);
            _needsScan = true;
            if (isAlone)
            {
                Catalog.Swap(catalog.With(entry));
                CatalogChanged?.Invoke(Catalog.Current);
            }
            else
            {
                Publish();
            }
            return ExperimentWriteResult.Written;
        }
    }

    public void Dispose()
    {
        _watch?.Dispose();
        lock (_lock)
        {
            _changes?.Dispose();
            _changes = null;
        }
    }

    private void Look(bool onlyIfChanged)
    {
        if (!_lock.TryEnter())
        {
            return;
        }
        try
        {
            if (onlyIfChanged && !MayHaveChanged())
            {
                return;
            }

            var changed = new List<ExperimentFile>();
            var isChanged = Scan(changed);
            _needsScan = _files.Values.Any(static file => !file.IsWatched);
            var gone = _files.Values.Where(file => file.SeenInScan != _scan).ToList();
            foreach (var file in gone)
            {
                _files.Remove(file.Name);
                isChanged = true;
            }
            if (isChanged)
            {
                Publish();
                ReportChanges(changed, gone);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The directory is gone or inaccessible, for example because a volume was unmounted: keep serving what was
            // valid.
            _needsScan = true;
            _directoryProblems = [new ExperimentFileProblem("", "", $"directory cannot be read: {e.Message}")];
            PublishProblems([]);
        }
        finally
        {
            _lock.Exit();
        }
    }

    private bool MayHaveChanged()
    {
        if (_time.GetElapsedTime(_scannedAt) >= TimeSpan.FromMilliseconds(ScanIntervalMs))
        {
            WatchAnew();
        }

        return _changes is null || _changes.TakeAny() || _needsScan;
    }

    /// <summary>
    /// Another directory may have taken the place of the one that was watched, so its files have to be looked at too.
    /// </summary>
    private void WatchAnew()
    {
        _changes?.Dispose();
        _changes = DirectoryChanges.TryWatch(_directory);
        _needsScan = true;
    }

    /// <summary>Reads what may have changed; true when something did.</summary>
    private bool Scan(List<ExperimentFile> changed)
    {
        _scan++;
        _scannedAt = _time.GetTimestamp();
        var settledBefore = _time.GetUtcNow().UtcTicks - SettleMs * TimeSpan.TicksPerMillisecond;
        var isOverfull = false;
        var isChanged = false;
        var suspects = new FileSystemEnumerable<(string Name, FileStamp Stamp)>(
            _directory,
            (ref FileSystemEntry entry) => (entry.FileName.ToString(), StampOf(ref entry)),
            Flat
        )
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) => IsSuspect(ref entry, ref isOverfull),
        };
        foreach (var (name, stamp) in suspects)
        {
            if (!_files.TryGetValue(name, out var file))
            {
                file = _files[name] = new ExperimentFile(name) { SeenInScan = _scan };
            }
            var isSettled = stamp.ModifiedTicks < settledBefore;
            if (file.Reload(Path.Combine(_directory, name), stamp, isSettled, _rules))
            {
                isChanged = true;
                changed.Add(file);
            }
        }
        IReadOnlyList<ExperimentFileProblem> directoryProblems = isOverfull
            ? [new ExperimentFileProblem("", "", $"directory must have at most {FilesMax} files")]
            : [];
        isChanged |= !directoryProblems.SequenceEqual(_directoryProblems);
        _directoryProblems = directoryProblems;
        return isChanged;
    }

    /// <summary>Whether a directory entry is an experiment that is new or may have changed.</summary>
    private bool IsSuspect(ref FileSystemEntry entry, ref bool isOverfull)
    {
        var name = entry.FileName;
        if (!ExperimentFile.IsName(name) || entry.IsDirectory)
        {
            return false;
        }
        if (!_filesByName.TryGetValue(name, out var file))
        {
            var hasRoom = _files.Count < FilesMax;
            isOverfull |= !hasRoom;
            return hasRoom;
        }
        file.SeenInScan = _scan;
        return !file.IsSettled || file.Stamp != StampOf(ref entry);
    }

    private static FileStamp StampOf(ref FileSystemEntry entry)
    {
        if ((entry.Attributes & FileAttributes.ReparsePoint) == 0)
        {
            return new FileStamp(entry.LastWriteTimeUtc.UtcTicks, entry.Length, null);
        }
        // The attributes are those of the link itself, which do not change when a mounted ConfigMap is replaced.
        try
        {
            var target = File.ResolveLinkTarget(entry.ToFullPath(), returnFinalTarget: true);
            return target is FileInfo { Exists: true } file
                ? new FileStamp(file.LastWriteTimeUtc.Ticks, file.Length, file.FullName)
                : default;
        }
        catch (IOException)
        {
            return default; // A dangling or circular link counts as an empty file.
        }
    }

    /// <summary>
    /// Assigns uids and slugs to files and swaps in the resulting catalog. The caller holds the lock.
    /// </summary>
    private void Publish()
    {
        var claims = new ExperimentClaims();
        var problems = new List<ExperimentFileProblem>();
        // The same order while the service runs and at its start, so that a restart changes nothing.
        var claimants = _files.Values.Where(file => file.Claimant is not null);
        foreach (var file in ExperimentClaims.InOrder(claimants, file => (file.Claimant!.Experiment, file.Name)))
        {
            if (claims.TryClaim(file.Claimant!.Experiment, file.Name, out var problem))
            {
                file.Accepted = file.Claimant;
                continue;
            }

            problems.Add(problem);
            if (ReferenceEquals(file.Accepted, file.Claimant))
            {
                file.Accepted = null;
            }
        }

        // A file whose current version was refused keeps the one before, as far as nobody else has claimed its names.
        foreach (var file in _files.Values.Where(file => !ReferenceEquals(file.Accepted, file.Claimant)))
        {
            if (file.Accepted is not null && !claims.TryClaim(file.Accepted!.Experiment, file.Name, out _))
            {
                file.Accepted = null;
            }
        }

        _hasCollisions = problems.Count > 0;
        var entries = _files.Values.Where(file => file.Accepted is not null).Select(file => file.Accepted!).ToArray();
        Catalog.Swap(new ExperimentCatalog(entries, Catalog.Current.Version + 1));
        PublishProblems(problems);
        CatalogChanged?.Invoke(Catalog.Current);
    }

    private void ReportChanges(List<ExperimentFile> changed, List<ExperimentFile> gone)
    {
        foreach (var file in changed)
        {
            if (file.Candidate is { } entry && ReferenceEquals(file.Accepted, entry))
            {
                FileChanged?.Invoke(new ExperimentFileChange(file.Name, entry.Experiment, IsGone: false));
            }
        }

        foreach (var file in gone)
        {
            // A file under another name is no loss.
            if (file.Accepted is { } entry && !Catalog.Current.TryFindByUid(entry.Experiment.Uid, out _))
            {
                FileChanged?.Invoke(new ExperimentFileChange(file.Name, entry.Experiment, IsGone: true));
            }
        }
    }

    private void PublishProblems(List<ExperimentFileProblem> collisions)
    {
        var before = _problems.ToHashSet();
        var all = _directoryProblems.Concat(_files.Values.SelectMany(file => file.Problems)).Concat(collisions);
        _problems = [.. all.Take(ProblemsMax)];
        foreach (var problem in _problems)
        {
            if (!before.Contains(problem))
            {
                _report(problem);
            }
        }
    }
}
