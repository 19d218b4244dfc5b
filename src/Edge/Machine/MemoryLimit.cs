using System.Globalization;

namespace Edge.Machine;

/// <summary>
/// How much memory this process may take: the lowest limit of its control group and those above it (cgroup version 1 or
/// 2), at most the memory of the machine. Reads small files; never throws.
/// </summary>
internal static class MemoryLimit
{
    private const string UnifiedRoot = "/sys/fs/cgroup";
    private const string MemoryRoot = "/sys/fs/cgroup/memory";

    /// <summary>The limit, bytes.</summary>
    public static long Bytes() => Math.Min(MachineBytes(), GroupBytes());

    /// <summary>The memory of the machine; the collector's view when the kernel does not say.</summary>
    private static long MachineBytes()
    {
        foreach (var line in Lines("/proc/meminfo"))
        {
            // "MemTotal:       24683044 kB"
            if (line.StartsWith("MemTotal:", StringComparison.Ordinal))
            {
                var digits = line.AsSpan("MemTotal:".Length).Trim();
                return long.TryParse(digits[..digits.IndexOf(' ')], out var kib) ? kib << 10 : ByCollector();
            }
        }

        return ByCollector();

        static long ByCollector() => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
    }

    private static long GroupBytes()
    {
        var lowest = long.MaxValue;
        foreach (var line in Lines("/proc/self/cgroup"))
        {
            // "0::/path" of version 2; "4:memory:/path" of version 1, whose hierarchy may hold several controllers.
            var parts = line.Split(':', 3);
            if (parts is ["0", "", var unified])
            {
                lowest = Math.Min(lowest, Lowest(UnifiedRoot, unified, "memory.max"));
            }
            else if (parts.Length == 3 && parts[1].Split(',').Contains("memory"))
            {
                lowest = Math.Min(lowest, Lowest(MemoryRoot, parts[2], "memory.limit_in_bytes"));
            }
        }

        return lowest;
    }

    /// <summary>
    /// The lowest limit from the group up to the root. In a container the group's path is often that of the host, of
    /// which only the root is visible here.
    /// </summary>
    private static long Lowest(string root, string path, string file)
    {
        var lowest = long.MaxValue;
        for (var group = path; ; group = Path.GetDirectoryName(group) ?? "/")
        {
            foreach (var line in Lines(root + group.TrimEnd('/') + "/" + file))
            {
                // "max" is no limit.
                if (long.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) && bytes > 0)
                {
                    lowest = Math.Min(lowest, bytes);
                }
            }

            if (group.TrimEnd('/').Length == 0)
            {
                return lowest;
            }
        }
    }

    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
