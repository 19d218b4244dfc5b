using System.Runtime.InteropServices;

namespace Edge.Storage;

/// <summary>
/// Whether files can be written into a directory, found out by writing one: rights, read-only mounts, quotas and what the
/// kernel makes up itself cannot be told from modes. Leaves nothing behind.
/// </summary>
internal static partial class DirectoryProbe
{
    private const string NamePrefix = ".edge-probe-";
    private const int WrittenBytes = 4 << 10;
    private const int MayWrite = 2;
    private const int MayEnter = 1;

    /// <summary>
    /// Why files cannot be written there; null when they can. One that is not there yet is tried in the nearest directory
    /// above it, in which it would be made.
    /// </summary>
    /// <param name="directory">The directory.</param>
    /// <param name="isFull">Whether it is for want of space alone.</param>
    public static string? ProblemOf(string directory, out bool isFull)
    {
        isFull = false;
        var full = Path.GetFullPath(directory);
        var nearest = DiskDirectory.Nearest(full);
        if (FirstBelow(nearest, full) is { } other && IsThere(other))
        {
            return $"'{other}' is a file, not a directory";
        }

        var path = Path.Combine(nearest, $"{NamePrefix}{Guid.NewGuid():N}");
        try
        {
            using var file = DiskFile.CreateNew(path);
            try
            {
                file.Write(new byte[WrittenBytes], 0);
                file.SyncData();
                return null;
            }
            finally
            {
                DiskDirectory.Remove(path);
            }
        }
        catch (DiskException e)
        {
            isFull = e.IsNoSpace;
            return $"'{nearest}' cannot be written: {(e.Errno > 0 ? Marshal.GetPInvokeErrorMessage(e.Errno) : e.Message)}";
        }
    }

    /// <summary>Whether this process may change a directory, as far as its mode and mount say.</summary>
    public static bool MayChange(string directory) => NativeAccess(directory, MayWrite | MayEnter) == 0;

    /// <summary>Whether this process may look for names in a directory.</summary>
    public static bool IsOpen(string directory) => NativeAccess(directory, MayEnter) == 0;

    /// <summary>The path with one name more than the directory, on the way to another; null when that is it.</summary>
    private static string? FirstBelow(string nearest, string full)
    {
        var below = full[nearest.Length..].Trim(Path.DirectorySeparatorChar);
        return below.Length == 0 ? null : Path.Combine(nearest, below.Split(Path.DirectorySeparatorChar)[0]);
    }

    /// <summary>Whether something has this name, if only a link that leads nowhere.</summary>
    private static bool IsThere(string path) => Path.Exists(path) || new FileInfo(path).LinkTarget is not null;

    [LibraryImport("libc", EntryPoint = "access", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int NativeAccess(string path, int mode);
}
