using Edge.Catalog;
using Edge.Experiments;
using Edge.Formats;
using Edge.Telemetry;
using Edge.Visits;

namespace Edge.Endpoints.Tracking;

/// <summary>
/// <c>GET|HEAD /s/{slug}/resolve</c> (spec 4.4): tells a page which variant this visitor gets, so that it can show it.
/// Never counts; the choice is the one pixel and click of the same visitor will make.
/// </summary>
internal sealed class ResolveEndpoint(
    VisitRequestReader requests,
    CatalogHolder catalog,
    VisitRecorder visits,
    OutcomeHeader outcomes,
    Metrics metrics
)
{
    public Task HandleAsync(HttpContext context, ReadOnlySpan<char> slug)
    {
        var isFound =
            catalog.Current.TryFind(slug, out var experiment)
            && experiment.Status is ExperimentStatus.Running or ExperimentStatus.Completed;
        metrics.Count(RouteName.Resolve, isFound ? Outcome.Answered : Outcome.NotFound);
        context.Response.Headers.AccessControlAllowOrigin = "*";
        if (!isFound)
        {
            outcomes.Write(context, experiment, Outcome.NotRunning, default);
            return Problem.ExperimentNotFoundAsync(context);
        }

        HeaderLineBuffer lines = default;
        var shown = visits.Show(requests.Read(context, lines), experiment!);
        outcomes.Write(context, experiment, Outcome.Answered, shown);
        return Replies.WriteJsonAsync(
            context,
            json => json.WriteString("variantId", experiment!.Variants[shown.Variant].IdUtf8)
        );
    }
}
