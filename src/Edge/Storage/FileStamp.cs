using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Edge.Storage;

/// <summary>What a path leads to.</summary>
internal enum FileKind : ushort
{
    /// <summary>Nothing, or nothing that may be looked at.</summary>
    None = 0,

    /// <summary>A pipe: opening it waits for its other end.</summary>
    Pipe = 0x1000,

    /// <summary>A device such as a terminal or <c>/dev/full</c>, which may have no end.</summary>
    CharacterDevice = 0x2000,

    Directory = 0x4000,

    BlockDevice = 0x6000,

    /// <summary>An ordinary file.</summary>
    Regular = 0x8000,

    Socket = 0xC000,
}

/// <summary>
/// Identifies one state of a file: inode, size, times of content and of the inode. .NET's file information has no
/// inode, and a file renamed over another may have the same size and modification time. <c>default</c> is "no such
/// file".
/// </summary>
internal readonly partial record struct FileStamp(
    FileKind Kind,
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
    private const int EmptyPath = 0x1000;
    private const uint BasicStats = 0x7ff;
    private const ushort KindMask = 0xF000;
    private const int UserAt = 20;
    private const int GroupAt = 24;
    private const int ModeAt = 28;
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
        return Statx(CurrentDirectory, path, 0, BasicStats, ref MemoryMarshal.GetReference(stats)) == 0
            ? From(stats)
            : default;
    }

    /// <summary>The current state of an open file.</summary>
    public static FileStamp Of(SafeFileHandle file)
    {
        Span<byte> stats = stackalloc byte[StatxBytes];
        return StatxOpen(file, "", EmptyPath, BasicStats, ref MemoryMarshal.GetReference(stats)) == 0
            ? From(stats)
            : default;
    }

    /// <summary>User and group of an open file; those of root when they are not known.</summary>
    public static (uint User, uint Group) OwnerOf(SafeFileHandle file)
    {
        Span<byte> stats = stackalloc byte[StatxBytes];
        return StatxOpen(file, "", EmptyPath, BasicStats, ref MemoryMarshal.GetReference(stats)) == 0
            ? (MemoryMarshal.Read<uint>(stats[UserAt..]), MemoryMarshal.Read<uint>(stats[GroupAt..]))
            : default;
    }

    private static FileStamp From(ReadOnlySpan<byte> stats) =>
        new(
            (FileKind)(MemoryMarshal.Read<ushort>(stats[ModeAt..]) & KindMask),
            MemoryMarshal.Read<ulong>(stats[InodeAt..]),
            MemoryMarshal.Read<ulong>(stats[SizeAt..]),
            MemoryMarshal.Read<ulong>(stats[ModifiedAt..]),
            MemoryMarshal.Read<uint>(stats[(ModifiedAt + NanosecondsAt)..]),
            MemoryMarshal.Read<ulong>(stats[ChangedAt..]),
            MemoryMarshal.Read<uint>(stats[(ChangedAt + NanosecondsAt)..])
        );

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int directory, string path, int flags, uint mask, ref byte stats);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatxOpen(SafeFileHandle file, string path, int flags, uint mask, ref byte stats);
}
