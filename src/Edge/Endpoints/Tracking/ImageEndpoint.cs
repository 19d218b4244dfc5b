using Edge.Catalog;
using Edge.Experiments;
using Edge.Formats;
using Edge.Telemetry;
using Edge.Visits;

namespace Edge.Endpoints.Tracking;

/// <summary>
/// <c>GET|HEAD /s/{slug}.png|jpg|jpeg|webp</c>: redirects to the image of the chosen variant. The experiment's other
/// routes count; an image counts only where the operator has said so, because mails that embed the pixel too would
/// count twice.
/// </summary>
internal sealed class ImageEndpoint(
    VisitRequestReader requests,
    CatalogHolder catalog,
    VisitRecorder visits,
    ImageSource images,
    bool counts,
    RequestLog log
)
{
    public Task HandleAsync(HttpContext context, ReadOnlySpan<char> slug, ImageFormat format)
    {
        HeaderLineBuffer lines = default;
        var request = requests.Read(context, lines);
        var isFound = catalog.Current.TryFind(slug, out var experiment) && experiment.IsServed;
        var location = isFound ? images.Find(experiment!, visits.Show(request, experiment!).Variant, format) : null;
        if (location is null)
        {
            log.Metrics.Count(RouteName.Image, Outcome.NotFound);
            return Problem.ExperimentNotFoundAsync(context, isFound ? "No image configured" : "Experiment not found");
        }
        log.Metrics.Count(RouteName.Image, counts ? Record(context, request, experiment!) : Outcome.Answered);
        Replies.WriteRedirect(context.Response, location);
        return Task.CompletedTask;
    }

    private Outcome Record(HttpContext context, in VisitRequest request, CatalogEntry experiment)
    {
        if (!experiment.IsRunning)
        {
            return Outcome.NotRunning;
        }

        return RequestMethod.IsHead(context.Request.Method)
            ? Outcome.Head
            : visits.Record(request, experiment, VisitKind.Image, out _);
    }
}
