using Edge.Catalog;
using Edge.Formats;
using Edge.Journal;
using Edge.Settings;
using Edge.Telemetry;
using Edge.Visits;

namespace Edge.Endpoints.Tracking;

/// <summary>
/// <c>GET|HEAD|POST /s/{slug}/pixel.gif</c> (spec 4.1): counts an impression and answers the same 43 bytes whatever
/// happened. A pixel is always a pixel, because a broken image in a mail is worse than a lost count. A beacon posts and
/// gets 204.
/// </summary>
internal sealed class PixelEndpoint(
    VisitRequestReader requests,
    CatalogHolder catalog,
    VisitRecorder visits,
    EventJournal journal,
    AckMode ack,
    OutcomeHeader outcomes,
    RequestLog log
)
{
    public Task HandleAsync(HttpContext context, ReadOnlySpan<char> slug)
    {
        var isHead = RequestMethod.IsHead(context.Request.Method);
        HeaderLineBuffer lines = default;
        var request = requests.Read(context, lines);
        var outcome = Count(request, slug, isHead, out var experiment, out var recorded);
        outcomes.Write(context, experiment, outcome, recorded);
        if (RequestMethod.IsPost(context.Request.Method))
        {
            Replies.WriteCounted(context.Response);
        }
        else
        {
            Replies.WritePixel(context.Response, isHead);
        }
        return ack == AckMode.Disk
            ? Acknowledgement.AfterCommitAsync(context, journal, outcome, recorded.Sequence, log.Metrics)
            : Task.CompletedTask;
    }

    /// <summary>Counts an impression, whoever received the request. Never throws.</summary>
    /// <param name="request">The request.</param>
    /// <param name="slug">The slug in its path.</param>
    /// <param name="isHead">Whether it asks for the headers alone, which counts nothing.</param>
    /// <param name="experiment">The experiment; null when there is none.</param>
    /// <param name="recorded">What was recorded.</param>
    public Outcome Count(
        in VisitRequest request,
        ReadOnlySpan<char> slug,
        bool isHead,
        out CatalogEntry? experiment,
        out RecordedVisit recorded
    )
    {
        var outcome = Record(request, slug, isHead, out experiment, out recorded);
        log.Metrics.Count(RouteName.Pixel, outcome);
        return outcome;
    }

    private Outcome Record(
        in VisitRequest request,
        ReadOnlySpan<char> slug,
        bool isHead,
        out CatalogEntry? experiment,
        out RecordedVisit recorded
    )
    {
        (experiment, recorded) = (null, default);
        try
        {
            if (!catalog.Current.TryFind(slug, out experiment))
            {
                return Outcome.NotFound;
            }

            if (!experiment.IsRunning)
            {
                return Outcome.NotRunning;
            }

            return isHead ? Outcome.Head : visits.Record(request, experiment, VisitKind.Impression, out recorded);
        }
#pragma warning disable CA1031 // The promise "a pixel is always a pixel" outranks a narrow catch; the bug is counted and logged.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return log.Failed(e);
        }
    }
}
