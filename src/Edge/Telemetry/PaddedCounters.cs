namespace Edge.Telemetry;

/// <summary>
/// Counters that many cores count at once: each has a cache line of its own, so that they do not slow one another down.
/// Thread safe; a count is one atomic addition.
/// </summary>
/// <param name="count">How many counters there are.</param>
internal sealed class PaddedCounters(int count)
{
    /// <summary>Longs per counter: one cache line of 64 bytes.</summary>
    private const int Stride = 8;

    // The first line stays empty, so that no counter shares one with the array's header.
    private readonly long[] _counts = new long[(count + 1) * Stride];

    /// <summary>What a counter has come to.</summary>
    public long this[int index] => Volatile.Read(ref _counts[(index + 1) * Stride]);

    public void Increment(int index) => Interlocked.Increment(ref _counts[(index + 1) * Stride]);

    public void Add(int index, long value) => Interlocked.Add(ref _counts[(index + 1) * Stride], value);
}
