using System.Runtime.InteropServices;

namespace Edge.Machine;

/// <summary>
/// Memory that only starting needed. A service at an edge point waits most of the time, in a container that is as small as it can be:
/// about a third of what it holds when it has started is never looked at again.
/// </summary>
internal static partial class StartMemory
{
    private const int DontNeed = 4;

    /// <summary>
    /// Collects what starting left, and takes the pages of the program's code and constants out of this process. Those that are used come
    /// back by themselves, from the page cache where they stay. Takes some ten milliseconds; a kernel that refuses changes nothing.
    /// </summary>
    public static void GiveBack()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        foreach (var (start, end) in ReadOnlySegments())
        {
            _ = NativeAdvise(start, (nuint)(end - start), DontNeed);
        }
    }

    /// <summary>
    /// The whole pages of the program's segments that nothing ever writes to, the dynamic linker included (elf(5), getauxval(3)): of
    /// no other page may the content in memory be forgotten.
    /// </summary>
    private static unsafe List<(nint Start, nint End)> ReadOnlySegments()
    {
        const nuint headers = 3,
            headerCount = 5;
        const uint load = 1,
            own = 6,
            writable = 2;
        var at = (nint)NativeAuxiliary(headers);
        var segments = new List<(nint, nint)>();
        var page = (nint)Environment.SystemPageSize;
        nint? moved = null;
        // The one of the headers themselves comes before all that are loaded.
        foreach (var header in new ReadOnlySpan<ProgramHeader>((void*)at, (int)NativeAuxiliary(headerCount)))
        {
            if (header.Type == own)
            {
                moved = at - header.Address;
            }
            else if (moved is { } by && header.Type == load && (header.Flags & writable) == 0)
            {
                var start = (by + header.Address + page - 1) / page * page;
                segments.Add((start, (by + header.Address + header.MemoryBytes) / page * page));
            }
        }

        return segments;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int NativeAdvise(nint address, nuint bytes, int advice);

    [LibraryImport("libc", EntryPoint = "getauxval")]
    private static partial nuint NativeAuxiliary(nuint type);

    /// <summary><c>Elf64_Phdr</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct ProgramHeader
    {
        public uint Type;
        public uint Flags;
        public long Offset;
        public nint Address;
        public nint PhysicalAddress;
        public long FileBytes;
        public nint MemoryBytes;
        public long Alignment;
    }
}
