namespace Edge.LoadTests.Scenarios;

/// <summary>Single events of servers, each acknowledged by its id.</summary>
internal sealed class TrackScenario(Traffic traffic) : SingleStepScenario(Make(traffic))
{
    public override string Name => "track";

    private static LoadRequest[] Make(Traffic traffic)
    {
        var key = traffic.Key("sk_");
        var check = Checks.Ids(202, traffic.IdPrefix, 1);
        return Pool(visitor => new LoadRequest
        {
            Step = "track",
            Method = "POST",
            Target = "/v1/track",
            Headers = traffic.Headers(
                "shop-backend/3.2",
                visitor,
                ("Authorization", $"Bearer {key}"),
                ("Content-Type", "application/json")
            ),
            Body =
                $$$"""{"event":"purchase","event_id":"{{{traffic.IdPrefix}}}{{{LoadRequest.Number}}}","timestamp":"{{{Traffic.Now()}}}","user_id":"u_{{{visitor}}}","url":"https://shop.example/thanks?utm_source=letter&utm_medium=email","properties":{"amount_cents":4900,"currency":"usd"}}""",
            Events = 1,
            HasEventIds = true,
            Check = check,
        });
    }
}
