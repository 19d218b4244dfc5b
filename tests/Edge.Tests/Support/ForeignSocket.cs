using System.Globalization;
using System.Runtime.InteropServices;
using Xunit;

namespace Edge.Tests.Support;

/// <summary>
/// Descriptors of our own for the sockets on which another process listens (pidfd_getfd), to do to them what nothing from
/// outside can. Skips the test where that is not allowed.
/// </summary>
internal sealed partial class ForeignSocket : IDisposable
{
    // Of syscalls(2); the same on x64 and arm64.
    private const int PidfdOpen = 434;
    private const int PidfdGetfd = 438;
    private const int ShutBoth = 2;

    private readonly int[] _descriptors;

    private ForeignSocket(int[] descriptors) => _descriptors = descriptors;

    /// <summary>Takes those at a port of this machine; a loop of the process has one each.</summary>
    public static ForeignSocket Take(int pid, int port)
    {
        var process = (int)Syscall(PidfdOpen, pid, 0, 0);
        Assert.SkipWhen(process < 0, "needs the right to look into the process under test");
        var taken = Find(pid, port).Select(descriptor => (int)Syscall(PidfdGetfd, process, descriptor, 0)).ToArray();
        _ = Close(process);
        Assert.NotEmpty(taken);
        Assert.SkipWhen(taken.Contains(-1), "needs the right to take a descriptor of the process under test");
        return new ForeignSocket(taken);
    }

    /// <summary>Ends them in both directions, for everybody who has them.</summary>
    public void Shutdown() =>
        Assert.All(_descriptors, static descriptor => Assert.Equal(0, Shutdown(descriptor, ShutBoth)));

    public void Dispose()
    {
        foreach (var descriptor in _descriptors)
        {
            _ = Close(descriptor);
        }
    }

    /// <summary>The process's descriptors, by the inodes that /proc/net/tcp names for the port.</summary>
    private static IEnumerable<int> Find(int pid, int port)
    {
        var sockets = File.ReadLines("/proc/net/tcp")
            .Skip(1)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(columns => columns[1].EndsWith($":{port:X4}", StringComparison.Ordinal) && columns[3] == "0A")
            .Select(static columns => $"socket:[{columns[9]}]")
            .ToHashSet(StringComparer.Ordinal);
        return Directory
            .GetFiles($"/proc/{pid}/fd")
            .Where(path => new FileInfo(path).LinkTarget is { } target && sockets.Contains(target))
            .Select(static path => int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture));
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Syscall(nint number, nint first, nint second, nint third);

    [LibraryImport("libc", EntryPoint = "shutdown", SetLastError = true)]
    private static partial int Shutdown(int descriptor, int how);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
