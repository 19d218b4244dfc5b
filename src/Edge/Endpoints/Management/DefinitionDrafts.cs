using System.Text.Json;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Experiments.Reading;
using Edge.Formats;
using Edge.Lint;

namespace Edge.Endpoints.Management;

/// <summary>A definition that is looked at before it is stored. Immutable.</summary>
/// <param name="Experiment">As it would be stored; null when it would not be.</param>
/// <param name="Errors">Everything for which it would be refused.</param>
/// <param name="Changed">For an edit, the members that differ from what is stored; else null.</param>
internal sealed record DefinitionDraft(
    Experiment? Experiment,
    IReadOnlyList<Violation> Errors,
    IReadOnlyList<string>? Changed
)
{
    /// <summary>What is wrong when it is meant as an edit of an experiment that there is not.</summary>
    private const string NoExperiment = "is that of no experiment, so the definition must be whole";

    /// <summary>
    /// Whether it is meant as an edit of an experiment that there is not: it has a uid, and lacks what a new one needs.
    /// </summary>
    public bool IsOfNothing => Errors is [{ Message: NoExperiment }, ..];

    /// <summary>One that would not be stored.</summary>
    /// <param name="violations">Everything for which it would be refused.</param>
    /// <param name="hasUnknownUid">Whether it has a uid that names no experiment.</param>
    public static DefinitionDraft Refused(IReadOnlyList<Violation> violations, bool hasUnknownUid) =>
        new(
            null,
            hasUnknownUid && violations.Any(static one => one.Code == ViolationCodes.Required)
                ? [new Violation("uid", NoExperiment, ViolationCodes.InvalidValue), .. violations]
                : violations,
            null
        );
}

/// <summary>
/// Reads definitions by the rules for those that are stored, and stores nothing. One with the uid of an experiment of
/// the team is an edit of that. Thread safe.
/// </summary>
/// <param name="catalog">The experiments.</param>
/// <param name="rules">The rules.</param>
/// <param name="hosts">The hosts at which this service is reached.</param>
/// <param name="knowsPlaces">Whether the service can say where visitors are now.</param>
/// <param name="time">The clock.</param>
internal sealed class DefinitionDrafts(
    CatalogHolder catalog,
    DefinitionRules rules,
    IReadOnlyList<OwnHost> hosts,
    Func<bool> knowsPlaces,
    TimeProvider time
)
{
    /// <summary>Reads one definition.</summary>
    /// <param name="request">Who asks.</param>
    /// <param name="json">The definition.</param>
    public DefinitionDraft Read(ManagedRequest request, ReadOnlyMemory<byte> json)
    {
        var current = FindEdited(request, json, out var hasUid);
        var reading = ReadAs(current, Lifecycle.CreateUid(), request, json);
        if (rules.Violations(reading) is { Count: > 0 } violations)
        {
            return DefinitionDraft.Refused(violations, hasUid && current is null);
        }

        var edit = current is null
            ? null
            : ExperimentEdit.Compare(current, reading.Experiment!, time.GetUtcNow());
        var experiment = edit?.Next ?? reading.Experiment!;
        Violation[] errors =
        [
            .. (edit?.Refused ?? []).Select(field => UpdateExperiment.NotEditable(field, current!.Status)),
            .. Conflicts(request, experiment, current),
        ];
        return new DefinitionDraft(errors.Length == 0 ? experiment : null, errors, edit?.Changed);
    }

    /// <summary>
    /// Reads what an experiment might have been: neither its status nor other experiments are in the way, since nothing is to
    /// be stored.
    /// </summary>
    /// <param name="request">Who asks.</param>
    /// <param name="json">The definition, whole; with a uid, what is to be changed in that experiment.</param>
    /// <param name="logged">The experiment that has run, whose uid it gets.</param>
    public DefinitionDraft ReadCandidate(ManagedRequest request, ReadOnlyMemory<byte> json, Experiment logged)
    {
        var current = FindEdited(request, json, out var hasUid);
        var reading = ReadAs(current, logged.Uid, request, json);
        return rules.Violations(reading) is { Count: > 0 } violations
            ? DefinitionDraft.Refused(violations, hasUid && current is null)
            : new DefinitionDraft(reading.Experiment! with { Uid = logged.Uid }, [], null);
    }

    /// <summary>What is valid in it and probably not intended.</summary>
    public IReadOnlyList<Finding> Check(Experiment experiment) =>
        ExperimentLint.Check(experiment, hosts, time.GetUtcNow(), knowsPlaces());

    private ExperimentReadResult ReadAs(
        Experiment? current,
        string uid,
        ManagedRequest request,
        ReadOnlyMemory<byte> json
    ) =>
        current is null
            ? ExperimentReader.ReadCreate(json, rules.Limits, uid, request.Team, time.GetUtcNow())
            : ExperimentReader.ReadUpdate(json, rules.Limits, current);

    private Experiment? FindEdited(ManagedRequest request, ReadOnlyMemory<byte> json, out bool hasUid)
    {
        using var document = JsonSyntax.Parse(json, out _);
        JsonElement uid = default;
        hasUid =
            document?.RootElement is { ValueKind: JsonValueKind.Object } root
            && root.TryGetProperty("uid", out uid)
            && uid.ValueKind == JsonValueKind.String;
        return hasUid && catalog.Current.TryFindByUid(uid.GetString()!, out var entry) && request.Owns(entry)
            ? entry.Experiment
            : null;
    }

    /// <summary>What other experiments leave no room for.</summary>
    private IEnumerable<Violation> Conflicts(ManagedRequest request, Experiment experiment, Experiment? current)
    {
        var all = catalog.Current;
        if (experiment.Slug != current?.Slug && all.TryFind(experiment.Slug, out _))
        {
            yield return new Violation("slug", "belongs to another experiment", ViolationCodes.NotUnique);
        }

        if (DefinitionRules.FindOverlap(all, experiment) is { } other)
        {
            yield return new Violation(
                "exclusionGroup",
                $"overlaps with that of '{other.Slug}'",
                ViolationCodes.NotUnique
            );
        }

        if (experiment.Type != current?.Type && !rules.HasRoom(request, all, experiment.Type))
        {
            yield return new Violation(
                "type",
                $"is one of which the plan {rules.Plan.Name} has no more room",
                ViolationCodes.OutOfRange
            );
        }
    }
}
