using Edge.Catalog;
using Edge.Experiments;
using Edge.Tests.Experiments;
using Xunit;

namespace Edge.Tests.Catalog;

/// <summary>The published plan table (spec 2.10) and what counts against a plan.</summary>
public class PlanTests
{
    [Theory]
    [InlineData("SelfHosted", "self-hosted", null, null, null, 20, true)]
    [InlineData("Starter", "starter", 1, 0, 0, 2, false)]
    [InlineData("Basic", "basic", 2, 1, 1, 3, false)]
    [InlineData("Standard", "standard", 5, 3, 3, 5, true)]
    [InlineData("Business", "business", null, null, null, 10, true)]
    [InlineData("Enterprise", "enterprise", null, null, null, 20, true)]
    public void Plan_HasThePublishedLimits(
        string name,
        string wire,
        int? abTests,
        int? smartLinks,
        int? scheduled,
        int variants,
        bool optimizes
    )
    {
        var plan = Plan.Of(Enum.Parse<PlanName>(name));

        Assert.Equal((wire, variants, optimizes), (plan.Name, plan.VariantsMax, plan.HasOptimization));
        Assert.Equal(
            (abTests, smartLinks, scheduled),
            (
                plan.LimitOf(ExperimentType.AbTest),
                plan.LimitOf(ExperimentType.SmartLink),
                plan.LimitOf(ExperimentType.Scheduled)
            )
        );
    }

    [Fact]
    public void CountUsed_EndedAndForeignOnes_DoNotCount()
    {
        string[] states = ["draft", "running", "paused", "completed", "archived"];
        var entries = states
            .Select((status, i) => Entry($"own-{i}", status, "\"team\":\"a\","))
            .Concat([Entry("other", "running", "")]);
        var catalog = new ExperimentCatalog([.. entries], 1);

        Assert.Equal(
            (3, 1, 0),
            (
                Plan.CountUsed(catalog, "a", ExperimentType.AbTest),
                Plan.CountUsed(catalog, null, ExperimentType.AbTest),
                Plan.CountUsed(catalog, "a", ExperimentType.Scheduled)
            )
        );
    }

    private static CatalogEntry Entry(string slug, string status, string team) =>
        new(
            Definitions.Experiment(
                $$"""
                {"uid":"exp_{{slug}}",{{team}}"slug":"{{slug}}","type":"ab_test","name":"x","status":"{{status}}",
                 "variants":[{"id":"a","weight":10000},{"id":"b","weight":0}]}
                """
            )
        );
}
