using Edge.Experiments;

namespace Edge.Catalog;

/// <summary>The plans an operator can choose: the published ones, and the default without limits.</summary>
internal enum PlanName
{
    /// <summary>No limits except technical ones.</summary>
    SelfHosted,

    /// <summary>One A/B test.</summary>
    Starter,

    /// <summary>A few of each.</summary>
    Basic,

    /// <summary>More of each, with automatic optimisation.</summary>
    Standard,

    /// <summary>Unlimited experiments.</summary>
    Business,

    /// <summary>Unlimited experiments with more variants.</summary>
    Enterprise,
}

/// <summary>The limits of a team (published plan table, spec 2.10). Immutable.</summary>
/// <param name="Name">Name, as written by the API.</param>
/// <param name="AbTests">Concurrent A/B tests; null is unlimited.</param>
/// <param name="SmartLinks">Concurrent smart links; null is unlimited.</param>
/// <param name="Scheduled">Concurrent scheduled experiments; null is unlimited.</param>
/// <param name="VariantsMax">Maximum number of variants of one experiment.</param>
/// <param name="AnalyticsRetentionDays">Days for which results are kept.</param>
/// <param name="HasOptimization">Whether A/B tests may optimise their weights.</param>
internal sealed record Plan(
    string Name,
    int? AbTests,
    int? SmartLinks,
    int? Scheduled,
    int VariantsMax,
    int AnalyticsRetentionDays,
    bool HasOptimization
)
{
    /// <summary>The plan with a given name.</summary>
    public static Plan Of(PlanName name) =>
        name switch
        {
            PlanName.Starter => new("starter", 1, 0, 0, 2, 7, false),
            PlanName.Basic => new("basic", 2, 1, 1, 3, 30, false),
            PlanName.Standard => new("standard", 5, 3, 3, 5, 90, true),
            PlanName.Business => new("business", null, null, null, 10, 365, true),
            PlanName.Enterprise => new("enterprise", null, null, null, 20, 365, true),
            _ => new("self-hosted", null, null, null, ExperimentRules.Default.VariantsMax, 365, true),
        };

    /// <summary>Maximum number of concurrent experiments of a type; null is unlimited.</summary>
    public int? LimitOf(ExperimentType type) =>
        type switch
        {
            ExperimentType.AbTest => AbTests,
            ExperimentType.SmartLink => SmartLinks,
            _ => Scheduled,
        };

    /// <summary>
    /// Number of a team's experiments that count against its plan. Ended experiments do not count, or a plan with one
    /// experiment would be used up by its first result.
    /// </summary>
    public static int CountUsed(ExperimentCatalog catalog, string? team, ExperimentType type) =>
        catalog.Entries.Count(entry =>
            entry.Type == type
            && entry.Experiment.Team == team
            && entry.Status is ExperimentStatus.Draft or ExperimentStatus.Running or ExperimentStatus.Paused
        );
}
