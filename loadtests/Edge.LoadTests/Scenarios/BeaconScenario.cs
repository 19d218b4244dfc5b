namespace Edge.LoadTests.Scenarios;

/// <summary>Beacons of pages that are left: two views in one body of plain text.</summary>
internal sealed class BeaconScenario(Traffic traffic) : SingleStepScenario(Make(traffic))
{
    public override string Name => "beacon";

    /// <summary>Events of an experiment as a page sends them.</summary>
    public static LoadRequest Send(
        Traffic traffic,
        string key,
        string step,
        int visitor,
        string unit,
        params string[] events
    ) =>
        new()
        {
            Step = step,
            Method = "POST",
            Target = $"/s/events?u={unit}",
            Headers = traffic.Headers(
                Visitors.Browser(visitor),
                visitor,
                ("Content-Type", "text/plain;charset=UTF-8"),
                ("Origin", "https://shop.example")
            ),
            Body =
                $"[{string.Join(',', events.Select(type =>
                $$"""{"event":"{{type}}","experiment":"{{traffic.Experiment}}","channel":"web","writeKey":"{{key}}"}"""))}]",
            Events = events.Length,
            Check = Checks.Contains(200, $"\"processed\":{events.Length}"),
        };

    private static LoadRequest[] Make(Traffic traffic)
    {
        var key = traffic.Key("wk_");
        return Pool(visitor =>
            Send(traffic, key, "beacon", visitor, $"{traffic.Run}-{LoadRequest.Number}", "view", "view")
        );
    }
}
