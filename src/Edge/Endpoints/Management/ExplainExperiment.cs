using System.Text.Json;
using Edge.Catalog;
using Edge.Enrichment.Verdicts;
using Edge.Explanation;
using Edge.Requests.Bodies;

namespace Edge.Endpoints.Management;

/// <summary>
/// <c>POST /experiments/api/{uid}/explain</c>: why a described request gets its variant, traced through the code that
/// serves real ones. Nothing is counted and nothing is remembered.
/// </summary>
internal sealed class ExplainExperiment(
    CatalogHolder catalog,
    VerdictJudge verdicts,
    bool believesStated,
    TimeProvider time
)
{
    private static readonly BodyRules Body = new(DescribedRequest.BytesMax);

    public async Task HandleAsync(ManagedRequest request)
    {
        if (request.Find(catalog.Current) is not { } entry)
        {
            await request.NotFoundAsync();
            return;
        }
        var (body, problem) = await RequestBody.ReadCopyAsync(request.Context, Body);
        if (problem != BodyFault.None)
        {
            await Problem.BodyAsync(request.Context, problem, Body);
            return;
        }
        var (explanation, violations) = VisitExplanation.Explain(
            body,
            entry,
            verdicts,
            believesStated,
            time.GetUtcNow()
        );
        await (
            explanation is null
                ? Problem.ValidationAsync(request.Context, violations)
                : request.WriteAsync(json =>
                {
                    json.WritePropertyName("explanation");
                    JsonSerializer.Serialize(json, explanation, ExplanationJson.Default.VariantExplanation);
                })
        );
    }
}
