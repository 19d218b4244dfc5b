using System.Globalization;
using System.Runtime.InteropServices;

namespace Edge.Machine;

/// <summary>
/// Memory that only starting needed. A service at an edge point waits most of the time, in a container that is as small as it can be:
/// a third of what it holds when it has started is never looked at again.
/// </summary>
internal static partial class StartMemory
{
    private const int DontNeed = 4;

    /// <summary>
    /// Collects what starting left, and takes code and constants out of this process. The pages that are used come back by themselves,
    /// from the page cache, where they stay. Takes some ten milliseconds; a kernel that refuses changes nothing.
    /// </summary>
    public static void GiveBack()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        foreach (var (start, end) in UnchangedFileMappings())
        {
            _ = NativeAdvise(start, (nuint)(end - start), DontNeed);
        }
    }

    /// <summary>
    /// Parts of files, of the program and its libraries, that are mapped without the right to write and of which no page was ever
    /// written to (proc_pid_smaps(5)). The right alone does not tell: the runtime keeps the word that guards its stacks in a page
    /// that it made read-only when it had written it, and forgetting that page would end the process.
    /// </summary>
    private static List<(nint Start, nint End)> UnchangedFileMappings()
    {
        var mappings = new List<(nint, nint)>();
        try
        {
            (nint, nint)? mapping = null;
            foreach (var line in File.ReadLines("/proc/self/smaps"))
            {
                // "55d3fb70a000-55d3fc458000 r-xp 00020000 fe:00 11666528    /usr/bin/edge", then a line for each field of it.
                if (line.IndexOf('-') is var dash && line.IndexOf(' ') is var blank && dash > 0 && dash < blank && char.IsAsciiHexDigit(line[0]))
                {
                    mapping =
                        line.AsSpan(blank + 1).StartsWith("r") && line[blank + 2] == '-' && line.Contains(" /", StringComparison.Ordinal)
                            ? (Address(line.AsSpan(0, dash)), Address(line.AsSpan(dash + 1, blank - dash - 1)))
                            : null;
                }
                else if (mapping is { } unchanged && line.StartsWith("Anonymous:", StringComparison.Ordinal))
                {
                    if (line.AsSpan("Anonymous:".Length).Trim().SequenceEqual("0 kB"))
                    {
                        mappings.Add(unchanged);
                    }

                    mapping = null;
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }

        return mappings;
    }

    private static nint Address(ReadOnlySpan<char> text) => nint.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int NativeAdvise(nint address, nuint bytes, int advice);
}
