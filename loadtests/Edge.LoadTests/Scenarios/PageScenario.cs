namespace Edge.LoadTests.Scenarios;

/// <summary>A landing page: which variant, then its view; every tenth visitor converts.</summary>
internal sealed class PageScenario(Traffic traffic) : Scenario
{
    private readonly LoadRequest[] _resolves = Pool(i => ResolveScenario.Ask(traffic, i, Unit(traffic, i)));
    private readonly LoadRequest[] _views = Make(traffic, "view");
    private readonly LoadRequest[] _conversions = Make(traffic, "conversion");

    public override string Name => "page";

    public override IReadOnlyList<LoadRequest> Samples => [_resolves[0], _views[0], _conversions[0]];

    /// <summary>Steps of different visitors are mixed; of ten who ask and see, one converts.</summary>
    public override LoadRequest Next(Random random, TimeSpan elapsed)
    {
        var pool = random.Next(21) switch
        {
            < 10 => _resolves,
            < 20 => _views,
            _ => _conversions,
        };
        return pool[random.Next(pool.Length)];
    }

    private static string Unit(Traffic traffic, int visitor) => $"{traffic.Run}-page-{visitor}";

    private static LoadRequest[] Make(Traffic traffic, string type)
    {
        var key = traffic.Key("wk_");
        return Pool(i => BeaconScenario.Send(traffic, key, type, i, Unit(traffic, i), type));
    }
}
