using Edge.Catalog;
using Edge.Formats;
using Edge.Journal;
using Edge.Settings;
using Edge.Telemetry;
using Edge.Visits;
using Microsoft.Extensions.Primitives;

namespace Edge.Endpoints.Tracking;

/// <summary>
/// <c>GET|HEAD|POST /s/{slug}/click</c> (spec 4.2): counts a click and redirects to the stored destination of the
/// variant it counts for, never to anything the caller sent. A known link always redirects, whether or not the click
/// could be kept; only a browser that asks ahead of the visit has to ask again, because it would follow the link
/// without us. A page that reports the click itself (<c>ping</c>, beacons) posts and gets 204.
/// </summary>
internal sealed class ClickEndpoint(
    VisitRequestReader requests,
    CatalogHolder catalog,
    VisitRecorder visits,
    DeadLinks dead,
    EventJournal journal,
    AckMode ack,
    OutcomeHeader outcomes,
    RequestLog log
)
{
    public Task HandleAsync(HttpContext context, ReadOnlySpan<char> slug)
    {
        if (!catalog.Current.TryFind(slug, out var experiment) || !experiment.IsServed)
        {
            log.Metrics.Count(RouteName.Click, Outcome.NotFound);
            outcomes.Write(context, experiment, Outcome.NotRunning, default);
            return dead.AnswerAsync(context, experiment, Problem.NoExperiment);
        }
        if (!experiment.HasDestination)
        {
            log.Metrics.Count(RouteName.Click, Outcome.NotFound);
            outcomes.Write(context, experiment, Outcome.NotFound, default);
            return dead.AnswerAsync(context, experiment, "No destination URL configured");
        }
        var outcome = Record(context, experiment, out var recorded);
        log.Metrics.Count(RouteName.Click, outcome);
        outcomes.Write(context, experiment, outcome, recorded);
        if (outcome == Outcome.Prefetch)
        {
            Replies.WriteAskAgain(context.Response);
            return Task.CompletedTask;
        }
        if (RequestMethod.IsPost(context.Request.Method))
        {
            Replies.WriteCounted(context.Response);
        }
        else
        {
            var status = recorded.Fallback is null ? experiment.RedirectStatus : StatusCodes.Status302Found;
            Replies.WriteRedirect(context.Response, LocationOf(context, experiment, recorded), status);
        }
        return ack == AckMode.Disk
            ? Acknowledgement.AfterCommitAsync(context, journal, outcome, recorded.Sequence, log.Metrics)
            : Task.CompletedTask;
    }

    private static StringValues LocationOf(HttpContext context, CatalogEntry experiment, in RecordedVisit recorded)
    {
        var target = recorded.Fallback ?? experiment.Variants[recorded.Variant].Target!;
        if (target.Constant is { Count: > 0 } constant)
        {
            return constant;
        }

        Span<char> clickId = stackalloc char[Events.EventId.TextChars];
        clickId = recorded.Id == default ? default : clickId[..recorded.Id.WriteText(clickId)];
        return target.Complete(context.Request.QueryString.Value, clickId);
    }

    private Outcome Record(HttpContext context, CatalogEntry experiment, out RecordedVisit recorded)
    {
        recorded = new RecordedVisit(experiment.DefaultIndex);
        try
        {
            HeaderLineBuffer lines = default;
            var isHead = RequestMethod.IsHead(context.Request.Method);
            if (experiment.IsRunning && !isHead)
            {
                return visits.Record(requests.Read(context, lines), experiment, VisitKind.Click, out recorded);
            }

            // Mails already sent must not break when a test is paused or over; it only stops counting.
            if (!experiment.HasOneDestination || experiment.Limits is not null)
            {
                recorded = visits.Follow(requests.Read(context, lines), experiment);
            }

            return experiment.IsRunning ? Outcome.Head : Outcome.NotRunning;
        }
#pragma warning disable CA1031 // A known link always redirects; the bug is counted and logged.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return log.Failed(e);
        }
    }
}
