using System.Runtime.InteropServices;

namespace Edge.Storage;

/// <summary>
/// Identifies one state of a file: inode, size, times of content and of the inode. .NET's file information has no
/// inode, and a file renamed over another may have the same size and modification time. <c>default</c> is "no such
/// file".
/// </summary>
internal readonly partial record struct FileStamp(
    ulong Inode,
    ulong Bytes,
    ulong ModifiedSeconds,
    uint ModifiedNanoseconds,
    ulong ChangedSeconds,
    uint ChangedNanoseconds
)
{
    // statx(2): the layout is the same on every architecture.
    private const int StatxBytes = 256;
    private const int CurrentDirectory = -100;
    private const uint BasicStats = 0x7ff;
    private const int InodeAt = 32;
    private const int SizeAt = 40;
    private const int ChangedAt = 96;
    private const int ModifiedAt = 112;
    private const int NanosecondsAt = 8;

    /// <summary>
    /// The current state of a path, following links; <c>default</c> when there is no file or it is not accessible.
    /// </summary>
    public static FileStamp Of(string path)
    {
        Span<byte> stats = stackalloc byte[StatxBytes];
        if (Statx(CurrentDirectory, path, 0, BasicStats, ref MemoryMarshal.GetReference(stats)) != 0)
        {
            return default;
        }

        return new FileStamp(
            MemoryMarshal.Read<ulong>(stats[InodeAt..]),
            MemoryMarshal.Read<ulong>(stats[SizeAt..]),
            MemoryMarshal.Read<ulong>(stats[ModifiedAt..]),
            MemoryMarshal.Read<uint>(stats[(ModifiedAt + NanosecondsAt)..]),
            MemoryMarshal.Read<ulong>(stats[ChangedAt..]),
            MemoryMarshal.Read<uint>(stats[(ChangedAt + NanosecondsAt)..])
        );
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int directory, string path, int flags, uint mask, ref byte stats);
}
