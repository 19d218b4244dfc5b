using Edge.Catalog;
using Edge.Formats;
using Edge.Journal;
using Edge.Settings;
using Edge.Telemetry;
using Edge.Visits;

namespace Edge.Endpoints.Tracking;

/// <summary>
/// <c>GET|HEAD /s/{slug}/click</c> (spec 4.2): counts a click and redirects to the stored destination, never to
/// anything the caller sent. A known link always redirects, whether or not the click could be kept.
/// </summary>
internal sealed class ClickEndpoint(
    VisitRequestReader requests,
    CatalogHolder catalog,
    VisitRecorder visits,
    EventJournal journal,
    AckMode ack,
    RequestLog log
)
{
    public Task HandleAsync(HttpContext context, ReadOnlySpan<char> slug)
    {
        if (!catalog.Current.TryFind(slug, out var experiment) || !experiment.IsServed)
        {
            log.Metrics.Count(RouteName.Click, Outcome.NotFound);
            return Problem.ExperimentNotFoundAsync(context);
        }
        if (experiment.Location.Count == 0)
        {
            log.Metrics.Count(RouteName.Click, Outcome.NotFound);
            return Problem.ExperimentNotFoundAsync(context, "No destination URL configured");
        }
        var outcome = Record(context, experiment, out var sequence);
        log.Metrics.Count(RouteName.Click, outcome);
        Replies.WriteRedirect(context.Response, experiment.Location);
        return ack == AckMode.Disk
            ? Acknowledgement.AfterCommitAsync(context, journal, outcome, sequence, log.Metrics)
            : Task.CompletedTask;
    }

    private Outcome Record(HttpContext context, CatalogEntry experiment, out long sequence)
    {
        sequence = 0;
        try
        {
            // Mails already sent must not break when a test is paused or over; it only stops counting.
            if (!experiment.IsRunning)
            {
                return Outcome.NotRunning;
            }

            if (RequestMethod.IsHead(context.Request.Method))
            {
                return Outcome.Head;
            }

            HeaderLineBuffer lines = default;
            return visits.Record(requests.Read(context, lines), experiment, VisitKind.Click, out sequence);
        }
#pragma warning disable CA1031 // A known link always redirects; the bug is counted and logged.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return log.Failed(e);
        }
    }
}
