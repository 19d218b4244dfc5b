using Edge.Storage;

namespace Edge.Statistics.Optimization;

/// <summary>
/// The <see cref="RecomputationHistory"/> of every experiment, one file each in <c>DATA/recomputations</c>, replaced as a
/// whole. Nothing of it is kept in memory. A damaged file is set aside and its history begins anew. Thread safe.
/// Failures of the disk are <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.
/// </summary>
internal sealed class RecomputationFiles
{
    private const string SetAsideSuffix = ".set-aside";

    /// <summary>Longest file that is read: 400 points of a hundred variants are 250 kB.</summary>
    private const int FileMaxBytes = 4 << 20;

    private readonly string _directory;
    private readonly ILogger _log;
    private readonly Lock _lock = new();

    /// <summary>Experiments whose file cannot be read, which was said.</summary>
    private readonly HashSet<string> _unreadable = new(StringComparer.Ordinal);

    private RecomputationFiles(string directory, ILogger log)
    {
        _directory = directory;
        _log = log;
    }

    /// <summary>Creates the directory when it is missing.</summary>
    public static RecomputationFiles Open(string directory, ILogger log)
    {
        DiskDirectory.CreateDurably(directory);
        AtomicFile.DeleteUnfinished(directory);
        return new RecomputationFiles(directory, log);
    }

    /// <summary>What is wrong with each stored history that cannot be used. Changes nothing.</summary>
    public static IEnumerable<(string Path, string Problem)> FindDamaged(string directory)
    {
        foreach (var path in PathsIn(directory))
        {
            string? problem = null;
            try
            {
                RecomputationHistory.Unpack(DiskFile.ReadWhole(path, FileMaxBytes));
            }
            catch (InvalidDataException e)
            {
                problem = $"is damaged, so its history starts over: {e.Message}";
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                problem = $"cannot be read, so it has no history: {e.Message}";
            }

            if (problem is not null)
            {
                yield return (path, problem);
            }
        }
    }

    /// <summary>
    /// The recomputations of an experiment, ascending; empty before the first. Null when the file cannot be read, which is
    /// logged once.
    /// </summary>
    public IReadOnlyList<RecomputationPoint>? Read(string uid)
    {
        lock (_lock)
        {
            try
            {
                var points = Load(uid).Points;
                _unreadable.Remove(uid);
                return points;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                if (_unreadable.Add(uid))
                {
                    _log.RecomputationsUnreadable(uid, e.Message.ReplaceLineEndings(" "));
                }

                return null;
            }
        }
    }

    /// <summary>Adds a recomputation of an experiment; on disk when this returns.</summary>
    public void Add(string uid, RecomputationPoint point)
    {
        lock (_lock)
        {
            var history = Load(uid);
            if (history.Add(point))
            {
                AtomicFile.Write(_directory, uid, history.Pack());
            }
        }
    }

    /// <summary>Removes the histories of experiments that nobody knows any more.</summary>
    public void RemoveUnless(Predicate<string> isKnown)
    {
        lock (_lock)
        {
            foreach (var path in PathsIn(_directory).Where(path => !isKnown(Path.GetFileName(path))))
            {
                File.Delete(path);
                File.Delete(path + SetAsideSuffix);
            }
        }
    }

    private static IEnumerable<string> PathsIn(string directory) =>
        Directory.Exists(directory)
            ? Directory
                .GetFiles(directory)
                .Where(static path => !Path.HasExtension(path) && !Path.GetFileName(path).StartsWith('.'))
            : [];

    private RecomputationHistory Load(string uid)
    {
        var path = Path.Combine(_directory, uid);
        try
        {
            return RecomputationHistory.Unpack(DiskFile.ReadWhole(path, FileMaxBytes));
        }
        catch (FileNotFoundException)
        {
            return new RecomputationHistory();
        }
        catch (InvalidDataException e)
        {
            DiskDirectory.Rename(path, path + SetAsideSuffix);
            _log.RecomputationsStartOver(uid, e.Message);
            return new RecomputationHistory();
        }
    }
}
