using Edge.LoadTests.Simulations;

namespace Edge.LoadTests.Scenarios;

/// <summary>
/// The minutes after a mail has been sent. Opens fall from the peak so that 20 % of them come in the first two minutes:
/// half by mail programs, some of them again and again, half by the proxies of mail providers. Gateways follow every
/// link 20 to 60 seconds after the send. A few mails went out with their merge tag unfilled.
/// </summary>
internal sealed class CampaignScenario(Traffic traffic) : Scenario
{
    // 1 - exp(-2 min / T) = 0.2.
    private static readonly TimeSpan TimeConstant = TimeSpan.FromMinutes(-2 / Math.Log(0.8));
    private static readonly TimeSpan GatewaysFrom = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan GatewaysUntil = TimeSpan.FromSeconds(60);

    private readonly LoadRequest[] _opens = Pool(i =>
        PixelScenario.Open(traffic, i, i % 2 == 0 ? Visitors.Proxy(i / 2) : Visitors.MailProgram(i / 2), step: "open")
    );

    // The same readers each time.
    private readonly LoadRequest[] _repeats = Pool(i =>
        PixelScenario.Open(traffic, i, Visitors.MailProgram(i), $"{traffic.Run}-again-{i}", "repeat-open")
    );

    private readonly LoadRequest[] _clicks = Pool(i => ClickScenario.Follow(traffic, i, Visitors.Browser(i)));

    private readonly LoadRequest[] _gateways = Pool(i =>
        ClickScenario.Follow(traffic, i, Visitors.Gateway(i), step: "gateway-click")
    );

    private readonly LoadRequest[] _unfilled =
    [
        PixelScenario.Open(traffic, 0, Visitors.MailProgram(0), "*%7CUNIQID%7C*", "unfilled-open"),
        PixelScenario.Open(traffic, 1, Visitors.MailProgram(1), "%7B%7Bcontact.ID%7D%7D", "unfilled-open"),
    ];

    public override string Name => "campaign";

    public override IReadOnlyList<LoadRequest> Samples =>
        [_opens[0], _repeats[0], _clicks[0], _gateways[0], _unfilled[0]];

    public override LoadSimulation[] Simulations(double rate, TimeSpan time) =>
        [new InjectDecaying(rate, TimeConstant, time)];

    public override LoadRequest Next(Random random, TimeSpan elapsed)
    {
        var isGatewayTime = elapsed >= GatewaysFrom && elapsed < GatewaysUntil;
        var pool = (random.NextDouble() * 100) switch
        {
            < 0.5 => _unfilled,
            < 15 => _repeats,
            < 18 => _clicks,
            < 43 when isGatewayTime => _gateways,
            _ => _opens,
        };
        return pool[random.Next(pool.Length)];
    }
}
