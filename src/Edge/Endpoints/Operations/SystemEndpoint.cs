using System.Text.Json;
using Edge.Access;
using Edge.Audit;
using Edge.Endpoints.Live;
using Edge.Endpoints.Management;
using Edge.Formats;
using Edge.Forwarding.Pump;
using Edge.Journal;
using Edge.Settings;
using Edge.Telemetry;

namespace Edge.Endpoints.Operations;

/// <summary>
/// <c>GET /system</c>: ledger, journal and sinks of this node for people who may manage experiments, with rates and what
/// follows from them; <c>POST /system/sinks/{name}/pause</c> and <c>/resume</c>, as the commands do. Thread safe.
/// </summary>
internal sealed class SystemEndpoint(
    EdgeOptions options,
    ManagementAccess access,
    Ledger ledger,
    EventJournal journal,
    Forwarder forwarder,
    ForwardingRates rates,
    Readiness readiness,
    LiveFeed live,
    AuditTrail audit,
    TimeProvider time,
    RequestLog log
)
{
    private const string Root = "/system";
    private const string SinkPrefix = Root + "/sinks/";

    private readonly DateTimeOffset _startedAt = time.GetUtcNow();

    /// <summary>Whether a path belongs here.</summary>
    public static bool IsHere(string path) =>
        path == Root || path.StartsWith(SinkPrefix, StringComparison.Ordinal);

    public Task HandleAsync(HttpContext context, string path)
    {
        if (access.Admit(context, RouteName.System, out var refusal) is not { } key)
        {
            return refusal;
        }

        var method = context.Request.Method;
        if (path == Root)
        {
            log.Metrics.Count(RouteName.System, Outcome.Answered);
            return RequestMethod.IsGet(method) || RequestMethod.IsHead(method)
                ? Replies.WriteJsonAsync(context, json => Write(json, key))
                : Problem.MethodNotAllowedAsync(context);
        }

        var parts = path[SinkPrefix.Length..].Split('/');
        if (parts is not [var name, "pause" or "resume"])
        {
            log.Metrics.Count(RouteName.System, Outcome.NotFound);
            return Problem.RouteNotFoundAsync(context);
        }

        if (!RequestMethod.IsPost(method))
        {
            log.Metrics.Count(RouteName.System, Outcome.MethodNotAllowed);
            return Problem.MethodNotAllowedAsync(context, HttpMethods.Post);
        }

        log.Metrics.Count(RouteName.System, Outcome.Answered);
        return SwitchAsync(context, key, name, isPause: parts[1] == "pause");
    }

    /// <summary>A sink takes the events of all teams, so only a key that belongs to none may hold it back.</summary>
    private Task SwitchAsync(HttpContext context, ApiKey key, string name, bool isPause)
    {
        if (key.IsReadOnly)
        {
            return ManagementAccess.RefuseChangeAsync(context);
        }

        if (key.Team is not null)
        {
            return Problem.WriteAsync(
                context,
                StatusCodes.Status403Forbidden,
                "team-key",
                "Key Of A Team",
                "A sink takes the events of every team; pausing it needs a management key without a project."
            );
        }

        if (!IsPausable(name))
        {
            return Problem.WriteAsync(
                context,
                StatusCodes.Status404NotFound,
                "sink-not-found",
                "Sink Not Found",
                "There is no such sink, or it cannot be paused."
            );
        }

        try
        {
            if (isPause)
            {
                PauseSwitch.Pause(options.DataDir, name);
            }
            else
            {
                PauseSwitch.Resume(options.DataDir, name);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.Failed(e);
            return Problem.UnavailableAsync(context, "The change could not be stored; nothing has changed.");
        }

        audit.Record(key, isPause ? AuditAction.PauseSink : AuditAction.ResumeSink, name);
        return Replies.WriteJsonAsync(
            context,
            json =>
            {
                json.WriteString("name", name);
                json.WriteBoolean("paused", isPause);
            }
        );
    }

    private bool IsPausable(string name)
    {
        foreach (var sink in options.Sinks)
        {
            if (sink.Name == name && sink.Enabled)
            {
                return true;
            }
        }

        return false;
    }

    private void Write(Utf8JsonWriter json, ApiKey key)
    {
        // Received is read last: what arrives meanwhile shows as unaccounted, never as less than nothing.
        var status = journal.Status;
        SinkStatus[] sinks = [.. forwarder.Statuses];
        var before = rates.Take(status, sinks);
        json.WriteString("node", options.Node);
        json.WriteString("role", WireNames<NodeRole>.Lower.Text(options.Role));
        json.WriteString("version", BuildInfo.Version);
        json.WriteString("startedAt", Timestamp.Format(_startedAt));
        json.WriteString("now", Timestamp.Format(time.GetUtcNow()));
        json.WriteString("notReadyReason", readiness.NotReadyReason);
        WriteJournal(json, status, before);
        json.WriteStartArray("sinks");
        foreach (var sink in sinks)
        {
            WriteSink(json, sink, before, status, key);
        }

        json.WriteEndArray();
        WriteLedger(json, status);
        json.WriteStartObject("live");
        json.WriteNumber("readers", live.Readers);
        json.WriteNumber("readersMax", LiveFeed.ReadersMax);
        json.WriteNumber("dropped", live.Dropped);
        json.WriteEndObject();
    }

    private void WriteLedger(Utf8JsonWriter json, JournalStatus status)
    {
        json.WriteStartObject("ledger");
        LedgerEndpoint.WriteDropped(json, ledger);
        var (dropped, received) = (ledger.DroppedTotal, ledger.Received);
        json.WriteNumber("droppedTotal", dropped);
        json.WriteNumber("stored", status.CommittedSequence);
        json.WriteNumber("inFlight", status.AppendedSequence - status.CommittedSequence);
        json.WriteNumber("received", received);
        json.WriteNumber("unaccounted", received - status.AppendedSequence - dropped);
        json.WriteEndObject();
    }

    private void WriteJournal(Utf8JsonWriter json, JournalStatus status, ForwardingRates.Look? before)
    {
        json.WriteStartObject("journal");
        json.WriteString("state", PrometheusText.SnakeCase(status.State.ToString()));
        json.WriteString("fault", status.Fault);
        json.WriteNumber("heldBytes", status.HeldBytes);
        json.WriteNumber("diskBytes", status.DiskBytes);
        json.WriteNumber("maxBytes", options.JournalMaxBytes);
        json.WriteNumber("softMarkPercent", options.JournalSoftMarkPercent);
        json.WriteNumber("fillPercent", Math.Round(100.0 * status.HeldBytes / options.JournalMaxBytes, 2));
        json.WriteNumber("freeBytes", status.FreeBytes);
        json.WriteNumber("quarantinedPages", status.QuarantinedPages);
        json.WriteNumber("roomBytes", status.RoomBytes);
        double? events = before is null ? null : rates.PerSecond(before, before.Stored, status.CommittedSequence);
        double? bytes = before is null ? null : rates.PerSecond(before, before.TailAddress, status.TailAddress);
        WriteNumber(json, "storedPerSecond", events);
        WriteNumber(json, "bytesPerSecond", bytes);
        WriteNumber(json, "secondsUntilFull", rates.SecondsUntilFull(before, status));
        json.WriteEndObject();
    }

    private void WriteSink(
        Utf8JsonWriter json,
        SinkStatus sink,
        ForwardingRates.Look? before,
        JournalStatus status,
        ApiKey key
    )
    {
        json.WriteStartObject();
        json.WriteString("name", sink.Name);
        json.WriteString("state", PrometheusText.SnakeCase(sink.State.ToString()));
        json.WriteBoolean("pausable", IsPausable(sink.Name));
        json.WriteNumber("stored", sink.Stored);
        json.WriteNumber("forwarded", sink.Forwarded);
        json.WriteNumber("pending", sink.Pending);
        json.WriteNumber("deadLettered", sink.DeadLettered);
        json.WriteNumber("skipped", sink.Skipped);
        json.WriteNumber("filtered", sink.Filtered);
        json.WriteNumber("pendingBytes", sink.PendingBytes);
        json.WriteNumber("oldestPendingSeconds", Math.Round(sink.OldestPendingAge.TotalSeconds, 3));
        json.WriteNumber("errors", sink.Errors);
        // It names hosts of the internal network, which are no business of a team.
        json.WriteString("lastError", key.Team is null ? sink.LastError : null);
        json.WriteString("lastErrorAt", sink.LastErrorAt is { } at ? Timestamp.Format(at) : null);
        double? rate =
            before is not null && before.Passed.TryGetValue(sink.Name, out var passed)
                ? rates.PerSecond(before, passed, ForwardingRates.PassedBy(sink))
                : null;
        WriteNumber(json, "perSecond", rate);
        var gain = rate - (before is null ? 0 : rates.PerSecond(before, before.Stored, status.CommittedSequence));
        WriteNumber(
            json,
            "secondsUntilCaughtUp",
            sink.Pending == 0 ? 0
                : gain > 0 ? Math.Round(sink.Pending / gain.Value)
                : null
        );
        json.WriteEndObject();
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
