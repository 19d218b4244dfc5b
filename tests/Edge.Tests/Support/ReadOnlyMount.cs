using System.Diagnostics;
using Xunit;

namespace Edge.Tests.Support;

/// <summary>A directory a second time, read-only, as a snapshot is; needs the right to mount, else the test is skipped.</summary>
internal sealed class ReadOnlyMount : IDisposable
{
    private readonly TempDirectory _place = new();

    private ReadOnlyMount() { }

    public string Path => _place["snapshot"];

    public static ReadOnlyMount Of(string directory)
    {
        var mount = new ReadOnlyMount();
        Directory.CreateDirectory(mount.Path);
        Assert.SkipUnless(
            Run("mount", "--bind", directory, mount.Path) && Run("mount", "-o", "remount,bind,ro", mount.Path),
            "mounting is not allowed here"
        );
        return mount;
    }

    public void Dispose()
    {
        Run("umount", "--lazy", Path);
        _place.Dispose();
    }

    private static bool Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true };
        using var process = Process.Start(start)!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
