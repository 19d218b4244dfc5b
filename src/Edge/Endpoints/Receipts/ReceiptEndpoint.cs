using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Edge.Access;
using Edge.Duplicates;
using Edge.Events;
using Edge.Formats;
using Edge.Forwarding.DeadLetters;
using Edge.Forwarding.Pump;
using Edge.Journal;
using Edge.Journal.Recovery;
using Edge.Telemetry;
using EventId = Edge.Events.EventId;

namespace Edge.Endpoints.Receipts;

/// <summary>
/// <c>GET /receipts/{id}</c>: what became of one event that this node has accepted, by its own id or by that of its
/// sender: where it stands in the journal, and at each sink whether it is taken; or why it was not stored. Reads the
/// journal's files, a few of them at a time and as much as <see cref="RecordFinder.BytesMax"/>, on threads of the pool.
/// </summary>
/// <param name="access">Who may ask.</param>
/// <param name="journal">The journal.</param>
/// <param name="options">Where its files are.</param>
/// <param name="duplicates">Knows the ids of senders.</param>
/// <param name="forwarder">The sinks.</param>
/// <param name="metrics">Where requests are counted.</param>
internal sealed class ReceiptEndpoint(
    ReceiptAccess access,
    EventJournal journal,
    JournalOptions options,
    DuplicateWindow duplicates,
    Forwarder forwarder,
    Metrics metrics
)
{
    public const string Prefix = "/receipts/";

    /// <summary>Characters of an id: as many as senders' ids may have.</summary>
    private const int IdCharsMax = 256;

    /// <summary>Receipts that are looked for at the same time.</summary>
    private const int SearchesMax = 4;

    private const string NotFound = "This node has no event of this id, or no longer, or it belongs to another project.";

    private const string GaveUp =
        "This event could not be found: there are more events of its time than are looked through. If it is a sender's id, ask within a day.";

    private int _searches;

    public Task HandleAsync(HttpContext context)
    {
        if (!RequestMethod.IsGet(context.Request.Method) && !RequestMethod.IsHead(context.Request.Method))
        {
            metrics.Count(RouteName.Receipts, Outcome.MethodNotAllowed);
            return Problem.MethodNotAllowedAsync(context);
        }
        if (access.Admit(context, out var refusal) is not { } key)
        {
            return refusal;
        }
        var id = context.Request.Path.Value![Prefix.Length..];
        var isEventId = DeadLetterFiles.TryParseId(id, out var eventId);
        if (id.Length is 0 or > IdCharsMax || (!isEventId && ReceiptAccess.ApiOf(key.Kind) is null))
        {
            metrics.Count(RouteName.Receipts, Outcome.Refused);
            return Problem.ValidationAsync(
                context,
                [
                    new Violation(
                        "id",
                        "must be the id of an event, such as 0198c2a4-7d3e-7a10-8000-3f9b1c2d4e5f, or with a sender's key what it sent as the id",
                        ViolationCodes.InvalidFormat
                    ),
                ]
            );
        }
        return AnswerAsync(context, key, id, isEventId ? eventId : null);
    }

    private async Task AnswerAsync(HttpContext context, ApiKey key, string id, EventId? eventId)
    {
        // What was answered just now with Edge-Ack: memory is found, too.
        if (journal.AppendedSequence is > 0 and var appended)
        {
            await journal.WaitForCommitAsync(appended, CancellationToken.None);
        }
        if (Interlocked.Increment(ref _searches) > SearchesMax)
        {
            Interlocked.Decrement(ref _searches);
            metrics.Count(RouteName.Receipts, Outcome.RateLimited);
            await Problem.UnavailableAsync(context, "Other receipts are being looked for. Ask again.");
            return;
        }
        (Receipt? Found, string Problem) result;
        try
        {
            result = await Task.Run(() => Find(key, id, eventId));
        }
        catch (JournalException e)
        {
            metrics.Count(RouteName.Receipts, Outcome.Refused);
            await Problem.UnavailableAsync(context, e.Message);
            return;
        }
        finally
        {
            Interlocked.Decrement(ref _searches);
        }
        if (result.Found is { } receipt)
        {
            metrics.Count(RouteName.Receipts, Outcome.Answered);
            await Replies.WriteJsonAsync(context, json => Write(json, receipt));
            return;
        }
        metrics.Count(RouteName.Receipts, Outcome.NotFound);
        await Problem.WriteAsync(
            context,
            StatusCodes.Status404NotFound,
            "receipt-not-found",
            "Receipt Not Found",
            result.Problem
        );
    }

    private (Receipt? Found, string Problem) Find(ApiKey key, string id, EventId? eventId)
    {
        var project = Encode(key.Project ?? ApiKey.DefaultProject);
        using var view = JournalView.Open(options);
        if (SequenceOf(key, id) is { } sequence)
        {
            var found = view.Finder.Find(sequence, out var bySequence);
            return found == FindResult.Found
                ? (Read(bySequence.Envelope.Id, bySequence.Envelope.Sequence, bySequence.Address, bySequence.Payload), "")
                : (null, found == FindResult.Damaged ? "The page of the journal that held this event is damaged." : NotFound);
        }
        if (eventId is not { } own)
        {
            return (null, NotFound);
        }
        if (journal.DropOf(own, project) is { } reason)
        {
            return (new Receipt(own, reason), "");
        }
        var result = view.Finder.Find(own, out var record);
        if (result != FindResult.Found)
        {
            return (null, result == FindResult.GaveUp ? GaveUp : NotFound);
        }
        return IsOf(record.Payload, project, key)
            ? (Read(own, record.Envelope.Sequence, record.Address, record.Payload), "")
            : (null, NotFound);
    }

    /// <summary>Where the event stands that a sender gave this id; null when nothing is known of it.</summary>
    private long? SequenceOf(ApiKey key, string id)
    {
        if (ReceiptAccess.ApiOf(key.Kind) is not { } api)
        {
            return null;
        }
        var scope = DuplicateScope.Of(duplicates.Hash, api, key.Project ?? ApiKey.DefaultProject, key.Environment);
        return duplicates.Find(scope.HashOf(Encoding.UTF8.GetBytes(id)));
    }

    /// <summary>Whether an event is one of the key's project, and of its environment if it has one.</summary>
    private static bool IsOf(ReadOnlySpan<byte> payload, ReadOnlySpan<byte> project, ApiKey key) =>
        EventSchema.ProjectOf(payload).SequenceEqual(project)
        && (
            key.Environment is not { } environment
            || EventSchema.TextOf(payload, EventSchema.Environment).SequenceEqual(Encode(environment))
        );

    private static byte[] Encode(string text) =>
        JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes.ToArray();

    private Receipt Read(EventId id, long sequence, long address, ReadOnlySpan<byte> payload)
    {
        var sinks = new List<SinkReceipt>();
        foreach (var pump in forwarder.SinksOf(null))
        {
            sinks.Add(pump.ReceiptOf(sequence, id, payload));
        }
        return new Receipt(id, null)
        {
            Sequence = sequence,
            Address = address,
            Api = EventSchema.TextOf(payload, EventSchema.Api).ToArray(),
            Project = EventSchema.ProjectOf(payload).ToArray(),
            Type = EventSchema.TextOf(payload, EventSchema.Type).ToArray(),
            SenderId = EventSchema.TextOf(payload, EventSchema.SenderId).ToArray(),
            Sinks = sinks,
        };
    }

    private static void Write(Utf8JsonWriter json, Receipt receipt)
    {
        json.WriteStartObject("receipt");
        json.WriteString("id", receipt.Id.ToString());
        json.WriteString("state", receipt.Dropped is null ? "stored" : "dropped");
        json.WriteString("createdAt", Timestamp.Format(receipt.Id.CreatedAt));
        if (receipt.Dropped is { } reason)
        {
            json.WriteString("reason", PrometheusText.SnakeCase(reason.ToString()));
            json.WriteEndObject();
            return;
        }
        WriteEncoded(json, "api", receipt.Api);
        WriteEncoded(json, "project", receipt.Project);
        WriteEncoded(json, "type", receipt.Type);
        WriteEncoded(json, "eventId", receipt.SenderId);
        json.WriteStartObject("journal");
        json.WriteNumber("sequence", receipt.Sequence);
        json.WriteNumber("address", receipt.Address);
        json.WriteEndObject();
        json.WriteStartArray("sinks");
        foreach (var sink in receipt.Sinks)
        {
            json.WriteStartObject();
            json.WriteString("name", sink.Sink);
            json.WriteString("state", PrometheusText.SnakeCase(sink.Fate.ToString()));
            if (sink.By is { } by)
            {
                json.WriteString("by", Timestamp.Format(by));
            }
            else
            {
                json.WriteNull("by");
            }
            json.WriteBoolean("durable", sink.IsDurable);
            json.WriteString("sink", PrometheusText.SnakeCase(sink.State.ToString()));
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Writes a text as the event has it, escapes included; null when it has none.</summary>
    private static void WriteEncoded(Utf8JsonWriter json, string name, byte[] text)
    {
        json.WritePropertyName(name);
        if (text.Length == 0)
        {
            json.WriteNullValue();
            return;
        }
        json.WriteRawValue([(byte)'"', .. text, (byte)'"'], skipInputValidation: true);
    }

    /// <summary>What is known of one event.</summary>
    /// <param name="Id">The event.</param>
    /// <param name="Dropped">Why it was not stored; null when it was.</param>
    private sealed record Receipt(EventId Id, DropReason? Dropped)
    {
        public long Sequence { get; init; }
        public long Address { get; init; }
        public byte[] Api { get; init; } = [];
        public byte[] Project { get; init; } = [];
        public byte[] Type { get; init; } = [];
        public byte[] SenderId { get; init; } = [];
        public IReadOnlyList<SinkReceipt> Sinks { get; init; } = [];
    }
}
