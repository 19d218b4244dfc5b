using Edge.Formats;

namespace Edge.LoadTests.Scenarios;

/// <summary>All scenarios by name.</summary>
internal static class ScenarioCatalog
{
    private static readonly Dictionary<string, Func<Traffic, Scenario>> All = new(StringComparer.Ordinal)
    {
        ["pixel"] = static traffic => new PixelScenario(traffic),
        ["click"] = static traffic => new ClickScenario(traffic),
        ["resolve"] = static traffic => new ResolveScenario(traffic),
        ["beacon"] = static traffic => new BeaconScenario(traffic),
        ["track"] = static traffic => new TrackScenario(traffic),
        ["bulk"] = static traffic => new BulkScenario(traffic),
        ["management"] = static traffic => new ManagementScenario(traffic),
        ["campaign"] = static traffic => new CampaignScenario(traffic),
        ["page"] = static traffic => new PageScenario(traffic),
        ["mixed"] = static traffic => new MixedScenario(traffic),
        [SoakScenario.ScenarioName] = static traffic => new SoakScenario(traffic),
        ["outage"] = static traffic => new OutageScenario(traffic),
    };

    public static IEnumerable<string> Names => All.Keys;

    /// <exception cref="UsageException">There is none of that name.</exception>
    public static Func<Traffic, Scenario> Find(string name) =>
        All.TryGetValue(name, out var scenario)
            ? scenario
            : throw new UsageException(
                $"unknown scenario '{name}', did you mean {NearestName.Of(All.Keys, name)}? There are {string.Join(", ", All.Keys)}"
            );
}
