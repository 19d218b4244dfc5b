namespace Edge.Telemetry;

/// <summary>
/// How long requests took, by route, in fixed buckets. Thread safe; recording is two atomic additions and allocates
/// nothing. Each event loop has one of its own, so that they do not wait for each other's cache lines.
/// </summary>
internal sealed class RequestDurations(TimeProvider time)
{
    /// <summary>
    /// Upper bounds in seconds; a last bucket holds the rest. Few, because each is a series for every route: below one
    /// millisecond nothing has waited, up to 25 ms for a commit, beyond it for a disk, a body or a turn.
    /// </summary>
    public static readonly double[] Bounds = [0.0001, 0.001, 0.005, 0.025, 0.1, 0.25, 1, 5];

    /// <summary>Of each route: its buckets, and its sum in ticks.</summary>
    private static readonly int Stride = Bounds.Length + 2;

    private readonly long[] _bounds = Array.ConvertAll(Bounds, bound => (long)(bound * time.TimestampFrequency));

    /// <summary>A cache line more than is used, so that nothing else shares the last one.</summary>
    private readonly long[] _cells = new long[(Metrics.Routes.Length * Stride) + 8];

    /// <summary>Adds requests that all took from one timestamp to now.</summary>
    /// <param name="route">Their route.</param>
    /// <param name="since">Timestamp of their beginning.</param>
    /// <param name="requests">How many there were.</param>
    public void Record(RouteName route, long since, int requests = 1)
    {
        var ticks = time.GetTimestamp() - since;
        var bucket = 0;
        while (bucket < _bounds.Length && ticks > _bounds[bucket])
        {
            bucket++;
        }

        var first = (int)route * Stride;
        Interlocked.Add(ref _cells[first + bucket], requests);
        Interlocked.Add(ref _cells[first + Stride - 1], ticks * requests);
    }

    /// <summary>Adds what was recorded of a route to the counts of its buckets; returns the sum in seconds.</summary>
    public double AddTo(RouteName route, Span<long> counts)
    {
        var first = (int)route * Stride;
        for (var i = 0; i < counts.Length; i++)
        {
            counts[i] += Volatile.Read(ref _cells[first + i]);
        }

        return (double)Volatile.Read(ref _cells[first + Stride - 1]) / time.TimestampFrequency;
    }
}
