using System.Buffers;
using System.Text.Json;
using Edge.Formats;
using Edge.Forwarding.Pump;
using Edge.Journal;
using Edge.Telemetry;

namespace Edge.Endpoints.Operations;

/// <summary>
/// <c>GET /ledger</c>: the conservation counters with their equations, since the journal's birth:
/// <c>received = stored + in_flight + dropped + unaccounted</c>, where unaccounted is 0 unless an event is just being
/// appended, and for every sink <c>stored = forwarded + pending + dead_lettered + skipped</c>, with <c>filtered</c> a
/// part of skipped. Of these, <c>synthetic</c> are tests'. Every figure is counted where it happens.
/// </summary>
internal sealed class LedgerEndpoint(Ledger ledger, EventJournal journal, Forwarder forwarder)
{
    private const string HiddenError = "hidden here; the log has it, and /ledger on adminUrls";

    public async Task HandleAsync(HttpContext context)
    {
        var body = new ArrayBufferWriter<byte>(1_024);
        using (var json = new Utf8JsonWriter(body, new JsonWriterOptions { Indented = true }))
        {
            Write(json, AdminListener.IsMarked(context));
        }

        var response = context.Response;
        response.ContentType = "application/json";
        response.ContentLength = body.WrittenCount;
        Replies.ForbidCaching(response.Headers);
        if (!RequestMethod.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(body.WrittenMemory);
        }
    }

    /// <summary>Writes the member <c>dropped</c>: the events that were not stored, by reason.</summary>
    public static void WriteDropped(Utf8JsonWriter json, Ledger ledger)
    {
        json.WriteStartObject("dropped");
        foreach (var reason in Enum.GetValues<DropReason>())
        {
            json.WriteNumber(PrometheusText.SnakeCase(reason.ToString()), ledger.Dropped(reason));
        }

        json.WriteEndObject();
    }

    /// <param name="json">Takes the ledger.</param>
    /// <param name="isAdmin">Whether only operators can read it.</param>
    private void Write(Utf8JsonWriter json, bool isAdmin)
    {
        // Events move on while they are counted: received is read last, so what arrives meanwhile shows as unaccounted,
        // never as less than nothing.
        var status = journal.Status;
        json.WriteStartObject();
        json.WriteString("epoch", journal.EpochId.ToString("x32", null));
        json.WriteNumber("stored", status.CommittedSequence);
        json.WriteNumber("in_flight", status.AppendedSequence - status.CommittedSequence);
        WriteDropped(json, ledger);
        var dropped = ledger.DroppedTotal;
        json.WriteNumber("dropped_total", dropped);
        json.WriteNumber("quarantined_pages", status.QuarantinedPages);
        json.WriteStartArray("sinks");
        foreach (var sink in forwarder.Statuses)
        {
            WriteSink(json, sink, isAdmin);
        }

        json.WriteEndArray();
        var received = ledger.Received;
        json.WriteNumber("received", received);
        json.WriteNumber("unaccounted", received - status.AppendedSequence - dropped);
        WriteSynthetic(json);
        json.WriteEndObject();
    }

    /// <summary>How many of the events are tests'.</summary>
    private void WriteSynthetic(Utf8JsonWriter json)
    {
        var (stored, dropped) = (ledger.SyntheticStored, ledger.SyntheticDropped);
        json.WriteStartObject("synthetic");
        json.WriteNumber("received", stored + dropped);
        json.WriteNumber("stored", stored);
        json.WriteNumber("dropped", dropped);
        json.WriteEndObject();
    }

    private static void WriteSink(Utf8JsonWriter json, SinkStatus sink, bool isAdmin)
    {
        json.WriteStartObject();
        json.WriteString("sink", sink.Name);
        json.WriteNumber("stored", sink.Stored);
        json.WriteNumber("forwarded", sink.Forwarded);
        json.WriteNumber("pending", sink.Pending);
        json.WriteNumber("dead_lettered", sink.DeadLettered);
        json.WriteNumber("skipped", sink.Skipped);
        json.WriteNumber("filtered", sink.Filtered);
        json.WriteNumber("synthetic", sink.Synthetic);
        json.WriteNumber("pending_bytes", sink.PendingBytes);
        json.WriteNumber("sent_bytes", sink.Bytes);
        json.WriteNumber("batches", sink.Batches);
        json.WriteNumber("errors", sink.Errors);
        json.WriteNumber("oldest_pending_seconds", sink.OldestPendingAge.TotalSeconds);
        json.WriteString("state", PrometheusText.SnakeCase(sink.State.ToString()));
        // It names hosts of the internal network, and repeats what they answered.
        json.WriteString("last_error", isAdmin || sink.LastError is null ? sink.LastError : HiddenError);
        if (sink.LastErrorAt is { } at)
        {
            json.WriteString("last_error_at", Timestamp.Format(at));
        }

        json.WriteEndObject();
    }
}
