using Edge.Audit;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Experiments.Reading;
using Edge.Formats;
using Edge.Requests.Bodies;

namespace Edge.Endpoints.Management;

/// <summary>
/// <c>PUT /experiments/api/{uid}</c> (spec 2.7): changes what is sent and leaves the rest. All or nothing; two edits at
/// once are applied one after the other, and If-Match refuses the second when its sender wants to know.
/// </summary>
internal sealed class UpdateExperiment(
    IExperimentStore store,
    DefinitionRules rules,
    ExperimentView view,
    AuditTrail audit,
    TimeProvider time
)
{
    public async Task HandleAsync(ManagedRequest request)
    {
        if (request.Find(store.Catalog.Current) is null)
        {
            await request.NotFoundAsync();
            return;
        }
        var (body, problem) = await RequestBody.ReadCopyAsync(request.Context, ManagedRequest.Definition);
        if (problem != BodyFault.None)
        {
            await Problem.BodyAsync(request.Context, problem, ManagedRequest.Definition);
            return;
        }
        await request.RetryAsync(store, view, current => Apply(request, body, current));
    }

    /// <summary>What is said of a member that may not change in a status.</summary>
    public static Violation NotEditable(string field, ExperimentStatus status) =>
        new(
            field,
            $"cannot change while the experiment is {WireNames<ExperimentStatus>.Lower.Text(status)}",
            ViolationCodes.NotEditable
        );

    /// <summary>One attempt; null when another request has changed the experiment meanwhile.</summary>
    private Task? Apply(ManagedRequest request, ReadOnlyMemory<byte> body, Experiment current)
    {
        var reading = ExperimentReader.ReadUpdate(body, rules.Limits, current);
        if (rules.Violations(reading) is { Count: > 0 } violations)
        {
            return Problem.ValidationAsync(request.Context, violations);
        }

        var edit = ExperimentEdit.Compare(current, reading.Experiment!, time.GetUtcNow());
        if (edit.Refused.Count > 0)
        {
            return NotEditableAsync(request, current.Status, edit.Refused);
        }

        if (edit.Changed.Count == 0)
        {
            return view.WriteAsync(request, current);
        }

        if (
            edit.Changed.Contains("exclusionGroup")
            && DefinitionRules.RefuseOverlap(request, store.Catalog.Current, edit.Next) is { } overlap
        )
        {
            return overlap;
        }

        if (
            edit.Next.Type != current.Type
            && rules.RefuseQuota(request, store.Catalog.Current, edit.Next.Type) is { } refusal
        )
        {
            return refusal;
        }

        var result = store.Write(edit.Next, current);
        if (result == ExperimentWriteResult.Written)
        {
            audit.Record(request, AuditAction.Update, edit.Next, string.Join(", ", edit.Changed));
        }

        return result switch
        {
            ExperimentWriteResult.Written => view.WriteAsync(request, edit.Next),
            ExperimentWriteResult.SlugInUse => DefinitionRules.SlugInUseAsync(request, edit.Next.Slug),
            _ => null,
        };
    }

    private static Task NotEditableAsync(ManagedRequest request, ExperimentStatus status, IReadOnlyList<string> refused)
    {
        var statusText = WireNames<ExperimentStatus>.Lower.Text(status);
        Violation[] errors =
        [
            .. refused.Select(field => NotEditable(field, status)),
        ];
        return Problem.WriteAsync(
            request.Context,
            StatusCodes.Status400BadRequest,
            "field-not-editable",
            "Field Not Editable",
            $"While the experiment is {statusText}, {string.Join(", ", refused)} cannot change. Nothing has changed.",
            json =>
            {
                Problem.WriteErrors(json, errors);
                json.WriteString("currentStatus", statusText);
                json.WriteStartArray("editableFields");
                foreach (var field in ExperimentEdit.EditableIn(status)!)
                {
                    json.WriteStringValue(field);
                }

                json.WriteEndArray();
            }
        );
    }
}
