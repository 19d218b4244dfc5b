using System.Text.Json;
using Edge.Experiments;
using Edge.Formats;
using Edge.Lint;
using Edge.Requests.Bodies;

namespace Edge.Endpoints.Management;

/// <summary>
/// <c>POST /experiments/api/validate</c>: what storing a definition would say of it, together with the findings of
/// <c>edge check</c>. Stores nothing.
/// </summary>
internal sealed class ValidateDefinition(DefinitionDrafts drafts, ExperimentView view)
{
    public async Task HandleAsync(ManagedRequest request)
    {
        var (body, fault) = await RequestBody.ReadCopyAsync(request.Context, ManagedRequest.Definition);
        if (fault != BodyFault.None)
        {
            await Problem.BodyAsync(request.Context, fault, ManagedRequest.Definition);
            return;
        }

        var draft = drafts.Read(request, body);
        await request.WriteAsync(json =>
        {
            json.WriteBoolean("valid", draft.Experiment is not null);
            Problem.WriteErrors(json, draft.Errors);
            var findings = draft.Experiment is { } valid ? drafts.Check(valid) : [];
            WriteFindings(json, findings.Take(ExperimentRules.ViolationsMax));
            if (Math.Max(draft.Errors.Count, findings.Count) >= ExperimentRules.ViolationsMax)
            {
                // There may be more than are listed.
                json.WriteBoolean("truncated", true);
            }

            json.WriteStartArray("warnings");
            foreach (var warning in draft.Experiment is { } warned ? view.WarningsOf(warned) : [])
            {
                json.WriteStringValue(warning);
            }

            json.WriteEndArray();
            if (draft.Changed is { } changed)
            {
                json.WriteStartArray("changed");
                foreach (var field in changed)
                {
                    json.WriteStringValue(field);
                }

                json.WriteEndArray();
            }
        });
    }

    /// <summary>The member <c>findings</c>: what is worth knowing, field by field.</summary>
    public static void WriteFindings(Utf8JsonWriter json, IEnumerable<Finding> findings)
    {
        json.WriteStartArray("findings");
        foreach (var finding in findings)
        {
            json.WriteStartObject();
            json.WriteString("severity", WireNames<Severity>.Lower.Text(finding.Severity));
            json.WriteString("code", finding.Code);
            json.WriteString("field", finding.Path);
            json.WriteString("message", finding.Message);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
