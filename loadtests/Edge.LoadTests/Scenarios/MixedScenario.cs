using Edge.LoadTests.Simulations;

namespace Edge.LoadTests.Scenarios;

/// <summary>Everything that an installation is asked, in one stream: parts of other scenarios by weight.</summary>
internal class MixedScenario : Scenario
{
    private readonly (int Weight, Scenario Scenario)[] _parts;
    private readonly int _weights;

    public MixedScenario(Traffic traffic)
    {
        _parts =
        [
            (50, new PixelScenario(traffic)),
            (20, new ClickScenario(traffic)),
            (10, new ResolveScenario(traffic)),
            (8, new BeaconScenario(traffic)),
            (10, new TrackScenario(traffic)),
            (2, new BulkScenario(traffic)),
        ];
        _weights = _parts.Sum(static part => part.Weight);
    }

    public override string Name => "mixed";

    public override IReadOnlyList<LoadRequest> Samples => [.. _parts.SelectMany(static part => part.Scenario.Samples)];

    public override LoadRequest Next(Random random, TimeSpan elapsed)
    {
        var draw = random.Next(_weights);
        foreach (var (weight, scenario) in _parts)
        {
            if ((draw -= weight) < 0)
            {
                return scenario.Next(random, elapsed);
            }
        }

        throw new InvalidOperationException("the draw is below the sum of the weights");
    }
}

/// <summary>The mixed stream for long: memory, open files and threads of the server must stay what they are.</summary>
internal sealed class SoakScenario(Traffic traffic) : MixedScenario(traffic)
{
    public const string ScenarioName = "soak";

    /// <summary>
    /// Settings of a private service: what remembers ids and units, and grows by design until it is full, is full
    /// within a minute, so that what grows later is a leak.
    /// </summary>
    public static readonly IReadOnlyDictionary<string, string> Settings = new Dictionary<string, string>
    {
        ["EDGE__INGEST__DUPLICATEMEMORYBYTES"] = "786432",
        ["EDGE__TALLY__UNITSMAX"] = "5000",
    };

    public override string Name => ScenarioName;

    public override IReadOnlyList<string> Thresholds =>
        [.. base.Thresholds, "memory-growth<=10%", "files-growth<=10%", "threads-growth<=10%"];
}

/// <summary>
/// The mixed stream while the sink is off for the middle third of the run: nothing is lost, and the backlog drains
/// afterwards.
/// </summary>
internal sealed class OutageScenario(Traffic traffic) : MixedScenario(traffic)
{
    public const string ScenarioName = "outage";

    public override string Name => ScenarioName;

    /// <summary>When the sink is switched off, and on again.</summary>
    public static (TimeSpan Off, TimeSpan On) Switches(TimeSpan time) => (time / 3, time * 2 / 3);

    public override LoadSimulation[] Simulations(double rate, TimeSpan time) => [new Inject(rate, time)];
}
