using System.Runtime.InteropServices;

namespace Edge.Storage;

/// <summary>
/// Lets a command that root runs act as the user to whom a directory belongs: a file that root left in it would be closed
/// to the service. Groups are dropped with it. For good, and for every thread of the process.
/// </summary>
internal static partial class DirectoryOwner
{
    private const uint Root = 0;

    /// <summary>
    /// Acts as the owner of the directory, or of the nearest one above it that is there. Changes nothing for anybody but
    /// root, and nothing in directories of root.
    /// </summary>
    /// <exception cref="UnauthorizedAccessException">The kernel refuses.</exception>
    public static void ActAs(string directory)
    {
        if (EffectiveUser() != Root)
        {
            return;
        }

        var path = DiskDirectory.Nearest(directory);
        var (user, group) = FileStamp.OwnerOf(path);
        if (user == Root)
        {
            return;
        }

        if (SetGroups(0, 0) != 0 || SetGroup(group) != 0 || SetUser(user) != 0)
        {
            throw new UnauthorizedAccessException(
                $"{path} belongs to user {user}, as whom this process may not act; run the command as that user"
            );
        }
    }

    /// <summary>The number of the user as whom this process acts.</summary>
    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "setgroups", SetLastError = true)]
    private static partial int SetGroups(nint count, nint groups);

    [LibraryImport("libc", EntryPoint = "setgid", SetLastError = true)]
    private static partial int SetGroup(uint group);

    [LibraryImport("libc", EntryPoint = "setuid", SetLastError = true)]
    private static partial int SetUser(uint user);
}
