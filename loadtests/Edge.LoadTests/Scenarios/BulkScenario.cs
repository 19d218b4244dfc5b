namespace Edge.LoadTests.Scenarios;

/// <summary>Batches of 100 events of a server, every event acknowledged by its id.</summary>
internal sealed class BulkScenario(Traffic traffic) : SingleStepScenario(Make(traffic))
{
    private const int Batch = 100;

    // Bodies are long, and differ by their ids already.
    private const int Bodies = 16;
    private static readonly string[] Names = ["signup", "purchase", "page_viewed", "plan_changed"];

    public override string Name => "bulk";

    private static LoadRequest[] Make(Traffic traffic)
    {
        var key = traffic.Key("artie_");
        var check = Checks.Ids(200, traffic.IdPrefix, Batch);
        return Pool(
            visitor => new LoadRequest
            {
                Step = "bulk",
                Method = "POST",
                Target = "/v1/bulk-track",
                Headers = traffic.Headers(
                    "shop-backend/3.2",
                    visitor,
                    ("Authorization", $"Bearer {key}"),
                    ("Content-Type", "application/json")
                ),
                Body = $"[{string.Join(',', Enumerable.Range(0, Batch).Select(i => Event(traffic, visitor + i)))}]",
                Events = Batch,
                HasEventIds = true,
                Check = check,
            },
            Bodies
        );
    }

    private static string Event(Traffic traffic, int number) =>
        $$$"""{"messageId":"{{{traffic.IdPrefix}}}{{{LoadRequest.Number}}}","event":"{{{Names[number % Names.Length]}}}","timestamp":"{{{Traffic.Now()}}}","properties":{"plan":"basic","freeTrial":true,"seats":{{{number}}}}}""";
}
