using System.Runtime.InteropServices;

namespace Edge.Storage;

/// <summary>
/// Replaces small files so that a crash or power cut at any moment leaves the old bytes or the new ones, never a
/// mixture: written beside the target, synced, renamed over it, and the directory synced so that the rename lasts.
/// Throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> when the machine cannot do it.
/// </summary>
internal static partial class AtomicFile
{
    /// <summary>End of the names of files that are not finished; they begin with a dot.</summary>
    public const string TemporarySuffix = ".edge-tmp";

    private const int OpenDirectoryCloseOnExec = 0x1_0000 | 0x8_0000; // O_DIRECTORY | O_CLOEXEC on Linux x64

    /// <summary>Makes the bytes the content of the file; they are on disk when this returns.</summary>
    /// <param name="directory">Where the file is; it exists.</param>
    /// <param name="name">The file's name in it.</param>
    /// <param name="bytes">The new content.</param>
    /// <param name="mode">Permissions of the file from its first byte on; null leaves them to the process.</param>
    public static void Write(string directory, string name, ReadOnlySpan<byte> bytes, UnixFileMode? mode = null)
    {
        var temporary = Path.Combine(directory, $".{Guid.NewGuid():N}{TemporarySuffix}");
        try
        {
            using (
                var stream = new FileStream(
                    temporary,
                    new FileStreamOptions
                    {
                        Mode = FileMode.CreateNew,
                        Access = FileAccess.Write,
                        BufferSize = 0,
                        UnixCreateMode = mode,
                    }
                )
            )
            {
                stream.Write(bytes);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, Path.Combine(directory, name), overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
        SyncDirectory(directory);
    }

    /// <summary>Removes what an interrupted <see cref="Write"/> of an earlier process left behind.</summary>
    public static void DeleteUnfinished(string directory)
    {
        foreach (var path in Directory.EnumerateFiles(directory, $".*{TemporarySuffix}"))
        {
            File.Delete(path);
        }
    }

    /// <summary>The platform opens no directories, and without this a power cut can undo a rename.</summary>
    private static void SyncDirectory(string directory)
    {
        var descriptor = Open(directory, OpenDirectoryCloseOnExec);
        if (descriptor < 0)
        {
            throw new IOException($"cannot open directory '{directory}': errno {Marshal.GetLastPInvokeError()}");
        }
        var isSynced = Sync(descriptor) == 0;
        var error = Marshal.GetLastPInvokeError();
        _ = Close(descriptor);
        if (!isSynced)
        {
            throw new IOException($"cannot sync directory '{directory}': errno {error}");
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
