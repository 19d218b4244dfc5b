using System.Runtime.InteropServices;

namespace Edge.Machine;

/// <summary>
/// The kernel's limits of this process (getrlimit, setrlimit, umask). The numbers of the two resources are the same on x64 and
/// arm64. A kernel that refuses leaves a limit as it was; no call throws.
/// </summary>
internal static partial class ProcessLimits
{
    private const int CoreFileBytes = 4;
    private const int OpenFiles = 7;
    private const uint OthersWrite = (uint)(UnixFileMode.GroupWrite | UnixFileMode.OtherWrite);
    private const uint OwnerAll = (uint)(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

    /// <summary>Open files, sockets included, that this process may have now.</summary>
    public static long Descriptors => (long)Math.Min(Read(OpenFiles).Soft, long.MaxValue);

    /// <summary>Open files, sockets included, of this process.</summary>
    public static int OpenDescriptors => Directory.GetFileSystemEntries("/proc/self/fd").Length;

    /// <summary>
    /// Raises the limit on open files to the highest the process may set itself: the soft limit of 1024 that most
    /// shells and service managers give dates from select(2). Returns what holds now.
    /// </summary>
    public static long RaiseDescriptors()
    {
        var limit = Read(OpenFiles);
        if (limit.Soft < limit.Hard)
        {
            limit.Soft = limit.Hard;
            _ = NativeWrite(OpenFiles, in limit);
        }

        return Descriptors;
    }

    /// <summary>Forbids core dumps of this process for good: one would hold keys, salt and visitors' addresses.</summary>
    public static void ForbidCoreDumps() => _ = NativeWrite(CoreFileBytes, default);

    /// <summary>
    /// Whatever umask the process was started with: what it makes belongs to its owner, who may use it, and nobody else
    /// may change it. A umask that hides more from others stays.
    /// </summary>
    public static void ProtectNewFiles() => _ = NativeMask((NativeMask(OthersWrite) | OthersWrite) & ~OwnerAll);

    private static Limit Read(int resource) =>
        NativeRead(resource, out var limit) == 0 ? limit : new Limit { Soft = 1_024, Hard = 1_024 };

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int NativeRead(int resource, out Limit limit);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int NativeWrite(int resource, in Limit limit);

    [LibraryImport("libc", EntryPoint = "umask")]
    private static partial uint NativeMask(uint mask);

    /// <summary><c>struct rlimit</c> of a 64-bit Linux.</summary>
    private struct Limit
    {
        public ulong Soft;
        public ulong Hard;
    }
}
