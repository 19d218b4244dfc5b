using System.Text;
using System.Text.Json;
using Edge.Audit;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Experiments.Reading;
using Edge.Formats;
using Edge.Requests.Bodies;

namespace Edge.Endpoints.Management;

/// <summary>
/// <c>POST /experiments/api/definitions</c>: makes the team's experiments what the given definitions say. All of them are
/// checked, also against each other, before the first is stored. One with <c>weightsVersion</c> is a copy of a store and
/// is stored as it is; one without is written by a person and changes the experiment as <c>PUT</c> would, and its status
/// by the step that leads there. With <c>prune</c> the experiments that are not among them are archived; with
/// <c>dryRun</c> nothing is stored. Applying the same definitions again changes nothing.
/// </summary>
internal sealed class ApplyDefinitions(
    IExperimentStore store,
    DefinitionRules rules,
    AuditTrail audit,
    TimeProvider time
)
{
    /// <summary>The member of body and export that has the definitions.</summary>
    public const string Member = "definitions";

    /// <summary>What may be asked for.</summary>
    private static readonly string[] Parameters = ["dryRun", "prune"];

    private static readonly string[] Flags = ["true", "false"];

    /// <summary>Room for some twenty thousand definitions.</summary>
    private static readonly BodyRules Body = new(BytesMax: 32 << 20);

    /// <summary>How often all is checked again because somebody else has changed one of them meanwhile.</summary>
    private const int AttemptsMax = 5;

    // One at a time: two sets would meet in the middle, and a thousand definitions take seconds for which nobody should wait.
    private readonly Lock _turn = new();

    public async Task HandleAsync(ManagedRequest request)
    {
        var violations = new Violations();
        ManagementRoutes.NoteUnknown(request.Context.Request.Query, Parameters, violations);
        var query = new QueryFields(request.Context.Request.Query, violations);
        var isDryRun = query.Word("dryRun", Flags) == "true";
        var prunes = query.Word("prune", Flags) == "true";
        if (violations.Count > 0)
        {
            await Problem.ValidationAsync(request.Context, violations.List);
            return;
        }

        var (body, fault) = await RequestBody.ReadCopyAsync(request.Context, Body);
        if (fault != BodyFault.None)
        {
            await Problem.BodyAsync(request.Context, fault, Body);
            return;
        }

        using var document = JsonSyntax.Parse(body, out var problem);
        if (document is null)
        {
            violations.Add("", problem, ViolationCodes.InvalidFormat);
        }
        else if (
            document.RootElement.ValueKind != JsonValueKind.Object
            || !document.RootElement.TryGetProperty(Member, out var list)
            || list.ValueKind != JsonValueKind.Array
        )
        {
            violations.Add(Member, "must be an array of definitions", ViolationCodes.InvalidType);
        }
        else
        {
            JsonSyntax.NoteRepeated(document.RootElement, violations);
        }

        if (violations.Count > 0)
        {
            await Problem.ValidationAsync(request.Context, violations.List);
            return;
        }

        JsonElement[] definitions = [.. document!.RootElement.GetProperty(Member).EnumerateArray()];
        if (!_turn.TryEnter())
        {
            await ConflictAsync(request, "Another request is applying definitions. Apply these after it.");
            return;
        }

        Task answer;
        try
        {
            answer = Apply(request, definitions, prunes, isDryRun);
        }
        finally
        {
            _turn.Exit();
        }

        await answer;
    }

    private Task Apply(ManagedRequest request, JsonElement[] definitions, bool prunes, bool isDryRun)
    {
        var done = new Dictionary<string, Step>(StringComparer.Ordinal);
        for (var attempt = 0; attempt < AttemptsMax; attempt++)
        {
            var violations = new Violations();
            var all = Plan(request, definitions, prunes, violations, out var steps);
            if (violations.Count > 0)
            {
                return Problem.ValidationAsync(request.Context, violations.List);
            }

            if (isDryRun || Store(request, steps, done))
            {
                return request.WriteAsync(json =>
                {
                    json.WriteBoolean("dryRun", isDryRun);
                    json.WriteStartArray("results");
                    foreach (var step in all)
                    {
                        WriteResult(json, done.GetValueOrDefault(step.Next.Uid, step));
                    }

                    json.WriteEndArray();
                });
            }
        }

        return ConflictAsync(
            request,
            $"Somebody else changed these experiments during each of {AttemptsMax} attempts; {done.Count} were stored. Apply them again."
        );
    }

    private static Task ConflictAsync(ManagedRequest request, string detail) =>
        Problem.WriteAsync(
            request.Context,
            StatusCodes.Status409Conflict,
            "concurrent-changes",
            "Concurrent Changes",
            detail
        );

    /// <summary>Stores one after the other; false when somebody else came first, so that all has to be checked again.</summary>
    private bool Store(ManagedRequest request, List<Step> steps, Dictionary<string, Step> done)
    {
        foreach (var step in steps)
        {
            try
            {
                if (store.Write(step.Next, step.Current) != ExperimentWriteResult.Written)
                {
                    return false;
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException && done.Count > 0)
            {
                throw new StoreException(
                    $"{done.Count} definitions were stored, then the store failed. Apply them all again; those that are stored stay as they are.",
                    e.Message,
                    e
                );
            }

            done[step.Next.Uid] = step;
            audit.Record(request, step.Action, step.Next, step.Detail);
        }

        return true;
    }

    /// <summary>
    /// What has to be done, with everything that is wrong with it. All definitions in the order they were sent, then
    /// those that are archived; <paramref name="steps"/> are the changes in an order in which each has its slug free.
    /// </summary>
    private List<Step> Plan(
        ManagedRequest request,
        JsonElement[] definitions,
        bool prunes,
        Violations violations,
        out List<Step> steps
    )
    {
        var catalog = store.Catalog.Current;
        var all = new List<Step>();
        var uids = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < definitions.Length; i++)
        {
            if (Read(request, catalog, definitions[i], $"{Member}[{i}]", violations) is not { } step)
            {
                continue;
            }

            if (!uids.Add(step.Next.Uid))
            {
                violations.Add($"{step.Field}.uid", "is that of another definition too", ViolationCodes.NotUnique);
            }

            all.Add(step);
        }

        if (prunes && violations.Count == 0)
        {
            all.AddRange(Prune(request, catalog, uids, violations));
        }

        steps = [];
        var final = catalog;
        var waiting = all.Where(step => step.IsChange)
            .OrderBy(step => step.Next.Status != ExperimentStatus.Archived)
            .ToList();
        while (waiting.Count > 0)
        {
            var blocked = new List<Step>();
            foreach (var step in waiting)
            {
                if (
                    step.Next.Status != ExperimentStatus.Archived
                    && final.TryFind(step.Next.Slug, out var holder)
                    && holder.Experiment.Uid != step.Next.Uid
                )
                {
                    blocked.Add(step);
                    continue;
                }

                final = final.With(new CatalogEntry(step.Next));
                steps.Add(step);
            }

            if (blocked.Count == waiting.Count)
            {
                foreach (var step in blocked)
                {
                    violations.Add($"{step.Field}.slug", "is that of another experiment", ViolationCodes.NotUnique);
                }

                break;
            }

            waiting = blocked;
        }

        CheckTogether(request, catalog, final, steps, violations);
        return all;
    }

    private void CheckTogether(
        ManagedRequest request,
        ExperimentCatalog before,
        ExperimentCatalog final,
        List<Step> steps,
        Violations violations
    )
    {
        foreach (var step in steps.Where(step => IsUnderWay(step.Next.Status)))
        {
            if (DefinitionRules.FindOverlap(final, step.Next) is { } other)
            {
                violations.Add(
                    $"{step.Field}.exclusionGroup",
                    $"overlaps with that of '{other.Slug}'",
                    ViolationCodes.NotUnique
                );
            }
        }

        foreach (var type in steps.Select(step => step.Next.Type).Distinct())
        {
            var used = Catalog.Plan.CountUsed(final, request.Team, type);
            if (rules.Plan.LimitOf(type) is { } limit && used > limit && used > Catalog.Plan.CountUsed(before, request.Team, type))
            {
                violations.Add(
                    Member,
                    $"have {used} of type {WireNames<ExperimentType>.Lower.Text(type)} under way, and the plan {rules.Plan.Name} has room for {limit}",
                    ViolationCodes.OutOfRange
                );
            }
        }
    }

    private Step? Read(
        ManagedRequest request,
        ExperimentCatalog catalog,
        JsonElement element,
        string field,
        Violations violations
    )
    {
        var json = Encoding.UTF8.GetBytes(element.GetRawText());
        var now = time.GetUtcNow();
        var reading = ExperimentReader.ReadStored(json, ExperimentWriter.Loosest, now);
        if (reading.Experiment is not { } given || reading.Unknown.Count > 0)
        {
            Note([.. reading.Violations, .. reading.Unknown]);
            return null;
        }

        _ = catalog.TryFindByUid(given.Uid, out var entry);
        var current = entry?.Experiment;
        if (!element.TryGetProperty("team", out _))
        {
            given = given with { Team = request.Team };
        }

        if (given.Team != request.Team || (current is not null && current.Team != request.Team))
        {
            Note([new Violation("team", "must be that of the key", ViolationCodes.InvalidValue)]);
            return null;
        }

        var isCopy = element.TryGetProperty("weightsVersion", out _);
        var next = given;
        IReadOnlyList<Violation> refused = [];
        if (!isCopy && current is not null)
        {
            next = Edit(current, given, element.TryGetProperty("status", out _), now, out refused);
        }

        // What is stored already need not obey the rules that the operator has set since.
        if (
            current is not null
            && refused.Count == 0
            && ExperimentWriter.WriteStored(current).AsSpan().SequenceEqual(ExperimentWriter.WriteStored(next))
        )
        {
            return new Step(field, current, current, "");
        }

        if (isCopy && current is { Status: ExperimentStatus.Running } && given.WeightsVersion == current.WeightsVersion && !HasWeightsOf(current, given))
        {
            refused =
            [
                .. refused,
                new Violation(
                    "weightsVersion",
                    $"is {current.WeightsVersion} as before, and the weights are others: results would take them for the same. Leave it out to edit by hand, or add one",
                    ViolationCodes.InvalidValue
                ),
            ];
        }

        refused = [.. refused, .. rules.Violations(ExperimentReader.ReadStored(json, rules.Limits, now))];
        if (refused.Count > 0)
        {
            Note(refused);
            return null;
        }

        return new Step(field, next, current, current is null ? AuditAction.Create : AuditAction.Update);

        void Note(IReadOnlyList<Violation> found)
        {
            foreach (var violation in found)
            {
                var at = violation.Field.Length == 0 ? field : $"{field}.{violation.Field}";
                violations.Add(at, violation.Message, violation.Code);
            }
        }
    }

    /// <summary>The experiment with a definition that a person has written: what the service keeps of it stays.</summary>
    private static Experiment Edit(
        Experiment current,
        Experiment given,
        bool hasStatus,
        DateTimeOffset now,
        out IReadOnlyList<Violation> refused
    )
    {
        var edit = ExperimentEdit.Compare(
            current,
            given with
            {
                Status = current.Status,
                WinnerVariantId = current.WinnerVariantId,
                WinnerDeclaredAt = current.WinnerDeclaredAt,
                HashVersion = current.HashVersion,
                WeightsVersion = current.WeightsVersion,
                Slots = current.Slots,
                RunningSince = current.RunningSince,
                RanSeconds = current.RanSeconds,
                CreatedAt = current.CreatedAt,
                UpdatedAt = current.UpdatedAt,
            },
            now
        );
        refused = [.. edit.Refused.Select(field => UpdateExperiment.NotEditable(field, current.Status))];
        if (!hasStatus || given.Status == current.Status)
        {
            return edit.Next;
        }

        if (Lifecycle.Targets(current.Status).Contains(given.Status))
        {
            return Lifecycle.Move(edit.Next, given.Status, given.WinnerVariantId, now);
        }

        var names = WireNames<ExperimentStatus>.Lower;
        var (stands, ways) = (names.Text(current.Status), string.Join(" or ", Lifecycle.Targets(current.Status).Select(names.Text)));
        refused =
        [
            .. refused,
            new Violation(
                "status",
                ways.Length > 0
                    ? $"is {stands}; from there it can become {ways}"
                    : $"is {stands} for good; a copy, which an export writes, brings it back",
                ViolationCodes.InvalidValue
            ),
        ];
        return edit.Next;
    }

    /// <summary>Archives what is not among the definitions; what is running somebody has to pause first.</summary>
    private IEnumerable<Step> Prune(
        ManagedRequest request,
        ExperimentCatalog catalog,
        HashSet<string> kept,
        Violations violations
    )
    {
        foreach (var entry in catalog.Entries.OrderBy(entry => entry.Experiment.Uid, StringComparer.Ordinal))
        {
            if (!request.Owns(entry) || kept.Contains(entry.Experiment.Uid))
            {
                continue;
            }

            if (Lifecycle.Target(entry.Status, LifecycleAction.Archive) is not { } archived)
            {
                violations.Add(
                    "prune",
                    $"would archive '{entry.Experiment.Slug}', which is running; pause or complete it first",
                    ViolationCodes.InvalidValue
                );
                continue;
            }

            yield return new Step(
                "prune",
                Lifecycle.Move(entry.Experiment, archived, null, time.GetUtcNow()),
                entry.Experiment,
                AuditAction.Delete
            );
        }
    }

    private static bool HasWeightsOf(Experiment one, Experiment other) =>
        one.Variants.Select(static variant => (variant.Id, variant.Weight))
            .SequenceEqual(other.Variants.Select(static variant => (variant.Id, variant.Weight)));

    private static bool IsUnderWay(ExperimentStatus status) =>
        status is ExperimentStatus.Draft or ExperimentStatus.Running or ExperimentStatus.Paused;

    private static void WriteResult(Utf8JsonWriter json, Step step)
    {
        json.WriteStartObject();
        json.WriteString("uid", step.Next.Uid);
        json.WriteString("slug", step.Next.Slug);
        json.WriteString(
            "result",
            step.Action switch
            {
                AuditAction.Create => "created",
                AuditAction.Update => "changed",
                AuditAction.Delete => "archived",
                _ => "unchanged",
            }
        );
        if (step.Action == AuditAction.Update)
        {
            json.WriteStartArray("changes");
            foreach (var member in step.Changes())
            {
                json.WriteStringValue(member);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    /// <summary>What becomes of one experiment.</summary>
    /// <param name="Field">Where it is in the body.</param>
    /// <param name="Next">The experiment afterwards.</param>
    /// <param name="Current">The experiment before; null when there is none.</param>
    /// <param name="Action">How the record of changes calls it; empty when nothing changes.</param>
    private sealed record Step(string Field, Experiment Next, Experiment? Current, string Action)
    {
        public bool IsChange => Action.Length > 0;

        /// <summary>What the record of changes says about it.</summary>
        public string Detail =>
            Current is null || Current.Status == Next.Status
                ? "applied"
                : $"applied, {StatusChange}";

        /// <summary>Members that differ from before, and from which status to which; without the times of the change.</summary>
        public IEnumerable<string> Changes()
        {
            using var before = JsonDocument.Parse(ExperimentWriter.WriteStored(Current!));
            using var after = JsonDocument.Parse(ExperimentWriter.WriteStored(Next));
            var names = new SortedSet<string>(StringComparer.Ordinal);
            foreach (var root in (JsonElement[])[before.RootElement, after.RootElement])
            {
                foreach (var member in root.EnumerateObject())
                {
                    names.Add(member.Name);
                }
            }

            foreach (var name in names)
            {
                var wasThere = before.RootElement.TryGetProperty(name, out var old);
                var isThere = after.RootElement.TryGetProperty(name, out var now);
                if (name != "updatedAt" && (wasThere != isThere || old.ToString() != now.ToString()))
                {
                    yield return name == "status" ? $"status {StatusChange}" : name;
                }
            }
        }

        private string StatusChange =>
            $"{WireNames<ExperimentStatus>.Lower.Text(Current!.Status)} to {WireNames<ExperimentStatus>.Lower.Text(Next.Status)}";
    }
}
