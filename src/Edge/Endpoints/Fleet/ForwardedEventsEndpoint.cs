using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using Edge.Duplicates;
using Edge.Endpoints.Ingestion;
using Edge.Events;
using Edge.Formats;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Requests.Bodies;
using Edge.Telemetry;
using EventId = Edge.Events.EventId;

namespace Edge.Endpoints.Fleet;

/// <summary>
/// <c>POST /fleet/events</c>: a batch of events as an edge's journal has them, in one JSON array. They go into this
/// journal byte by byte, all or none, each once however often its edge sends it, and are counted and forwarded from
/// there like events of this node. The answer comes after the commit.
/// </summary>
internal sealed class ForwardedEventsEndpoint(
    FleetAccess access,
    BodyRules rules,
    int payloadBytesMax,
    DuplicateWindow duplicates,
    DuplicateRestore restore,
    EventJournal journal,
    Metrics metrics
)
{
    public const string Path = "/fleet/events";

    /// <summary>Most bytes of a batch, inflated: four times what a sink sends unless it is told otherwise.</summary>
    public const int BytesMax = 16 << 20;

    /// <summary>The word under which these events are counted; their own member <c>api</c> stays as it is.</summary>
    public const string Api = "fleet";

    /// <summary>Header of the engine and padding of one record.</summary>
    private const int RecordBytes = 128;

    public Task HandleAsync(HttpContext context)
    {
        RequestBody.Expect(context, rules);
        if (access.Refuse(context) is { } refusal)
        {
            return refusal;
        }

        if (!RequestMethod.IsPost(context.Request.Method))
        {
            metrics.Count(RouteName.Fleet, Outcome.MethodNotAllowed);
            return Problem.MethodNotAllowedAsync(context, HttpMethods.Post);
        }

        return RequestBody.ReadAsync(context, rules, body => StoreAsync(context, body));
    }

    private async Task StoreAsync(HttpContext context, ReceivedBody body)
    {
        if (body.Fault != BodyFault.None)
        {
            metrics.Count(RouteName.Fleet, Outcome.Refused);
            await Problem.BodyAsync(context, body.Fault, rules);
            return;
        }

        if (Read(body.Bytes, out var problem) is not { } events)
        {
            metrics.Count(RouteName.Fleet, Outcome.Refused);
            metrics.CountRefusedEvents(Api, 1);
            await Problem.ValidationAsync(context, [problem]);
            return;
        }

        if (!await restore.WaitAsync() || await ReserveAsync(events, body.Bytes.Length) is not { } room)
        {
            await UnavailableAsync(context);
            return;
        }

        var receipt = Append(events, room);
        var isKept =
            receipt.Failed == 0
            && (receipt.Sequence == 0 || await journal.WaitForCommitAsync(receipt.Sequence, CancellationToken.None));
        metrics.CountEvents(Api, receipt.Stored, receipt.Repeated);
        if (!isKept)
        {
            await UnavailableAsync(context);
            return;
        }

        metrics.Count(RouteName.Fleet, Outcome.Recorded);
        await Replies.WriteJsonAsync(
            context,
            json =>
            {
                json.WriteNumber("stored", receipt.Stored);
                json.WriteNumber("repeated", receipt.Repeated);
            }
        );
    }

    private Task UnavailableAsync(HttpContext context)
    {
        metrics.Count(RouteName.Fleet, Outcome.NotKept);
        return Problem.UnavailableAsync(context, "The journal takes no events at the moment; send the batch again.");
    }

    /// <summary>The events of a body; null when one of them is none that an edge has written.</summary>
    private List<ForwardedEvent>? Read(ReadOnlyMemory<byte> body, out Violation problem)
    {
        var events = new List<ForwardedEvent>();
        problem = new Violation("", "must be an array of events", ViolationCodes.InvalidType);
        try
        {
            var reader = new Utf8JsonReader(body.Span);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
            {
                return null;
            }

            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                var payload = body[start..(int)reader.BytesConsumed];
                if (payload.Length > payloadBytesMax)
                {
                    problem = At(
                        events.Count,
                        $"must have at most {payloadBytesMax} bytes, for a page of this journal (journal.pageBytes)"
                    );
                    return null;
                }

                if (IdOf(payload.Span) is not { } id)
                {
                    problem = At(events.Count, "has no id, or is not as an edge writes it");
                    return null;
                }

                events.Add(new ForwardedEvent(payload, id));
            }

            return reader.Read() ? null : events;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static Violation At(int index, string message) => new($"[{index}]", message, ViolationCodes.InvalidFormat);

    private static EventId? IdOf(ReadOnlySpan<byte> payload)
    {
        var members = new EventScanner(payload);
        EventId? id = null;
        Span<byte> bytes = stackalloc byte[EventId.Bytes];
        // To its end: what is stored is read by every sink, and must be whole.
        while (members.Next())
        {
            if (members.Name.SequenceEqual("id"u8) && TryReadGuid(members.PlainText, out var guid))
            {
                guid.TryWriteBytes(bytes, bigEndian: true, out _);
                id = EventId.ReadBytes(bytes);
            }
        }

        return members.IsBroken ? null : id;
    }

    private static bool TryReadGuid(ReadOnlySpan<byte> text, out Guid guid) =>
        Utf8Parser.TryParse(text, out guid, out var read, 'D') && read == text.Length;

    private ValueTask<JournalRoom?> ReserveAsync(List<ForwardedEvent> events, int bodyBytes)
    {
        var need = default(RoomNeed);
        foreach (var e in events)
        {
            need = need.With(e.Payload.Length + Envelope.HeaderBytes + RecordBytes);
        }

        // A long body is handled on a thread of its own, which waits here itself.
        return bodyBytes > LargeBodies.FromBytes ? new(journal.Reserve(need)) : journal.ReserveAsync(need);
    }

    private Receipt Append(List<ForwardedEvent> events, JournalRoom room)
    {
        using var used = room;
        var receipt = default(Receipt);
        var record = ArrayPool<byte>.Shared.Rent(Envelope.HeaderBytes + payloadBytesMax);
        foreach (var e in events)
        {
            var id = duplicates.HashOf(e.Id);
            if (!duplicates.TryClaim(id, out var known))
            {
                receipt.Add(EventFate.Repeated, known);
                continue;
            }

            e.Payload.Span.CopyTo(record.AsSpan(Envelope.HeaderBytes));
            var result = journal.TryAppend(
                record.AsSpan(0, Envelope.HeaderBytes + e.Payload.Length),
                e.Id,
                out var sequence,
                room,
                isSynthetic: EventSchema.IsSynthetic(e.Payload.Span)
            );
            if (result == AppendResult.Appended)
            {
                duplicates.Settle(id, sequence);
            }
            else
            {
                duplicates.Forget(id);
            }

            receipt.Add(result, sequence);
        }

        ArrayPool<byte>.Shared.Return(record);
        return receipt;
    }

    /// <param name="Payload">The event, a view of the body.</param>
    /// <param name="Id">Its id.</param>
    private readonly record struct ForwardedEvent(ReadOnlyMemory<byte> Payload, EventId Id);
}
