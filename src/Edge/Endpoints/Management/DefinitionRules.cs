using Edge.Catalog;
using Edge.Experiments;
using Edge.Experiments.Reading;
using Edge.Formats;

namespace Edge.Endpoints.Management;

/// <summary>
/// What the operator and the plan allow of a definition, beside the rules every definition has to obey.
/// </summary>
internal sealed class DefinitionRules(Plan plan, ExperimentRules rules)
{
    /// <summary>The plan.</summary>
    public Plan Plan => plan;

    /// <summary>Limits for the reader.</summary>
    public ExperimentRules Limits { get; } = rules with { VariantsMax = plan.VariantsMax };

    /// <summary>What a plan without optimisation refuses.</summary>
    public IReadOnlyList<Violation> Violations(ExperimentReadResult reading)
    {
        if (plan.HasOptimization || reading.Experiment is not { BanditConfig.Enabled: true })
        {
            return reading.Violations;
        }

        return
        [
            new Violation("banditConfig.enabled", $"is not part of the plan {plan.Name}", ViolationCodes.InvalidValue),
        ];
    }

    /// <summary>
    /// 409 when its range of an exclusion group overlaps with that of another experiment that is not over; null when it
    /// does not.
    /// </summary>
    public static Task? RefuseOverlap(ManagedRequest request, ExperimentCatalog catalog, Experiment experiment) =>
        FindOverlap(catalog, experiment) is not { } other
            ? null
            : Problem.WriteAsync(
                request.Context,
                StatusCodes.Status409Conflict,
                "exclusion-group-overlap",
                "Exclusion Group Overlap",
                $"In the group '{other.ExclusionGroup!.Name}' the experiment '{other.Slug}' has the buckets from {other.ExclusionGroup.From} to {other.ExclusionGroup.To}."
            );

    /// <summary>Another experiment that is not over and has units of an exclusion group in common; null for none.</summary>
    public static Experiment? FindOverlap(ExperimentCatalog catalog, Experiment experiment) =>
        experiment.ExclusionGroup is not { } group
            ? null
            : catalog
                .Entries.Where(entry =>
                    entry.Experiment.Uid != experiment.Uid
                    && entry.Experiment.Team == experiment.Team
                    && entry.Status is ExperimentStatus.Draft or ExperimentStatus.Running or ExperimentStatus.Paused
                )
                .Select(entry => entry.Experiment)
                .FirstOrDefault(candidate => candidate.ExclusionGroup?.Overlaps(group) == true);

    /// <summary>Whether the team has room for one more of a type.</summary>
    public bool HasRoom(ManagedRequest request, ExperimentCatalog catalog, ExperimentType type) =>
        plan.LimitOf(type) is not { } limit || Plan.CountUsed(catalog, request.Team, type) < limit;

    /// <summary>
    /// 429 when the team has no room for one more of a type; null when it has. Waiting does not help, so there is no
    /// Retry-After.
    /// </summary>
    public Task? RefuseQuota(ManagedRequest request, ExperimentCatalog catalog, ExperimentType type)
    {
        var used = Plan.CountUsed(catalog, request.Team, type);
        if (plan.LimitOf(type) is not { } limit || used < limit)
        {
            return null;
        }

        var name = WireNames<ExperimentType>.Lower.Text(type);
        return Problem.WriteAsync(
            request.Context,
            StatusCodes.Status429TooManyRequests,
            "experiment-quota-exceeded",
            "Experiment Quota Exceeded",
            $"The plan {plan.Name} has room for {limit} of type {name}.",
            json =>
            {
                json.WriteStartObject("quota");
                json.WriteString("type", name);
                json.WriteNumber("used", used);
                json.WriteNumber("limit", limit);
                json.WriteEndObject();
            }
        );
    }

    /// <summary>409 for a slug another experiment has, of whatever team.</summary>
    public static Task SlugInUseAsync(ManagedRequest request, string slug) =>
        Problem.WriteAsync(
            request.Context,
            StatusCodes.Status409Conflict,
            "slug-in-use",
            "Slug In Use",
            $"The slug '{slug}' belongs to another experiment."
        );
}
