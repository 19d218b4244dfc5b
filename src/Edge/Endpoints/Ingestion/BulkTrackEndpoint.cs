using System.Buffers;
using System.Text.Json;
using Edge.Access;
using Edge.Events;
using Edge.Requests.Bodies;
using Edge.Requests.Ingestion;
using Edge.Telemetry;

namespace Edge.Endpoints.Ingestion;

/// <summary>
/// <c>POST /v1/bulk-track</c> (spec 7): all events of a request or none. With an Artie key on <c>/v1/track</c>, one
/// event (spec 7.8).
/// </summary>
internal sealed class BulkTrackEndpoint(
    KeyRing keys,
    KeyRates rates,
    WrongKeys wrong,
    BodyRules rules,
    EventRecorder recorder,
    IngestGate gate,
    Metrics metrics
)
{
    /// <summary>10 MiB, as sent and inflated (spec 7.5).</summary>
    public const int BytesMax = 10 << 20;

    private const string Allow = "POST";

    /// <summary>Ids of an answer that the thread's own buffer takes, about 32 KiB; longer answers are counted.</summary>
    private const int IdsPerPiece = 800;

    private const int PieceBytes = 32 << 10;

    public Task HandleAsync(HttpContext context)
    {
        RequestBody.Expect(context, rules);
        if (!RequestMethod.IsPost(context.Request.Method))
        {
            ArtieResponses.MethodNotAllowed(context, Allow);
            return Done(Outcome.MethodNotAllowed);
        }
        if (!Bearer.TryRead(context.Request.Headers.Authorization, out var secret))
        {
            ArtieResponses.Unauthorized(context);
            return Done(Outcome.Unauthorized);
        }
        if (keys.Find(secret) is not { Kind: KeyKind.Artie } key)
        {
            if (wrong.Count(context) is { } rate)
            {
                ArtieResponses.RateLimited(context, rate.RetryAfter);
                return Done(Outcome.RateLimited);
            }

            ArtieResponses.Unauthorized(context, KeyMixUp.Of(keys.KindOf(secret), [KeyKind.Artie], "send a key artie_"));
            return Done(Outcome.Unauthorized);
        }
        return TrackAsync(context, key, isSingle: false);
    }

    /// <summary>Reads, records and confirms what the owner of a key sent.</summary>
    public async Task TrackAsync(HttpContext context, ApiKey key, bool isSingle)
    {
        if (!rates.TryTake(context, key.Id, isSecret: true, out var retryAfter))
        {
            ArtieResponses.RateLimited(context, retryAfter);
            Count(Outcome.RateLimited);
            return;
        }
        using var answer = new PooledBytes(rules.Budget);
        await RequestBody.ReadAsync(context, rules, body => StoreAsync(context, key, isSingle, body, answer));
        if (answer.Length > 0)
        {
            // Waits for its reader here, where body and events have given their memory back.
            await Replies.WriteJsonInPiecesAsync(context, answer.Written);
        }
    }

    /// <summary>
    /// Stores what was sent. The answer has been written then, unless it is a long one, which <paramref name="answer"/>
    /// holds.
    /// </summary>
    private async Task StoreAsync(
        HttpContext context,
        ApiKey key,
        bool isSingle,
        ReceivedBody body,
        PooledBytes answer
    )
    {
        if (body.Fault != BodyFault.None)
        {
            Refuse(context, body.Fault);
            return;
        }
        var ignored = new IgnoredMembers(known: null);
        var reading = isSingle
            ? ArtieBody.ReadSingle(body.Bytes, ignored, key.StatesFacts)
            : ArtieBody.Read(body.Bytes, body.LongEvent, body.TryReserve, ignored, key.StatesFacts);
        IgnoredHeader.Write(context, ignored, metrics, EventApi.Artie);
        if (ReferenceEquals(reading, ArtieReading.Busy))
        {
            Refuse(context, BodyFault.Busy);
            return;
        }
        if (Problem(reading) is var (index, detail))
        {
            ArtieResponses.Invalid(context, isSingle ? null : index, detail);
            metrics.CountRefusedEvents(EventApi.Artie, 1);
            Count(Outcome.Refused);
            return;
        }
        if (!await gate.IsReadyAsync(context, reading.Events))
        {
            ArtieResponses.Body(context, BodyFault.Busy);
            Count(Outcome.NotKept);
            return;
        }
        var sender = Sender.Of(EventApi.Artie, key);
        var serverIds = MakeIds(reading.Events);
        var isLong = reading.Events.Count > IdsPerPiece;
        if (isLong && !TryWriteAnswer(answer, reading.Events, serverIds))
        {
            answer.Dispose();
            Refuse(context, BodyFault.Busy);
            return;
        }
        var need = recorder.RoomFor(context, sender, reading.Events);
        var room = await gate.ReserveAsync(context, need, body.Bytes.Length);
        if (room is null)
        {
            answer.Dispose();
            ArtieResponses.StorageFailed(context);
            Count(Outcome.NotKept);
            return;
        }
        var receipt = recorder.Record(context, sender, reading.Events, room, serverIds);
        if (!await gate.ConfirmAsync(context, receipt))
        {
            answer.Dispose();
            ArtieResponses.StorageFailed(context);
            Count(Outcome.NotKept);
            return;
        }
        Count(Outcome.Recorded);
        if (!isLong)
        {
            Answer(context, reading.Events, serverIds, isSingle);
        }
    }

    private void Refuse(HttpContext context, BodyFault fault)
    {
        ArtieResponses.Body(context, fault);
        Count(Outcome.Refused);
    }

    private (int? Index, string Detail)? Problem(ArtieReading reading)
    {
        if (reading.ProblemDetail is { } detail)
        {
            return (reading.ProblemIndex, detail);
        }

        for (var i = 0; i < reading.Events.Count; i++)
        {
            if (!recorder.Fits(reading.Events[i]))
            {
                return (i, BodyProblem.EventTooLarge);
            }
        }

        return null;
    }

    /// <summary>An id for each event that has none; null when all have one.</summary>
    private static ReadOnlyMemory<byte>[]? MakeIds(IReadOnlyList<ReceivedEvent> events)
    {
        ReadOnlyMemory<byte>[]? ids = null;
        for (var i = 0; i < events.Count; i++)
        {
            if (!events[i].SenderId.IsEmpty)
            {
                continue;
            }

            ids ??= new ReadOnlyMemory<byte>[events.Count];
            ids[i] = EventIds.NewRandomText();
        }
        return ids;
    }

    private static ReadOnlyMemory<byte> IdOf(
        IReadOnlyList<ReceivedEvent> events,
        ReadOnlyMemory<byte>[]? serverIds,
        int index
    ) => events[index].SenderId.IsEmpty ? serverIds![index] : events[index].SenderId;

    private static void Answer(
        HttpContext context,
        IReadOnlyList<ReceivedEvent> events,
        ReadOnlyMemory<byte>[]? serverIds,
        bool isSingle
    ) =>
        Replies.WriteJson(
            context,
            (events, serverIds, isSingle),
            static (json, state) =>
            {
                json.WriteString("status", "ok");
                if (state.isSingle)
                {
                    json.WriteString("messageId", IdOf(state.events, state.serverIds, 0).Span);
                    return;
                }

                json.WriteStartArray("messageIds");
                for (var i = 0; i < state.events.Count; i++)
                {
                    json.WriteStringValue(IdOf(state.events, state.serverIds, i).Span);
                }

                json.WriteEndArray();
            }
        );

    /// <summary>
    /// The same answer for many events, made before the first is stored: its memory is certain then, and its reader, who
    /// may be slow, holds neither body nor events. False when there is not enough memory for it.
    /// </summary>
    private static bool TryWriteAnswer(
        PooledBytes answer,
        IReadOnlyList<ReceivedEvent> events,
        ReadOnlyMemory<byte>[]? serverIds
    )
    {
        var piece = new ArrayBufferWriter<byte>(PieceBytes);
        using var json = new Utf8JsonWriter(piece, Replies.JsonOptions);
        json.WriteStartObject();
        json.WriteString("status", "ok");
        json.WriteStartArray("messageIds");
        for (var i = 0; i < events.Count; i++)
        {
            json.WriteStringValue(IdOf(events, serverIds, i).Span);
            if (i % IdsPerPiece == IdsPerPiece - 1 && !TryMove())
            {
                return false;
            }
        }

        json.WriteEndArray();
        json.WriteEndObject();
        return TryMove();

        bool TryMove()
        {
            json.Flush();
            var fits = answer.TryAppend(piece.WrittenSpan);
            piece.ResetWrittenCount();
            return fits;
        }
    }

    private void Count(Outcome outcome) => metrics.Count(RouteName.BulkTrack, outcome);

    private Task Done(Outcome outcome)
    {
        Count(outcome);
        return Task.CompletedTask;
    }
}
