namespace Edge.Storage;

/// <summary>
/// The one way this program replaces a file: written beside the target, synced, renamed over it, and the directory
/// synced so that the rename lasts. A crash or power cut at any moment leaves the old bytes or the new ones, never a
/// mixture. Failures are <see cref="DiskException"/>; the target is then as it was, unless only the last sync failed.
/// Not thread safe.
/// </summary>
internal sealed class AtomicFile : IDisposable
{
    /// <summary>End of the temporary file's name when its directory has one writer.</summary>
    public const string NewSuffix = ".new";

    /// <summary>
    /// End of the temporary file's name when its directory can have several writers; begins with a dot.
    /// </summary>
    public const string TemporarySuffix = ".edge-tmp";

    private readonly string _path;
    private DiskFile? _temporary;

    private AtomicFile(string path, DiskFile temporary)
    {
        _path = path;
        _temporary = temporary;
    }

    /// <summary>The file to fill before <see cref="Commit"/>; empty at first.</summary>
    public DiskFile Content =>
        _temporary ?? throw new InvalidOperationException("the file was committed or disposed already");

    /// <summary>
    /// Begins a file in a directory with a single writer, for its owner alone. The temporary is <c>PATH.new</c>, so an
    /// interrupted write leaves at most one file behind, which the next write replaces.
    /// </summary>
    public static AtomicFile Begin(string path)
    {
        var temporary = path + NewSuffix;
        DiskDirectory.Remove(temporary);
        return new AtomicFile(path, DiskFile.CreateNew(temporary));
    }

    /// <summary>
    /// Makes the bytes the content of the file; they are on disk when this returns. Several processes may write to the
    /// directory: each has a temporary of its own, which <see cref="DeleteUnfinished"/> clears after a crash.
    /// </summary>
    /// <param name="directory">Where the file is; it exists.</param>
    /// <param name="name">The file's name in it.</param>
    /// <param name="bytes">The new content.</param>
    /// <param name="mode">Permissions of the file from its first byte on, before the process's umask.</param>
    public static void Write(
        string directory,
        string name,
        ReadOnlySpan<byte> bytes,
        UnixFileMode mode = DiskFile.ReadableByAll
    )
    {
        var temporary = Path.Combine(directory, $".{Guid.NewGuid():N}{TemporarySuffix}");
        using var file = new AtomicFile(Path.Combine(directory, name), DiskFile.CreateNew(temporary, mode));
        file.Content.Write(bytes, 0);
        file.Commit();
    }

    /// <summary>Removes what an interrupted <see cref="Write"/> of an earlier process left behind.</summary>
    public static void DeleteUnfinished(string directory)
    {
        foreach (var path in Directory.EnumerateFiles(directory, $".*{TemporarySuffix}"))
        {
            File.Delete(path);
        }
    }

    /// <summary>Gives the content its name; both are durable when this returns.</summary>
    public void Commit()
    {
        var temporary = Content;
        temporary.SyncAll();
        DiskDirectory.Rename(temporary.Path, _path);
        _temporary = null;
        temporary.Dispose();
        DiskDirectory.Sync(Path.GetDirectoryName(Path.GetFullPath(_path))!);
    }

    /// <summary>Removes the temporary unless it was committed.</summary>
    public void Dispose()
    {
        if (_temporary is not { } temporary)
        {
            return;
        }

        _temporary = null;
        temporary.Dispose();
        try
        {
            DiskDirectory.Remove(temporary.Path);
        }
        catch (DiskException)
        {
            // What failed before is the news. The leftover has a name that no reader takes and a later run removes.
        }
    }
}
