using System.Security.Cryptography;
using Edge.Experiments;
using Edge.Experiments.Reading;
using Edge.Storage;

namespace Edge.Catalog;

/// <summary>One problem in the directory of experiments.</summary>
/// <param name="File">Name of the file; empty for the directory itself.</param>
/// <param name="Field">Dotted path of the member; empty for the file as a whole.</param>
/// <param name="Reason">What is wrong, as the rest of a sentence that begins with the field.</param>
/// <param name="IsServed">Whether the file is served all the same.</param>
internal readonly record struct ExperimentFileProblem(string File, string Field, string Reason, bool IsServed = false)
{
    public override string ToString() => string.Join(' ', new[] { File, Field, Reason }.Where(part => part.Length > 0));
}

/// <summary>Attributes that show, without reading the file, whether it has changed since it was read.</summary>
/// <param name="ModifiedTicks">Time of the last modification, UTC, 100 ns.</param>
/// <param name="Bytes">Length.</param>
/// <param name="Target">Target of a symbolic link; null for a regular file.</param>
internal readonly record struct FileStamp(long ModifiedTicks, long Bytes, string? Target);

/// <summary>
/// The state of one file: the current version if valid (candidate) and the version that is served (accepted), which is
/// older while the current one is invalid or conflicts with another file. Guarded by the store's lock.
/// </summary>
internal sealed class ExperimentFile(string name)
{
    /// <summary>Largest file that is read, bytes.</summary>
    public const int BytesMax = 1 << 20;

    /// <summary>Extension of experiment files.</summary>
    public const string Extension = ".json";

    private byte[] _hash = [];

    /// <summary>Whether a file with this name is read; names that begin with a dot are unfinished files.</summary>
    public static bool IsName(ReadOnlySpan<char> name) =>
        name[0] != '.' && name.EndsWith(Extension, StringComparison.Ordinal);

    /// <summary>
    /// The files of a directory that are read, in order of name. Throws <see cref="IOException"/> or
    /// <see cref="UnauthorizedAccessException"/>.
    /// </summary>
    public static IEnumerable<string> PathsIn(string directory) =>
        Directory
            .EnumerateFiles(directory)
            .Where(path => IsName(Path.GetFileName(path.AsSpan())))
            .Order(StringComparer.Ordinal);

    /// <summary>Name within the directory.</summary>
    public string Name { get; } = name;

    /// <summary>The stamp of the version that was read last.</summary>
    public FileStamp Stamp { get; private set; }

    /// <summary>Whether a change right after the last read would change the stamp.</summary>
    public bool IsSettled { get; private set; }

    /// <summary>Whether a change of the content would be one in its directory.</summary>
    public bool IsWatched => IsSettled && Stamp != default && Stamp.Target is null;

    /// <summary>Number of the last scan that found the file.</summary>
    public long SeenInScan { get; set; }

    /// <summary>The current version; null when it is invalid.</summary>
    public CatalogEntry? Candidate { get; private set; }

    /// <summary>The version that is served; null when there never was a valid one.</summary>
    public CatalogEntry? Accepted { get; set; }

    /// <summary>What is wrong with the current version, whether or not it can be served.</summary>
    public IReadOnlyList<ExperimentFileProblem> Problems { get; private set; } = [];

    /// <summary>The version that claims uid and slug: the current one, or the served one while that is invalid.</summary>
    public CatalogEntry? Claimant => Candidate ?? Accepted;

    /// <summary>Accepts an experiment that this process has written itself.</summary>
    public void Take(CatalogEntry entry, byte[] bytes)
    {
        (Candidate, Accepted, Problems) = (entry, entry, []);
        _hash = SHA256.HashData(bytes);
        IsSettled = false;
    }

    /// <summary>Reads the file again; false when its content has not changed.</summary>
    /// <param name="path">Full path.</param>
    /// <param name="stamp">The stamp found by the scan, before reading.</param>
    /// <param name="isSettled">Whether the stamp is old enough that a later change would alter it.</param>
    /// <param name="rules">Limits of definitions.</param>
    public bool Reload(string path, FileStamp stamp, bool isSettled, ExperimentRules rules)
    {
        (Stamp, IsSettled) = (stamp, isSettled);
        // Also avoids opening pipes and devices, whose length is 0 and which would block.
        if (stamp.Bytes is 0 or > BytesMax)
        {
            return Refuse(stamp.Bytes == 0 ? "is empty" : $"must be at most {BytesMax} bytes");
        }
        byte[] bytes;
        try
        {
            bytes = ReadTwice(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            IsSettled = false;
            return Refuse($"cannot be read: {e.Message}");
        }
        var hash = SHA256.HashData(bytes);
        if (hash.AsSpan().SequenceEqual(_hash))
        {
            return false;
        }
        _hash = hash;
        var fileTime = new DateTimeOffset(stamp.ModifiedTicks, TimeSpan.Zero);
        var reading = ExperimentReader.ReadStored(bytes, rules, fileTime);
        Candidate = reading.Experiment is { } experiment ? new CatalogEntry(experiment) : null;
        Problems =
        [
            .. reading.Violations.Select(v => new ExperimentFileProblem(Name, v.Field, v.Message)),
            .. reading.Unknown.Select(v => new ExperimentFileProblem(Name, v.Field, v.Message, true)),
        ];
        return true;
    }

    /// <summary>
    /// Reads the file, once more when a call fails: while an experiment is missing, its links lead nowhere.
    /// </summary>
    private static byte[] ReadTwice(string path)
    {
        try
        {
            return DiskFile.ReadWhole(path, BytesMax);
        }
        catch (IOException)
        {
            return DiskFile.ReadWhole(path, BytesMax);
        }
    }

    private bool Refuse(string reason)
    {
        var problem = new ExperimentFileProblem(Name, "", reason);
        if (Problems.Count == 1 && Problems[0] == problem)
        {
            return false;
        }
        (Candidate, Problems, _hash) = (null, [problem], []);
        return true;
    }
}
