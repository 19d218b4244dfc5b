using Edge.LoadTests.Simulations;

namespace Edge.LoadTests.Scenarios;

/// <summary>
/// What is sent: requests, each of a step, and how their answers are judged. Knows nothing of connections, threads or
/// reports, so that every generator can drive it. <see cref="Next"/> may be called by several threads at once.
/// </summary>
internal abstract class Scenario
{
    private protected const int PoolSize = 2_048;

    public abstract string Name { get; }

    /// <summary>One request for each step: what a run tries before it begins.</summary>
    public abstract IReadOnlyList<LoadRequest> Samples { get; }

    /// <summary>What must hold at the end unless the caller says otherwise.</summary>
    public virtual IReadOnlyList<string> Thresholds => ["p99<=100ms", "errors<=0.1%", "lost<=0", "rate>=99%"];

    /// <summary>The load when the caller names a rate and a time.</summary>
    public virtual LoadSimulation[] Simulations(double rate, TimeSpan time) => [new Inject(rate, time)];

    /// <summary>The next request.</summary>
    /// <param name="random">The caller's own.</param>
    /// <param name="elapsed">Time since the start of the run at which the request is meant to begin.</param>
    public abstract LoadRequest Next(Random random, TimeSpan elapsed);

    private protected static LoadRequest[] Pool(Func<int, LoadRequest> make, int size = PoolSize) =>
        [.. Enumerable.Range(0, size).Select(make)];
}

/// <summary>A scenario of one step: any of its requests, evenly.</summary>
internal abstract class SingleStepScenario(LoadRequest[] pool) : Scenario
{
    public override IReadOnlyList<LoadRequest> Samples => [pool[0]];

    public override LoadRequest Next(Random random, TimeSpan elapsed) => pool[random.Next(pool.Length)];
}
