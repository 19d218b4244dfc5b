using System.Globalization;
using System.Runtime.InteropServices;
using Xunit;

namespace Edge.Tests.Support;

/// <summary>
/// A second descriptor of a socket on which another process listens (pidfd_getfd), to do to it what nothing from outside
/// can. Skips the test where that is not allowed.
/// </summary>
internal sealed partial class ForeignSocket : IDisposable
{
    // Of syscalls(2); the same on x64 and arm64.
    private const int PidfdOpen = 434;
    private const int PidfdGetfd = 438;
    private const int ShutBoth = 2;

    private readonly int _descriptor;

    private ForeignSocket(int descriptor) => _descriptor = descriptor;

    /// <summary>Takes the socket on which the process listens at a port of this machine.</summary>
    public static ForeignSocket Take(int pid, int port)
    {
        var process = (int)Syscall(PidfdOpen, pid, 0, 0);
        Assert.SkipWhen(process < 0, "needs the right to look into the process under test");
        var taken = (int)Syscall(PidfdGetfd, process, Find(pid, port), 0);
        _ = Close(process);
        Assert.SkipWhen(taken < 0, "needs the right to take a descriptor of the process under test");
        return new ForeignSocket(taken);
    }

    /// <summary>Ends it in both directions, for everybody who has it.</summary>
    public void Shutdown() => Assert.Equal(0, Shutdown(_descriptor, ShutBoth));

    public void Dispose() => _ = Close(_descriptor);

    /// <summary>The descriptor, by the inode that /proc/net/tcp names for the port.</summary>
    private static int Find(int pid, int port)
    {
        var inode = File.ReadLines("/proc/net/tcp")
            .Skip(1)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Single(columns => columns[1].EndsWith($":{port:X4}", StringComparison.Ordinal) && columns[3] == "0A")[9];
        var link = Directory
            .GetFiles($"/proc/{pid}/fd")
            .Single(path => new FileInfo(path).LinkTarget == $"socket:[{inode}]");
        return int.Parse(Path.GetFileName(link), CultureInfo.InvariantCulture);
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Syscall(nint number, nint first, nint second, nint third);

    [LibraryImport("libc", EntryPoint = "shutdown", SetLastError = true)]
    private static partial int Shutdown(int descriptor, int how);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
