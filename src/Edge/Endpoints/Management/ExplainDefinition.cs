using System.Text.Json;
using Edge.Catalog;
using Edge.Enrichment.Verdicts;
using Edge.Experiments;
using Edge.Explanation;

namespace Edge.Endpoints.Management;

/// <summary>
/// <c>POST /experiments/api/explain</c>: what a described request would get from a definition that need not be stored,
/// if it were running. Nothing is counted and nothing is remembered.
/// </summary>
internal sealed class ExplainDefinition(
    DefinitionDrafts drafts,
    VerdictJudge verdicts,
    bool believesStated,
    TimeProvider time
)
{
    private const string Request = "request";

    public async Task HandleAsync(ManagedRequest request)
    {
        using var question = await DefinitionQuestion.ReadAsync(request, json => drafts.Read(request, json), Request);
        if (question is null)
        {
            return;
        }

        var now = time.GetUtcNow();
        var running = question.Experiment with { Status = ExperimentStatus.Running, RunningSince = now };
        var (explanation, violations) = VisitExplanation.Explain(
            question.Member(Request),
            new CatalogEntry(running),
            verdicts,
            believesStated,
            now
        );
        await (
            explanation is null
                ? Problem.ValidationAsync(request.Context, DefinitionQuestion.Within(Request, violations))
                : request.WriteAsync(json =>
                {
                    json.WritePropertyName("explanation");
                    JsonSerializer.Serialize(json, explanation, ExplanationJson.Default.VariantExplanation);
                })
        );
    }
}
