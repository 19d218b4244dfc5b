namespace Edge.LoadTests.Scenarios;

/// <summary>People who look at their experiments: list, summaries, one experiment, its results.</summary>
internal sealed class ManagementScenario(Traffic traffic) : Scenario
{
    private readonly LoadRequest[] _requests = Make(traffic);

    public override string Name => "management";

    public override IReadOnlyList<LoadRequest> Samples => _requests;

    public override LoadRequest Next(Random random, TimeSpan elapsed) => _requests[random.Next(_requests.Length)];

    private static LoadRequest[] Make(Traffic traffic)
    {
        var key = traffic.Key("mk_");
        const string Root = "/experiments/api";
        return
        [
            Get("list", Root, "\"experiments\":["),
            Get("summaries", $"{Root}/summaries", "\"experiments\":["),
            Get("experiment", $"{Root}/{traffic.Experiment}", $"\"slug\":\"{traffic.Experiment}\""),
            Get("results", $"{Root}/{traffic.Experiment}/results", "\"recommendation\":"),
        ];

        LoadRequest Get(string step, string target, string contains) =>
            new()
            {
                Step = step,
                Target = target,
                Headers = traffic.Headers(
                    Visitors.Browser(step.Length),
                    step.Length,
                    ("Authorization", $"Bearer {key}")
                ),
                Check = Checks.Contains(200, contains),
            };
    }
}
