namespace Edge.LoadTests.Scenarios;

/// <summary>Pages that ask which variant to show; that counts nothing.</summary>
internal sealed class ResolveScenario(Traffic traffic)
    : SingleStepScenario(Pool(visitor => Ask(traffic, visitor, $"{traffic.Run}-{LoadRequest.Number}")))
{
    public override string Name => "resolve";

    public static LoadRequest Ask(Traffic traffic, int visitor, string unit) =>
        new()
        {
            Step = "resolve",
            Target = $"/s/{traffic.Experiment}/resolve?u={unit}",
            Headers = traffic.Headers(Visitors.Browser(visitor), visitor, ("Accept", "application/json")),
            Check = Checks.Contains(200, "\"variantId\":\""),
        };
}
