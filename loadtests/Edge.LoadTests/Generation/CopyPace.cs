namespace Edge.LoadTests.Generation;

/// <summary>
/// Holds the copies of a closed model, which ask as fast as they are answered, to a rate. Times are nanoseconds since
/// the start of the run. For one thread.
/// </summary>
/// <param name="rateMax">Requests a second, above 0.</param>
internal sealed class CopyPace(double rateMax)
{
    // What was not sent because the loop came late may follow, and no more than that.
    private const long CatchUp = 10_000_000;

    private readonly double _between = 1e9 / rateMax;
    private double _next;

    /// <summary>When the next request may begin.</summary>
    public long Next => (long)Math.Ceiling(_next);

    /// <summary>Whether a request may begin now; if so, it has.</summary>
    public bool MayBegin(long now)
    {
        if (now < _next)
        {
            return false;
        }

        _next = Math.Max(_next, now - CatchUp) + _between;
        return true;
    }
}
