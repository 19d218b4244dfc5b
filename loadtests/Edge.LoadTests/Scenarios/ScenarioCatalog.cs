using Edge.Formats;

namespace Edge.LoadTests.Scenarios;

/// <summary>All scenarios by name.</summary>
internal static class ScenarioCatalog
{
    private static readonly string[] OfEverySender = ["wk_", "sk_", "artie_"];

    /// <summary>How a scenario is made, and the prefixes of the keys that it needs.</summary>
    private static readonly Dictionary<string, (string[] Keys, Func<Traffic, Scenario> Make)> All = new(
        StringComparer.Ordinal
    )
    {
        ["pixel"] = ([], static traffic => new PixelScenario(traffic)),
        ["click"] = ([], static traffic => new ClickScenario(traffic)),
        ["resolve"] = ([], static traffic => new ResolveScenario(traffic)),
        ["beacon"] = (["wk_"], static traffic => new BeaconScenario(traffic)),
        ["track"] = (["sk_"], static traffic => new TrackScenario(traffic)),
        ["bulk"] = (["artie_"], static traffic => new BulkScenario(traffic)),
        ["management"] = (["mk_"], static traffic => new ManagementScenario(traffic)),
        ["campaign"] = ([], static traffic => new CampaignScenario(traffic)),
        ["page"] = (["wk_"], static traffic => new PageScenario(traffic)),
        ["mixed"] = (OfEverySender, static traffic => new MixedScenario(traffic)),
        [SoakScenario.ScenarioName] = (OfEverySender, static traffic => new SoakScenario(traffic)),
        [OutageScenario.ScenarioName] = (OfEverySender, static traffic => new OutageScenario(traffic)),
    };

    /// <summary>The kinds that edge keys create calls them.</summary>
    private static readonly Dictionary<string, string> KindsOfKeys = new(StringComparer.Ordinal)
    {
        ["wk_"] = "write",
        ["sk_"] = "millimetric-sk",
        ["artie_"] = "artie",
        ["mk_"] = "pictify",
    };

    public static IEnumerable<string> Names => All.Keys;

    /// <returns>Makes the scenario; refuses to when keys are missing.</returns>
    /// <exception cref="UsageException">There is none of that name.</exception>
    public static Func<Traffic, Scenario> Find(string name) =>
        All.TryGetValue(name, out var scenario)
            ? traffic =>
            {
                CheckKeys(name, scenario.Keys, traffic.Keys);
                return scenario.Make(traffic);
            }
    : throw new UsageException(
                $"unknown scenario '{name}', did you mean {NearestName.Of(All.Keys, name)}? There are {string.Join(", ", All.Keys)}"
            );

    private static void CheckKeys(string scenario, string[] prefixes, IReadOnlyCollection<string> keys)
    {
        string[] missing =
        [
            .. prefixes
                .Where(prefix => !keys.Any(key => key.StartsWith(prefix, StringComparison.Ordinal)))
                .Select(static prefix => $"--key {prefix}... (edge keys create --kind {KindsOfKeys[prefix]} issues it)"),
        ];
        if (missing.Length > 0)
        {
            throw new UsageException(
                $"scenario {scenario} needs {(missing.Length == 1 ? "a key" : "keys")}: {string.Join(", ", missing)}"
            );
        }
    }
}
