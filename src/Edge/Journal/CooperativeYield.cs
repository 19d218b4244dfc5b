using System.Diagnostics;

namespace Edge.Journal;

/// <summary>
/// Yields the core between the pieces of long background work, so that waiting requests run. The scheduler preempts a
/// busy thread only after a slice of about 3 ms, which adds to the latency of the slowest requests; work that yields
/// every 20 to 100 us does not. When no thread is waiting this is one cheap call. Any thread.
/// </summary>
internal static class CooperativeYield
{
    /// <summary>Bytes of a body that are compressed or written in one piece.</summary>
    public const int PieceBytes = 8 << 10;

    private const int EventsPerPiece = 32;

    /// <summary>
    /// How long requests on the same core may have to wait: 200 microseconds. A change of threads costs two of them, so
    /// pieces that take less share a turn.
    /// </summary>
    private static readonly long TurnTicks = Stopwatch.Frequency / 5_000;

    [ThreadStatic]
    private static long _yieldedAt;

    /// <summary>To be called after every event of a loop; yields after each piece of them.</summary>
    public static void AfterEvent(int index)
    {
        if (index % EventsPerPiece == 0)
        {
            AfterPiece();
        }
    }

    /// <summary>To be called after a piece of the work; yields when the thread has worked long enough.</summary>
    public static void AfterPiece()
    {
        var now = Stopwatch.GetTimestamp();
        if (now - _yieldedAt >= TurnTicks)
        {
            Thread.Yield();
            _yieldedAt = Stopwatch.GetTimestamp();
        }
    }
}
