using System.Diagnostics.CodeAnalysis;
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
        if (!TryFind(slug, out var experiment))
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
        HeaderLineBuffer lines = default;
        var isHead = RequestMethod.IsHead(context.Request.Method);
        var outcome = Count(requests.Read(context, lines), experiment, isHead, out var recorded);
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
            var location = LocationOf(context.Request.QueryString.Value, experiment, recorded);
            Replies.WriteRedirect(context.Response, location, StatusOf(experiment, recorded));
        }
        return ack == AckMode.Disk
            ? Acknowledgement.AfterCommitAsync(context, journal, outcome, recorded.Sequence, log.Metrics)
            : Task.CompletedTask;
    }

    /// <summary>Finds the experiment of a link that is served.</summary>
    public bool TryFind(ReadOnlySpan<char> slug, [NotNullWhen(true)] out CatalogEntry? experiment) =>
        catalog.Current.TryFind(slug, out experiment) && experiment.IsServed;

    /// <summary>Counts a click, whoever received the request. Never throws.</summary>
    /// <param name="request">The request.</param>
    /// <param name="experiment">The link's experiment, which leads somewhere.</param>
    /// <param name="isHead">Whether it asks for the headers alone, which counts nothing.</param>
    /// <param name="recorded">What was recorded.</param>
    public Outcome Count(in VisitRequest request, CatalogEntry experiment, bool isHead, out RecordedVisit recorded)
    {
        var outcome = Record(request, experiment, isHead, out recorded);
        log.Metrics.Count(RouteName.Click, outcome);
        return outcome;
    }

    /// <summary>The status that a click's redirect has.</summary>
    public static int StatusOf(CatalogEntry experiment, in RecordedVisit recorded) =>
        recorded.Fallback is null ? experiment.RedirectStatus : StatusCodes.Status302Found;

    /// <summary>Where a click leads.</summary>
    /// <param name="query">Its query as it was sent.</param>
    /// <param name="experiment">The link's experiment.</param>
    /// <param name="recorded">What was recorded.</param>
    public static StringValues LocationOf(
        ReadOnlySpan<char> query,
        CatalogEntry experiment,
        in RecordedVisit recorded
    )
    {
        if (TargetOf(experiment, recorded).Constant is { Count: > 0 } constant)
        {
            return constant;
        }

        Span<char> room = stackalloc char[LinkTarget.LocationCharsMax];
        return LocationOf(query, experiment, recorded, room).ToString();
    }

    /// <summary>The same without an allocation.</summary>
    /// <param name="query">Its query as it was sent.</param>
    /// <param name="experiment">The link's experiment.</param>
    /// <param name="recorded">What was recorded.</param>
    /// <param name="room"><see cref="LinkTarget.LocationCharsMax"/> characters that the result may point into.</param>
    public static ReadOnlySpan<char> LocationOf(
        ReadOnlySpan<char> query,
        CatalogEntry experiment,
        in RecordedVisit recorded,
        Span<char> room
    )
    {
        var target = TargetOf(experiment, recorded);
        if (target.Constant is { Count: > 0 } constant)
        {
            return constant[0];
        }

        Span<char> clickId = stackalloc char[Events.EventId.TextChars];
        clickId = recorded.Id == default ? default : clickId[..recorded.Id.WriteText(clickId)];
        return room[..target.Write(query, clickId, room)];
    }

    private static LinkTarget TargetOf(CatalogEntry experiment, in RecordedVisit recorded) =>
        recorded.Fallback ?? experiment.Variants[recorded.Variant].Target!;

    private Outcome Record(
        in VisitRequest request,
        CatalogEntry experiment,
        bool isHead,
        out RecordedVisit recorded
    )
    {
        recorded = new RecordedVisit(experiment.DefaultIndex);
        try
        {
            if (experiment.IsRunning && !isHead)
            {
                return visits.Record(request, experiment, VisitKind.Click, out recorded);
            }

            // Mails already sent must not break when a test is paused or over; it only stops counting.
            if (!experiment.HasOneDestination || experiment.Limits is not null)
            {
                recorded = visits.Follow(request, experiment);
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
