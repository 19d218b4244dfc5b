using System.Diagnostics;

namespace Edge.LoadTests.Generation;

/// <summary>The monotonic clock, in nanoseconds.</summary>
internal static class Clock
{
    /// <summary>Now, since an arbitrary beginning.</summary>
    public static long Now => Stopwatch.GetTimestamp() * (1_000_000_000 / Stopwatch.Frequency);
}
