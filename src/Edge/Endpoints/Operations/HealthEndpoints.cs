using System.Text;
using Edge.Duplicates;
using Edge.Forwarding.Pump;
using Edge.Journal;
using Edge.Telemetry;

namespace Edge.Endpoints.Operations;

/// <summary>
/// <c>/healthz</c>: the process can still do its work, else restart it. <c>/readyz</c>: send traffic here, with the
/// reason in the body when not. <c>/readyz?visitors</c>: send visitors here, who are answered while the journal is full
/// too.
/// </summary>
internal sealed class HealthEndpoints(
    Readiness readiness,
    EventJournal journal,
    Forwarder forwarder,
    DuplicateRestore restore
)
{
    private const string VisitorsQuery = "?visitors";
    private const string JournalFull = "journal full";

    /// <summary>
    /// 200 while the process should be left alone; 503 once the journal is lost and only a restart helps.
    /// </summary>
    public Task LiveAsync(HttpContext context) =>
        journal.Status.State == JournalState.Faulted
            ? WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "journal fault")
            : WriteAsync(context, StatusCodes.Status200OK, "ok");

    public Task ReadyAsync(HttpContext context)
    {
        switch (ReasonOf(readiness, journal.Status.State))
        {
            case JournalFull when context.Request.QueryString.Value == VisitorsQuery:
                return WriteAsync(context, StatusCodes.Status200OK, $"ready for visitors: {JournalFull}{WaitsFor()}");
            case JournalFull:
                return WriteNotReadyAsync(context, JournalFull + WaitsFor());
            case { } reason:
                return WriteNotReadyAsync(context, reason);
        }

        var degraded =
            journal.Status.State == JournalState.SoftFull ? "journal above its soft mark" + WaitsFor()
            : !restore.IsDone ? "reading the ids of earlier events; events with ids wait for that"
            : null;
        return WriteAsync(
            context,
            StatusCodes.Status200OK,
            degraded is null ? "ready" : "ready, degraded: " + degraded
        );
    }

    /// <summary>Why it wants no traffic; null when it does.</summary>
    public static string? ReasonOf(Readiness readiness, JournalState journal) =>
        readiness.NotReadyReason
        ?? journal switch
        {
            JournalState.Faulted => "journal fault",
            JournalState.Full => JournalFull,
            _ => null,
        };

    /// <summary>
    /// The sink the journal is held for; nothing when no sink is behind. The ledger says why.
    /// </summary>
    private string WaitsFor()
    {
        SinkStatus? behind = null;
        foreach (var sink in forwarder.Statuses)
        {
            if (sink.Pending > 0 && (behind is null || sink.DurableCursor.Address < behind.DurableCursor.Address))
            {
                behind = sink;
            }
        }

        if (behind is null)
        {
            return "";
        }

        return $"; sink {behind.Name} ({PrometheusText.SnakeCase(behind.State.ToString())}) has {behind.Pending} events to take";
    }

    private static Task WriteNotReadyAsync(HttpContext context, string reason) =>
        WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "not ready: " + reason);

    private static Task WriteAsync(HttpContext context, int status, string text)
    {
        var response = context.Response;
        var body = Encoding.UTF8.GetBytes(text + "\n");
        response.StatusCode = status;
        response.ContentType = "text/plain; charset=utf-8";
        response.ContentLength = body.Length;
        Replies.ForbidCaching(response.Headers);
        return RequestMethod.IsHead(context.Request.Method)
            ? Task.CompletedTask
            : response.Body.WriteAsync(body).AsTask();
    }
}
