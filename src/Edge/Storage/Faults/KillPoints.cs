using System.Globalization;
using System.Runtime.InteropServices;

namespace Edge.Storage.Faults;

/// <summary>
/// Ends the process the hard way at a named place: <c>EDGE_KILL_AT=after-enqueue:5</c> kills it the fifth time it gets
/// there. Exists in the fault build only.
/// </summary>
internal static partial class KillPoints
{
    private const int Kill = 9;

    private static readonly string? Name;
    private static readonly long Nth;
    private static long _reached;

    static KillPoints()
    {
        var setting = Environment.GetEnvironmentVariable("EDGE_KILL_AT");
        if (string.IsNullOrEmpty(setting))
        {
            return;
        }

        var parts = setting.Split(':');
        Name = parts[0];
        Nth = parts.Length > 1 ? long.Parse(parts[1], CultureInfo.InvariantCulture) : 1;
    }

    public static void Reach(string name)
    {
        if (name == Name && Interlocked.Increment(ref _reached) == Nth)
        {
            KillNow();
        }
    }

    public static void KillNow() => _ = NativeKill(Environment.ProcessId, Kill);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int NativeKill(int process, int signal);
}
