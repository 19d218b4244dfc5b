using Edge.Endpoints.Evaluation;
using Edge.Endpoints.Ingestion;
using Edge.Telemetry;

namespace Edge.Endpoints;

/// <summary>
/// Answers for an edge that has no catalog yet, in place of everything but the pixel: 503 with the time after which to
/// try again, as each API says it. Any other answer would be final, and wrong: a key is not invalid, nor does a link lead
/// nowhere, because the origin was not reached yet. Thread safe.
/// </summary>
/// <param name="arrival">Completes when there is a catalog.</param>
/// <param name="metrics">Counts the answers.</param>
internal sealed class AbsentCatalog(Task arrival, Metrics metrics)
{
    private const string Detail = "This edge has no catalog from its origin yet. Nothing was stored; send it again.";

    /// <summary>Null when there is a catalog, or the request is a preflight; else the answer.</summary>
    public Task? Refuse(HttpContext context, RouteName route)
    {
        if (arrival.IsCompleted || RequestMethod.IsOptions(context.Request.Method))
        {
            return null;
        }

        metrics.Count(route, Outcome.NotKept);
        if (route != RouteName.BulkTrack)
        {
            Cors.AllowOrigin(context);
        }

        switch (route)
        {
            case RouteName.EventBatch or RouteName.Decide:
                TrafficalResponses.Unavailable(context);
                break;
            case RouteName.Track when !TrackEndpoint.HasArtieKey(context):
                MillimetricResponses.Unavailable(context);
                break;
            case RouteName.Track or RouteName.BulkTrack:
                ArtieResponses.Unavailable(context);
                break;
            case RouteName.Evaluate:
                OfrepResponses.Unavailable(context, OfrepEndpoint.FlagOf(context), Detail);
                break;
            default:
                return Problem.UnavailableAsync(context, Detail);
        }

        return Task.CompletedTask;
    }
}
