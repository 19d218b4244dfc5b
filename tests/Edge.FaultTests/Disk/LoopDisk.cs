using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Edge.Tests.Support;
using Xunit;

namespace Edge.FaultTests.Disk;

/// <summary>
/// A small ext4 of its own in an image file, mounted through a loop device: a disk that can be filled up and whose
/// power can be cut. Needs root and the right to mount. Whatever happens, it is unmounted and removed; what a killed
/// test run left behind, the next one removes.
/// </summary>
internal sealed class LoopDisk : IDisposable
{
    private const string DirectoryPrefix = "edge-fault-disk-";
    private const int BusyPauseMs = 20;
    private const int ProbeMebibytes = 8;
    private const int NoSpace = 28;

    /// <summary>EXT4_IOC_SHUTDOWN: from here on nothing reaches the disk, as after a power cut.</summary>
    private const nuint ShutdownRequest = 0x8004_587D;

    /// <summary>EXT4_GOING_FLAGS_NOLOGFLUSH: neither data nor journal is flushed first.</summary>
    private const uint NoLogFlush = 2;

    private static readonly Lazy<string?> Obstacle = new(FindObstacle);

    private readonly string _directory;
    private readonly string _image;
    private bool _isMounted;

    private LoopDisk(int mebibytes)
    {
        _directory = Directory.CreateTempSubdirectory($"{DirectoryPrefix}{Environment.ProcessId}-").FullName;
        _image = System.IO.Path.Combine(_directory, "image");
        Path = System.IO.Path.Combine(_directory, "mount");
        AppDomain.CurrentDomain.ProcessExit += OnProcessExit;
        try
        {
            Directory.CreateDirectory(Path);
            using (var image = File.Create(_image))
            {
                image.SetLength((long)mebibytes << 20);
            }
            // No reserve for root: the tests run as root and mean the disk to be full when it is.
            SystemCommand.Run(
                "mkfs.ext4",
                "-q",
                "-F",
                "-m",
                "0",
                "-b",
                "4096",
                "-E",
                "lazy_itable_init=0,lazy_journal_init=0",
                _image
            );
            Mount();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Where the disk is mounted.</summary>
    public string Path { get; }

    private string Ballast => System.IO.Path.Combine(Path, "ballast");

    /// <summary>Makes a disk, or skips the test and says why it cannot be made here.</summary>
    public static LoopDisk CreateOrSkip(int mebibytes)
    {
        Assert.SkipWhen(Obstacle.Value is not null, $"needs a loop-mounted ext4: {Obstacle.Value}");
        return new LoopDisk(mebibytes);
    }

    /// <summary>
    /// Loses everything that was not synced. Until <see cref="PowerOn"/> every access fails with an I/O error.
    /// </summary>
    public void CutPower()
    {
        var directory = Open(Path, 0);
        if (directory < 0)
        {
            throw new IOException($"open {Path}: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        try
        {
            var flags = NoLogFlush;
            if (Control(directory, ShutdownRequest, ref flags) != 0)
            {
                throw new IOException($"shutdown of {Path}: {Marshal.GetLastPInvokeErrorMessage()}");
            }
        }
        finally
        {
            _ = Close(directory);
        }
    }

    /// <summary>Mounts the disk again; nobody may be using it.</summary>
    public void PowerOn()
    {
        Unmount();
        Mount();
    }

    /// <summary>Takes all free blocks.</summary>
    public void FillUp()
    {
        using var ballast = new FileStream(Ballast, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        // Ever smaller pieces, until not even one block is left.
        for (var piece = 1 << 20; piece >= 4_096;)
        {
            try
            {
                ballast.Write(new byte[piece]);
                ballast.Flush(flushToDisk: true);
            }
            catch (IOException e) when ((e.HResult & 0xFFFF) == NoSpace)
            {
                piece /= 2;
            }
        }
    }

    /// <summary>Gives back what <see cref="FillUp"/> took.</summary>
    public void MakeRoom() => File.Delete(Ballast);

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnProcessExit;
        Remove(_directory);
    }

    private void OnProcessExit(object? sender, EventArgs arguments) => Remove(_directory);

    private void Mount()
    {
        SystemCommand.Run("mount", "-o", "loop,noatime", _image, Path);
        _isMounted = true;
    }

    private void Unmount()
    {
        if (!_isMounted)
        {
            return;
        }

        // A process that was killed may hold its files until it gets the processor once more.
        var clock = Stopwatch.StartNew();
        var problem = SystemCommand.TryRun("umount", Path);
        while (problem is not null && clock.Elapsed < Wait.Limit)
        {
            Thread.Sleep(BusyPauseMs);
            problem = SystemCommand.TryRun("umount", Path);
        }
        if (problem is not null)
        {
            throw new IOException(problem);
        }

        _isMounted = false;
    }

    private static string? FindObstacle()
    {
        if (!OperatingSystem.IsLinux())
        {
            return "this is not Linux";
        }

        RemoveLeftovers();
        try
        {
            using var probe = new LoopDisk(ProbeMebibytes);
            probe.CutPower();
            probe.PowerOn();
            return null;
        }
        catch (IOException e)
        {
            return e.Message;
        }
    }

    /// <summary>Removes the disks of test runs that were killed.</summary>
    private static void RemoveLeftovers()
    {
        foreach (var directory in Directory.GetDirectories(System.IO.Path.GetTempPath(), DirectoryPrefix + "*"))
        {
            var owner = System.IO.Path.GetFileName(directory)[DirectoryPrefix.Length..].Split('-')[0];
            var isKnown = int.TryParse(owner, NumberStyles.None, CultureInfo.InvariantCulture, out var pid);
            if (isKnown && !Directory.Exists($"/proc/{pid}"))
            {
                Remove(directory);
            }
        }
    }

    private static void Remove(string directory)
    {
        var mount = System.IO.Path.Combine(directory, "mount");
        // Lazily, so that a process which still has a file open there cannot keep the loop device.
        if (File.ReadLines("/proc/self/mounts").Any(line => line.Split(' ')[1] == mount))
        {
            SystemCommand.TryRun("umount", "-l", mount);
        }

        if (!Directory.Exists(directory))
        {
            return;
        }

        try
        {
            if (Directory.Exists(mount))
            {
                Directory.Delete(mount);
            }

            Directory.Delete(directory, recursive: true);
        }
        catch (IOException)
        {
            // Still mounted and in use: never delete into it. The next run tries again.
            Console.Error.WriteLine($"{directory} could not be removed");
        }
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "close", SetLastError = true)]
    private static extern int Close(int descriptor);

    [DllImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static extern int Control(int descriptor, nuint request, ref uint argument);
}
