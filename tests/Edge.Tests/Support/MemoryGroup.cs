using System.Globalization;
using Xunit;

namespace Edge.Tests.Support;

/// <summary>
/// A memory control group (cgroup version 1 or 2) below the one of the tests, removed afterwards: what a container with
/// a memory limit is. Skips the test where none can be made.
/// </summary>
internal sealed class MemoryGroup : IDisposable
{
    private readonly string _path;

    private MemoryGroup(string path) => _path = path;

    /// <summary>Command of a shell that joins the group.</summary>
    public string Join => $"echo $$ > {_path}/cgroup.procs";

    public static MemoryGroup Create(long bytes)
    {
        try
        {
            var (root, file) = Find();
            var group = new MemoryGroup(Path.Combine(root, $"edge-test-{Guid.NewGuid():N}"));
            Directory.CreateDirectory(group._path);
            File.WriteAllText(Path.Combine(group._path, file), bytes.ToString(CultureInfo.InvariantCulture));
            return group;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Assert.Skip($"needs the right to make a memory control group: {e.Message}");
            throw;
        }
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(_path);
        }
        catch (IOException)
        {
            // The kernel has not let go of the last process yet; an empty group does no harm.
        }
    }

    private static (string Root, string File) Find()
    {
        foreach (var line in File.ReadAllLines("/proc/self/cgroup"))
        {
            var parts = line.Split(':', 3);
            if (parts[1].Split(',').Contains("memory"))
            {
                return ("/sys/fs/cgroup/memory" + parts[2], "memory.limit_in_bytes");
            }
        }

        var own = File.ReadAllLines("/proc/self/cgroup").Single(line => line.StartsWith("0::", StringComparison.Ordinal));
        return ("/sys/fs/cgroup" + own[3..], "memory.max");
    }
}
