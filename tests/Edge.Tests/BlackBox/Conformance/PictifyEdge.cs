namespace Edge.Tests.BlackBox.Conformance;

/// <summary>The same with an experiment in every state and of every type; slugs say what they are.</summary>
public sealed class PictifyEdge : ConformanceEdge
{
    /// <summary>Uid by slug.</summary>
    internal Dictionary<string, string> Uids { get; } = new(StringComparer.Ordinal);

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        foreach (
            var (slug, state) in new[]
            {
                ("running", "start"),
                ("drafted", ""),
                ("paused", "start pause"),
                ("completed", "start complete"),
                ("deleted", ""),
            }
        )
        {
            Uids[slug] = await CreateExperimentAsync(AbTest(slug), state);
        }

        Uids["foreign"] = await CreateExperimentAsync(AbTest("foreign"), "start", "pictify-other");
        Uids["smart"] = await CreateExperimentAsync(
            """
            {"name":"Smart","slug":"smart","type":"smart_link","variants":[{"id":"desk","weight":10000,"isDefault":true},
             {"id":"phone","weight":0,"conditions":{"type":"rule","property":"device.type","ruleOperator":"equals","value":"mobile"}}]}
            """
        );
        Uids["scheduled"] = await CreateExperimentAsync(
            """
            {"name":"Timed","slug":"scheduled","type":"scheduled","variants":[{"id":"always","weight":5000,"isDefault":true},
             {"id":"now","weight":5000,"schedule":{"startAt":"2020-01-01T00:00:00Z"}}]}
            """
        );
        var deleted = await SendAsync("DELETE", $"/experiments/api/{Uids["deleted"]}", "pictify", [], "");
        if (deleted.Status != 200)
        {
            throw new InvalidOperationException(deleted.ToString());
        }
    }

    private static string AbTest(string slug) =>
        $$"""
            {"name":"Test","slug":"{{slug}}","type":"ab_test","variants":[{"id":"a","weight":5000},{"id":"b","weight":5000}],
             "goalConfig":{"type":"click_through","destinationUrl":"https://example.com/"} }
            """;
}
