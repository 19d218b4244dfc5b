namespace Edge.LoadTests.Scenarios;

/// <summary>Readers who follow a link.</summary>
internal sealed class ClickScenario(Traffic traffic)
    : SingleStepScenario(Pool(visitor => Follow(traffic, visitor, Visitors.Browser(visitor))))
{
    public override string Name => "click";

    /// <summary>A click; without <paramref name="unit"/> by a reader of its own.</summary>
    public static LoadRequest Follow(
        Traffic traffic,
        int visitor,
        string userAgent,
        string? unit = null,
        string step = "click"
    ) =>
        new()
        {
            Step = step,
            Target = $"/s/{traffic.Experiment}/click?u={unit ?? $"{traffic.Run}-{LoadRequest.Number}"}",
            Headers = traffic.Headers(userAgent, visitor, ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")),
            Events = 1,
            Check = Checks.Redirect(traffic.Destinations),
        };
}
