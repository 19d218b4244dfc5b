using System.Runtime.InteropServices;

namespace Edge.Storage;

/// <summary>
/// Directory operations that make a file's name survive a power cut, and the free space of a file system. Failures are
/// <see cref="DiskException"/>. Thread safe.
/// </summary>
internal static partial class DiskDirectory
{
    /// <summary>Makes the directory's entries durable (fsync).</summary>
    public static void Sync(string directory)
    {
        Check(DiskCall.SyncDirectory, "fsync", directory);
        using var handle = DiskFile.OpenRead(directory);
        handle.SyncAll();
    }

    /// <summary>Creates the directory and its missing parents, durably.</summary>
    public static void CreateDurably(string directory)
    {
        if (Directory.Exists(directory))
        {
            return;
        }

        var parent = Path.GetDirectoryName(Path.GetFullPath(directory));
        if (parent is not null)
        {
            CreateDurably(parent);
        }

        Directory.CreateDirectory(directory);
        if (parent is not null)
        {
            Sync(parent);
        }
    }

    /// <summary>
    /// Renames a file within its file system, replacing a file of that name. Not durable before <see cref="Sync"/>.
    /// </summary>
    public static void Rename(string from, string to)
    {
        Check(DiskCall.Rename, "rename", to);
        while (NativeRename(from, to) != 0)
        {
            ThrowUnlessInterrupted("rename", to);
        }
    }

    /// <summary>Removes a file; a missing one is no error. Not durable before <see cref="Sync"/>.</summary>
    public static void Remove(string path)
    {
        const int NoSuchFile = 2;
        Check(DiskCall.Remove, "unlink", path);
        while (NativeUnlink(path) != 0 && Marshal.GetLastPInvokeError() != NoSuchFile)
        {
            ThrowUnlessInterrupted("unlink", path);
        }
    }

    /// <summary>The directory, as a full path, or the nearest one above it that is there.</summary>
    public static string Nearest(string directory)
    {
        var nearest = Path.GetFullPath(directory);
        while (!Directory.Exists(nearest) && Path.GetDirectoryName(nearest) is { } above)
        {
            nearest = above;
        }

        return nearest;
    }

    /// <summary>
    /// The directory as a full path without links, as far as it is there and may be looked at: one spelling for each place.
    /// </summary>
    public static string Resolve(string directory)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        var nearest = Nearest(full);
        var resolved = NativeResolve(nearest, 0);
        if (resolved == 0)
        {
            return full;
        }

        try
        {
            return Path.TrimEndingDirectorySeparator(Marshal.PtrToStringUTF8(resolved) + full[nearest.Length..]);
        }
        finally
        {
            NativeFree(resolved);
        }
    }

    /// <summary>Bytes an unprivileged process may still allocate on the directory's file system.</summary>
    public static long FreeBytes(string directory)
    {
        Check(DiskCall.FreeSpace, "statvfs", directory);
        return new DriveInfo(directory).AvailableFreeSpace;
    }

    /// <summary>Lets the fault build fail the call.</summary>
    private static void Check(DiskCall call, string name, string path)
    {
        int errno;
        do
        {
            errno = 0;
            Inject(call, path, ref errno);
        } while (errno == DiskException.Interrupted);

        if (errno != 0)
        {
            throw new DiskException(name, path, errno);
        }
    }

    private static void ThrowUnlessInterrupted(string name, string path)
    {
        var errno = Marshal.GetLastPInvokeError();
        if (errno != DiskException.Interrupted)
        {
            throw new DiskException(name, path, errno);
        }
    }

    static partial void Inject(DiskCall call, string path, ref int errno);

    [LibraryImport("libc", EntryPoint = "realpath", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint NativeResolve(string path, nint buffer);

    [LibraryImport("libc", EntryPoint = "free")]
    private static partial void NativeFree(nint memory);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int NativeRename(string from, string to);

    [LibraryImport("libc", EntryPoint = "unlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int NativeUnlink(string path);
}
