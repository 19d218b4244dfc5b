using Edge.Audit;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Experiments.Reading;
using Edge.Formats;
using Edge.Requests.Bodies;

namespace Edge.Endpoints.Management;

/// <summary>
/// <c>POST .../start</c>, <c>/pause</c>, <c>/complete</c> and <c>DELETE</c> (spec 2.8, 2.9). Checked in this order: the
/// experiment, its status, the body. Of two concurrent requests one succeeds and the other is refused with the status
/// it found.
/// </summary>
internal sealed class MoveExperiment(
    IExperimentStore store,
    DefinitionRules rules,
    ExperimentView view,
    AuditTrail audit,
    TimeProvider time
)
{
    private static readonly BodyRules Body = new(BytesMax: 64 << 10);

    public async Task HandleAsync(ManagedRequest request, LifecycleAction action)
    {
        if (request.Find(store.Catalog.Current) is not { } entry)
        {
            await request.NotFoundAsync();
            return;
        }
        var body = ReadOnlyMemory<byte>.Empty;
        if (action == LifecycleAction.Complete && Lifecycle.Target(entry.Status, action) is not null)
        {
            (body, var problem) = await RequestBody.ReadCopyAsync(request.Context, Body);
            if (problem != BodyFault.None)
            {
                await Problem.BodyAsync(request.Context, problem, Body);
                return;
            }
        }
        await request.RetryAsync(store, view, current => Apply(request, action, body, current));
    }

    /// <summary>409 for what the status does not allow, with what it does.</summary>
    public static Task RefuseAsync(ManagedRequest request, ExperimentStatus status, string? why = null)
    {
        var names = WireNames<ExperimentStatus>.Lower;
        var allowed = Lifecycle.Targets(status).Select(names.Text).ToArray();
        return Problem.WriteAsync(
            request.Context,
            StatusCodes.Status409Conflict,
            "invalid-state-transition",
            "Invalid State Transition",
            why ?? $"The experiment is {names.Text(status)}; from there it can become {string.Join(" or ", allowed)}.",
            json =>
            {
                json.WriteString("currentStatus", names.Text(status));
                json.WriteStartArray("allowedTransitions");
                foreach (var name in allowed)
                {
                    json.WriteStringValue(name);
                }

                json.WriteEndArray();
            }
        );
    }

    /// <summary>One attempt; null when another request has changed the experiment meanwhile.</summary>
    private Task? Apply(ManagedRequest request, LifecycleAction action, ReadOnlyMemory<byte> body, Experiment current)
    {
        if (Lifecycle.Target(current.Status, action) is not { } target)
        {
            return RefuseAsync(request, current.Status);
        }

        string? winner = null;
        var violations = action switch
        {
            LifecycleAction.Complete => ReadWinner(body, current, out winner),
            LifecycleAction.Start => StartViolations(current),
            _ => [],
        };
        if (violations.Count > 0)
        {
            return Problem.ValidationAsync(request.Context, violations);
        }

        var next = Lifecycle.Move(current, target, winner, time.GetUtcNow());
        var result = store.Write(next, current);
        if (result == ExperimentWriteResult.Written)
        {
            var names = WireNames<ExperimentStatus>.Lower;
            audit.Record(
                request,
                action switch
                {
                    LifecycleAction.Start => AuditAction.Start,
                    LifecycleAction.Pause => AuditAction.Pause,
                    LifecycleAction.Complete => AuditAction.Complete,
                    _ => AuditAction.Delete,
                },
                next,
                $"{names.Text(current.Status)} to {names.Text(next.Status)}"
            );
        }

        return result switch
        {
            ExperimentWriteResult.Written when action == LifecycleAction.Archive => request.WriteAsync(json =>
                json.WriteBoolean("deleted", true)
            ),
            ExperimentWriteResult.Written => view.WriteAsync(request, next),
            _ => null,
        };
    }

    /// <summary>What was stored may break a rule the operator has set since.</summary>
    private IReadOnlyList<Violation> StartViolations(Experiment experiment) =>
        rules.Violations(
            ExperimentReader.ReadStored(ExperimentWriter.WriteStored(experiment), rules.Limits, experiment.CreatedAt)
        );

    private static IReadOnlyList<Violation> ReadWinner(
        ReadOnlyMemory<byte> body,
        Experiment experiment,
        out string? winner
    )
    {
        var violations = new Violations();
        winner = null;
        using var document = JsonSyntax.ParseObject(body, violations);
        if (document is null)
        {
            return violations.List;
        }

        var named = new JsonFields(document.RootElement, "", violations).RequiredText(
            "winnerVariantId",
            null,
            ExperimentRules.VariantIdCharsMax
        );
        if (violations.Count == 0 && experiment.Variants.All(variant => variant.Id != named))
        {
            var ids = string.Join(", ", experiment.Variants.Select(variant => variant.Id));
            violations.Add("winnerVariantId", $"must be one of {ids}", ViolationCodes.InvalidValue);
        }
        winner = named;
        return violations.List;
    }
}
