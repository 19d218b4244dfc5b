using System.Diagnostics;

namespace Edge.Journal.Commits;

/// <summary>
/// How long commits take, from reading the tail to the durable slot, in fixed buckets. One thread writes, any reads.
/// </summary>
internal sealed class CommitLatency
{
    /// <summary>Upper bounds in milliseconds; a last bucket holds the rest.</summary>
    public static readonly double[] BoundsMs =
    [
        0.25,
        0.5,
        1,
        2.5,
        5,
        10,
        25,
        50,
        100,
        250,
        500,
        1_000,
        2_500,
        5_000,
        10_000,
    ];

    private readonly long[] _counts = new long[BoundsMs.Length + 1];
    private double _sumMs;
    private double _lastMs;

    public void Record(long startTimestamp)
    {
        var ms = Stopwatch.GetElapsedTime(startTimestamp).TotalMilliseconds;
        var bucket = Array.BinarySearch(BoundsMs, ms);
        Interlocked.Increment(ref _counts[bucket >= 0 ? bucket : ~bucket]);
        Volatile.Write(ref _sumMs, _sumMs + ms);
        Volatile.Write(ref _lastMs, ms);
    }

    public CommitLatencySnapshot Snapshot()
    {
        var counts = new long[_counts.Length];
        for (var i = 0; i < counts.Length; i++)
        {
            counts[i] = Interlocked.Read(ref _counts[i]);
        }

        return new CommitLatencySnapshot(counts, Volatile.Read(ref _sumMs), Volatile.Read(ref _lastMs));
    }
}

/// <summary>Commit latency at one moment.</summary>
/// <param name="Counts">Commits per bucket of <see cref="CommitLatency.BoundsMs"/>, the last without bound; not
/// cumulative.</param>
/// <param name="SumMs">Milliseconds of all commits together.</param>
/// <param name="LastMs">Milliseconds of the last commit.</param>
internal sealed record CommitLatencySnapshot(long[] Counts, double SumMs, double LastMs);
