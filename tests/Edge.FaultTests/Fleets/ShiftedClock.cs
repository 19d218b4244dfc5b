using System.Buffers.Binary;
using Edge.FaultTests.Disk;
using Edge.Tests.Support;
using Xunit;

namespace Edge.FaultTests.Fleets;

/// <summary>
/// The wall clock of one process, moved while it runs; clocks that measure time go on as they do. A library compiled by
/// gcc and preloaded into the process does it: namespaces of time leave the wall clock alone.
/// </summary>
internal sealed class ShiftedClock
{
    private static readonly Lazy<string> Library = new(Compile);

    private readonly string _file;

    /// <param name="directory">Where the shift is kept.</param>
    public ShiftedClock(string directory)
    {
        _file = Path.Combine(directory, "clock");
        Shift = TimeSpan.Zero;
    }

    /// <summary>What a process needs in its environment to have this clock.</summary>
    public (string Name, string Value)[] Environment => [("LD_PRELOAD", Library.Value), ("EDGE_TEST_CLOCK", _file)];

    /// <summary>How far the clock is ahead, from now on.</summary>
    public TimeSpan Shift
    {
        get;
        set
        {
            field = value;
            var bytes = new byte[sizeof(long)];
            BinaryPrimitives.WriteInt64LittleEndian(bytes, value.Ticks * TimeSpan.NanosecondsPerTick);
            // In place: the process has mapped it.
            using var file = new FileStream(_file, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
            file.Write(bytes);
        }
    }

    private static string Compile()
    {
        var source = Path.Combine(Repository.Root, "tests", "Edge.FaultTests", "Fleets", "clock.c");
        var directory = Path.Combine(Repository.Root, "artifacts", "clock");
        Directory.CreateDirectory(directory);
        // A name of its own: another test process may have loaded the one before.
        var unfinished = Path.Combine(directory, $"{System.Environment.ProcessId}.so");
        var problem = SystemCommand.TryRun("gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", unfinished, source);
        Assert.SkipWhen(problem is not null, $"needs gcc for a clock that can be moved: {problem}");
        var library = Path.Combine(directory, "clock.so");
        File.Move(unfinished, library, overwrite: true);
        return library;
    }
}
