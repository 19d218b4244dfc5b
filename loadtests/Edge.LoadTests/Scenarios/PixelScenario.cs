namespace Edge.LoadTests.Scenarios;

/// <summary>Opens of mails, each by another reader.</summary>
internal sealed class PixelScenario(Traffic traffic)
    : SingleStepScenario(Pool(visitor => Open(traffic, visitor, Visitors.MailProgram(visitor))))
{
    public override string Name => "pixel";

    /// <summary>An open; without <paramref name="unit"/> by a reader of its own.</summary>
    public static LoadRequest Open(
        Traffic traffic,
        int visitor,
        string userAgent,
        string? unit = null,
        string step = "pixel"
    ) =>
        new()
        {
            Step = step,
            Target = $"/s/{traffic.Experiment}/pixel.gif?u={unit ?? $"{traffic.Run}-{LoadRequest.Number}"}",
            Headers = traffic.Headers(userAgent, visitor, ("Accept", "image/avif,image/webp,image/*,*/*;q=0.8")),
            Events = 1,
            Check = Checks.Gif,
        };
}
