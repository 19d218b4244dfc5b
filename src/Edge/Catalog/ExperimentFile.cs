using System.Security.Cryptography;
using Edge.Experiments;
using Edge.Experiments.Reading;

namespace Edge.Catalog;

/// <summary>One thing that is wrong in the directory of experiments.</summary>
/// <param name="File">Name of the file; empty for the directory itself.</param>
/// <param name="Field">Dotted path of the member; empty for the file as a whole.</param>
/// <param name="Reason">What is expected, as the rest of a sentence that begins with the field.</param>
internal readonly record struct ExperimentFileProblem(string File, string Field, string Reason)
{
    public override string ToString() => string.Join(' ', new[] { File, Field, Reason }.Where(part => part.Length > 0));
}

/// <summary>What tells without reading whether a file is still the one that was read.</summary>
/// <param name="ModifiedTicks">Time of the last modification, UTC, 100 ns.</param>
/// <param name="Bytes">Length.</param>
/// <param name="Target">Where a symbolic link leads; null for a plain file.</param>
internal readonly record struct FileStamp(long ModifiedTicks, long Bytes, string? Target);

/// <summary>
/// What the store knows about one file: the last version that could be read (candidate) and the version that is served
/// (accepted), which is older while the candidate is bad or collides with another file. Guarded by the store's lock.
/// </summary>
internal sealed class ExperimentFile(string name)
{
    /// <summary>Largest file that is read.</summary>
    public const int BytesMax = 1 << 20;

    /// <summary>End of the names of files with experiments.</summary>
    public const string Extension = ".json";

    /// <summary>Whether a file of this name is read; those that begin with a dot are not finished.</summary>
    public static bool IsName(ReadOnlySpan<char> name) =>
        name[0] != '.' && name.EndsWith(Extension, StringComparison.Ordinal);

    /// <summary>
    /// The files of a directory that are read, in the order in which the first claims a slug. Throws <see
    /// cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.
    /// </summary>
    public static IEnumerable<string> PathsIn(string directory) =>
        Directory
            .EnumerateFiles(directory)
            .Where(path => IsName(Path.GetFileName(path.AsSpan())))
            .Order(StringComparer.Ordinal);

    /// <summary>Name within the directory.</summary>
    public string Name { get; } = name;

    /// <summary>The stamp of the bytes that were read last.</summary>
    public FileStamp Stamp { get; private set; }

    /// <summary>Whether a change right after the last reading would show in the stamp.</summary>
    public bool IsSettled { get; private set; }

    /// <summary>Number of the scan that saw the file last.</summary>
    public long SeenInScan { get; set; }

    /// <summary>The last version that obeys every rule of one file; null when the current bytes do not.</summary>
    public CatalogEntry? Candidate { get; private set; }

    /// <summary>The version that is served; null when there never was a good one.</summary>
    public CatalogEntry? Accepted { get; set; }

    /// <summary>What is wrong with the current bytes.</summary>
    public IReadOnlyList<ExperimentFileProblem> Problems { get; private set; } = [];

    private byte[] _hash = [];

    /// <summary>
    /// Whether the served version is the current one or the last good one, without a collision to settle.
    /// </summary>
    public bool KeepsAccepted => Accepted is not null && (Candidate is null || ReferenceEquals(Candidate, Accepted));

    /// <summary>Takes over an experiment that this process has written itself, as it stands.</summary>
    public void Take(CatalogEntry entry, byte[] bytes)
    {
        (Candidate, Accepted, Problems) = (entry, entry, []);
        _hash = SHA256.HashData(bytes);
        IsSettled = false;
    }

    /// <summary>Reads the file again; false when nothing changed after all.</summary>
    /// <param name="path">Full path.</param>
    /// <param name="stamp">The stamp as the scan saw it, before this reading.</param>
    /// <param name="isSettled">Whether the stamp is old enough for a later change to show in it.</param>
    /// <param name="rules">Limits of definitions.</param>
    public bool Reload(string path, FileStamp stamp, bool isSettled, ExperimentRules rules)
    {
        (Stamp, IsSettled) = (stamp, isSettled);
        // Also keeps from opening pipes and devices, whose length is 0 and which would block.
        if (stamp.Bytes is 0 or > BytesMax)
        {
            return Refuse(stamp.Bytes == 0 ? "is empty" : $"must be at most {BytesMax} bytes");
        }
        byte[] bytes;
        try
        {
            bytes = ReadBounded(path);
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
        Problems = [.. reading.Violations.Select(v => new ExperimentFileProblem(Name, v.Field, v.Message))];
        return true;
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

    private static byte[] ReadBounded(string path)
    {
        using var handle = File.OpenHandle(path);
        var bytes = new byte[(int)Math.Min(RandomAccess.GetLength(handle), BytesMax + 1)];
        var read = 0;
        while (read < bytes.Length && RandomAccess.Read(handle, bytes.AsSpan(read), read) is > 0 and var count)
        {
            read += count;
        }
        // One that grew past the limit since the scan is cut, and so reported; the next scan names the size.
        return bytes[..read];
    }
}
