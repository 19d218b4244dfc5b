namespace Edge.Telemetry;

/// <summary>
/// Counters incremented by many cores: each has a cache line of its own, which avoids false sharing. Thread safe;
/// counting is one atomic addition.
/// </summary>
/// <param name="count">Number of counters.</param>
internal sealed class PaddedCounters(int count)
{
    /// <summary>Longs per counter: one cache line of 64 bytes.</summary>
    private const int Stride = 8;

    // The first cache line stays empty, so that no counter shares one with the array's header.
    private readonly long[] _counts = new long[(count + 1) * Stride];

    /// <summary>The value of a counter.</summary>
    public long this[int index] => Volatile.Read(ref _counts[(index + 1) * Stride]);

    public void Increment(int index) => Interlocked.Increment(ref _counts[(index + 1) * Stride]);

    public void Add(int index, long value) => Interlocked.Add(ref _counts[(index + 1) * Stride], value);
}
