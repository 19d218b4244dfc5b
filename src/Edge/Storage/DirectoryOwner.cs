using System.Runtime.InteropServices;

namespace Edge.Storage;

/// <summary>
/// Lets a command that root runs act as the user to whom a directory belongs: a file that root left in it would be closed
/// to the service. Groups are dropped with it. For good, and for every thread of the process.
/// </summary>
internal static partial class DirectoryOwner
{
    private const uint Root = 0;

    /// <summary>The directory, once its path leads nowhere for its owner; open until the process ends.</summary>
    private static DiskFile? _open;

    /// <summary>How the process reaches it, and how people call it.</summary>
    private static (string Reached, string Given) _names = ("", "");

    /// <summary>
    /// Acts as the owner of the directory, or of the nearest one above it that is there. Changes nothing for anybody but
    /// root, and nothing in directories of root. Returns the path that leads to the directory from then on: of one below a
    /// directory that its owner may not pass, as systemd's <c>/var/lib/private</c>, that of a descriptor. The descriptor
    /// says too who the owner is, so a link that is replaced meanwhile changes nothing.
    /// </summary>
    /// <exception cref="UnauthorizedAccessException">The kernel refuses.</exception>
    public static string ActAs(string directory)
    {
        if (EffectiveUser() != Root)
        {
            return directory;
        }

        var path = DiskDirectory.Nearest(directory);
        var open = DiskFile.OpenRead(path);
        var (user, group) = open.Owner;
        if (user == Root)
        {
            open.Dispose();
            return directory;
        }

        if (SetGroups(0, 0) != 0 || SetGroup(group) != 0 || SetUser(user) != 0)
        {
            throw new UnauthorizedAccessException(
                $"{path} belongs to user {user}, as whom this process may not act; run the command as that user"
            );
        }

        if (open.IsAt(path))
        {
            open.Dispose();
            return directory;
        }

        _open = open;
        var below = Path.GetFullPath(directory)[path.Length..];
        _names = (open.DescriptorPath, below.Length == 0 ? directory : path);
        return open.DescriptorPath + below;
    }

    /// <summary>A text for people: the directory in it is called what it was called to <see cref="ActAs"/>.</summary>
    public static string InWords(string text) =>
        _open is null ? text : text.Replace(_names.Reached, _names.Given, StringComparison.Ordinal);

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
