using System.Diagnostics;
using Xunit;

namespace Edge.Tests.Support;

/// <summary>A file system in memory, 1 MiB; needs the right to mount, without which the test is skipped.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly string _mountPoint;

    private SmallDisk(string mountPoint) => _mountPoint = mountPoint;

    public static SmallDisk Mount(string mountPoint)
    {
        Directory.CreateDirectory(mountPoint);
        Assert.SkipUnless(
            OperatingSystem.IsLinux() && Run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", mountPoint),
            "mounting a small file system is not allowed here"
        );
        return new SmallDisk(mountPoint);
    }

    public void Dispose() => Run("umount", "--lazy", _mountPoint);

    private static bool Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true };
        using var process = Process.Start(start)!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
