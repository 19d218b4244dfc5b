using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Edge.Storage;

/// <summary>
/// Tells whether something happened in a directory since it was asked last: a file made, removed, renamed, written or
/// given other attributes (inotify(7)). Not seen are changes behind symbolic links, through another hard link, through
/// mapped memory, and of a directory that took this one's place. Not thread safe.
/// </summary>
internal sealed partial class DirectoryChanges : IDisposable
{
    private const int IN_NONBLOCK = 0x800;
    private const int IN_CLOEXEC = 0x80000;

    /// <summary>
    /// IN_MODIFY, IN_ATTRIB, IN_CLOSE_WRITE, IN_MOVED_FROM, IN_MOVED_TO, IN_CREATE, IN_DELETE, IN_DELETE_SELF,
    /// IN_MOVE_SELF, IN_ONLYDIR.
    /// </summary>
    private const uint Mask = 0x2 | 0x4 | 0x8 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x800 | 0x0100_0000;

    // struct statfs of statfs(2) on 64-bit systems; it begins with the type of the file system.
    private const int StatfsBytes = 120;

    private readonly SafeFileHandle _events;
    private readonly byte[] _buffer = new byte[4 << 10];

    private DirectoryChanges(SafeFileHandle events) => _events = events;

    /// <summary>
    /// Begins; null where the kernel does not see every change, as on network file systems, or has no watch to spare.
    /// </summary>
    public static DirectoryChanges? TryWatch(string directory)
    {
        if (!IsLocal(directory))
        {
            return null;
        }

        var events = new SafeFileHandle(Open(IN_NONBLOCK | IN_CLOEXEC), ownsHandle: true);
        if (!events.IsInvalid && Add(events, directory, Mask) >= 0)
        {
            return new DirectoryChanges(events);
        }

        events.Dispose();
        return null;
    }

    /// <summary>Whether something happened since the last call, or since the beginning.</summary>
    public bool TakeAny()
    {
        var any = false;
        while (Read(_events, ref _buffer[0], _buffer.Length) > 0)
        {
            any = true;
        }

        return any;
    }

    public void Dispose() => _events.Dispose();

    private static bool IsLocal(string directory)
    {
        Span<byte> stats = stackalloc byte[StatfsBytes];
        return Statfs(directory, ref MemoryMarshal.GetReference(stats)) == 0
            && MemoryMarshal.Read<ulong>(stats)
                is 0xEF53 // ext2 to ext4
                    or 0x5846_5342 // XFS
                    or 0x9123_683E // Btrfs
                    or 0x2FC1_2FC1 // ZFS
                    or 0xCA45_1A4E // bcachefs
                    or 0xF2F5_2010 // F2FS
                    or 0x794C_7630 // overlayfs
                    or 0x0102_1994 // tmpfs
                    or 0x8584_58F6; // ramfs
    }

    [LibraryImport("libc", EntryPoint = "inotify_init1")]
    private static partial int Open(int flags);

    [LibraryImport("libc", EntryPoint = "inotify_add_watch", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Add(SafeFileHandle events, string path, uint mask);

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint Read(SafeFileHandle events, ref byte buffer, nint length);

    [LibraryImport("libc", EntryPoint = "statfs", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statfs(string path, ref byte stats);
}
