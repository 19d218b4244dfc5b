namespace Edge.LoadTests.Simulations;

/// <summary>
/// The stretches of a run one after the other, as intended times from its start, in nanoseconds. Immutable; several
/// threads share one plan, each taking every n-th arrival and its share of the copies.
/// </summary>
internal sealed class LoadPlan
{
    private const double NanosecondsPerSecond = 1e9;
    private readonly LoadSimulation[] _simulations;
    private readonly long[] _starts;

    public LoadPlan(IEnumerable<LoadSimulation> simulations)
    {
        _simulations = [.. simulations];
        _starts = new long[_simulations.Length + 1];
        for (var i = 0; i < _simulations.Length; i++)
        {
            _starts[i + 1] = _starts[i] + (long)(_simulations[i].During.TotalSeconds * NanosecondsPerSecond);
        }
    }

    /// <summary>Length of the run, nanoseconds.</summary>
    public long Length => _starts[^1];

    public double PeakRate => _simulations.Max(static s => s.PeakRate);

    /// <summary>Whether requests begin at intended times in any stretch.</summary>
    public bool IsOpen => _simulations.Any(static s => s.Arrivals > 0);

    /// <summary>Most copies at once.</summary>
    public int CopiesMax => _simulations.Max(static s => Math.Max(s.CopiesAt(0), s.CopiesAt(s.During.TotalSeconds)));

    public IReadOnlyList<LoadSimulation> Simulations => _simulations;

    /// <summary>The intended times of one of several threads, in order.</summary>
    /// <param name="thread">From 0.</param>
    /// <param name="threads">How many share the plan.</param>
    public IEnumerable<long> Arrivals(int thread = 0, int threads = 1)
    {
        // Threads take turns over the whole run, not in each stretch, so that none gets more than one request more.
        var number = 0L;
        for (var i = 0; i < _simulations.Length; i++)
        {
            var count = (long)Math.Ceiling(_simulations[i].Arrivals - 1e-9);
            for (var index = 0L; index < count; index++)
            {
                if (number++ % threads == thread)
                {
                    yield return _starts[i] + (long)(_simulations[i].ArrivalAt(index) * NanosecondsPerSecond);
                }
            }
        }
    }

    /// <summary>Copies that one of several threads keeps busy at a time after the start.</summary>
    public int CopiesAt(long nanoseconds, int thread = 0, int threads = 1)
    {
        if (nanoseconds < 0 || nanoseconds >= Length)
        {
            return 0;
        }

        var found = Array.BinarySearch(_starts, nanoseconds);
        var stretch = found >= 0 ? found : ~found - 1;
        var copies = _simulations[stretch].CopiesAt((nanoseconds - _starts[stretch]) / NanosecondsPerSecond);
        return (copies / threads) + (thread < copies % threads ? 1 : 0);
    }
}
