using Edge.Access;
using Edge.Events;
using Edge.Requests.Bodies;
using Edge.Requests.Ingestion;
using Edge.Telemetry;

namespace Edge.Endpoints.Ingestion;

/// <summary>
/// <c>POST /v1/events</c> and <c>/v1/events/batch</c> (spec 5): Traffical's events, the valid ones of a batch.
/// </summary>
/// <param name="keys">The keys.</param>
/// <param name="rates">Limits of keys, by key.</param>
/// <param name="wrong">Limits wrong keys.</param>
/// <param name="rules">Limits of the body.</param>
/// <param name="bucketCount">Buckets of a project; 0 enforces none.</param>
/// <param name="recorder">Where events go.</param>
/// <param name="gate">What is waited for.</param>
/// <param name="metrics">Where requests are counted.</param>
internal sealed class EventBatchEndpoint(
    KeyRing keys,
    KeyRates rates,
    WrongKeys wrong,
    BodyRules rules,
    int bucketCount,
    EventRecorder recorder,
    IngestGate gate,
    Metrics metrics
)
{
    /// <summary>5 MiB, as sent and inflated (spec 1.4).</summary>
    public const int BytesMax = 5 << 20;

    private static readonly Cors Pages = new("Authorization, Content-Type, Content-Encoding, " + AckHeader.Name);

    public Task HandleAsync(HttpContext context)
    {
        RequestBody.Expect(context, rules);
        if (Pages.IsPreflight(context))
        {
            Count(Outcome.Answered);
            return Task.CompletedTask;
        }
        var refused = Authenticate(context, out var key);
        if (refused is null)
        {
            return RequestBody.ReadAsync(context, rules, body => StoreAsync(context, key!, body));
        }

        Count(refused.Value);
        return Task.CompletedTask;
    }

    /// <summary>Null when a valid key was sent; otherwise the response has been written.</summary>
    private Outcome? Authenticate(HttpContext context, out ApiKey? key)
    {
        key = null;
        if (!RequestMethod.IsPost(context.Request.Method))
        {
            TrafficalResponses.MethodNotAllowed(context);
            return Outcome.MethodNotAllowed;
        }
        if (!Bearer.TryRead(context.Request.Headers.Authorization, out var secret))
        {
            TrafficalResponses.Unauthorized(context);
            return Outcome.Unauthorized;
        }
        if (keys.Find(secret) is not { Kind: KeyKind.Traffical or KeyKind.TrafficalPk } found)
        {
            return Wrong(context, secret);
        }
        key = found;
        if (!key.Has(ApiKey.WriteScope))
        {
            TrafficalResponses.Forbidden(context, "API key lacks required scope: " + ApiKey.WriteScope);
            return Outcome.Unauthorized;
        }
        if (
            key.Kind == KeyKind.TrafficalPk
            && key.Origins.Count > 0
            && !OriginRule.Allows(key.Origins, context.Request.Headers.Origin)
        )
        {
            TrafficalResponses.Forbidden(context, "API key is not allowed from this origin");
            return Outcome.Unauthorized;
        }
        return rates.TryTake(context, key.Id, key.Kind == KeyKind.Traffical, out var retryAfter)
            ? null
            : RateLimited(context, retryAfter);
    }

    private Outcome Wrong(HttpContext context, ReadOnlySpan<char> secret)
    {
        if (wrong.Count(context) is { } rate)
        {
            return RateLimited(context, rate.RetryAfter);
        }

        TrafficalResponses.Unauthorized(
            context,
            KeyMixUp.Of(
                keys.KindOf(secret),
                [KeyKind.Traffical, KeyKind.TrafficalPk],
                "servers send a key traffical_sk_, pages a key traffical_pk_"
            )
        );
        return Outcome.Unauthorized;
    }

    private static Outcome RateLimited(HttpContext context, int retryAfter)
    {
        TrafficalResponses.RateLimited(context, retryAfter);
        return Outcome.RateLimited;
    }

    private async Task StoreAsync(HttpContext context, ApiKey key, ReceivedBody body)
    {
        if (body.Fault != BodyFault.None)
        {
            TrafficalResponses.Body(context, body.Fault, rules);
            Count(Outcome.Refused);
            return;
        }
        var sender = Sender.Of(EventApi.Traffical, key);
        var ignored = new IgnoredMembers(TrafficalEvent.Names);
        var reading = TrafficalBody.Read(
            body.Bytes,
            new TrafficalScope(
                key.Organization,
                sender.Project,
                key.Environment,
                bucketCount,
                key.StatesFacts
            ),
            ignored
        );
        IgnoredHeader.Write(context, ignored, metrics, EventApi.Traffical);
        if (reading.Refusal is { } refusal)
        {
            TrafficalResponses.Refused(context, refusal);
            metrics.CountRefusedEvents(EventApi.Traffical, 1);
            Count(Outcome.Refused);
            return;
        }
        reading = WithoutTooLarge(reading);
        metrics.CountRefusedEvents(EventApi.Traffical, reading.Errors.Count);
        if (!await gate.IsReadyAsync(context, reading.Events))
        {
            TrafficalResponses.Unavailable(context);
            Count(Outcome.NotKept);
            return;
        }
        var need = recorder.RoomFor(context, sender, reading.Events);
        var room = await gate.ReserveAsync(context, need, body.Bytes.Length);
        if (room is null)
        {
            TrafficalResponses.Unavailable(context);
            Count(Outcome.NotKept);
            return;
        }
        var receipt = recorder.Record(context, sender, reading.Events, room);
        if (!await gate.ConfirmAsync(context, receipt))
        {
            TrafficalResponses.Unavailable(context);
            Count(Outcome.NotKept);
            return;
        }
        TrafficalResponses.Accepted(context, reading.Events.Count, receipt.Stored + receipt.Repeated, reading.Errors);
        Count(receipt.Stored + receipt.Repeated > 0 ? Outcome.Recorded : Outcome.Refused);
    }

    /// <summary>
    /// Events that no record of the journal can hold become errors like the others; nearly always there are none.
    /// </summary>
    private TrafficalReading WithoutTooLarge(TrafficalReading reading)
    {
        var fitting = 0;
        foreach (var e in reading.Events)
        {
            if (recorder.Fits(e))
            {
                fitting++;
            }
        }

        if (fitting == reading.Events.Count)
        {
            return reading;
        }

        var events = new List<ReceivedEvent>(fitting);
        var errors = new List<EventError>();
        var nextError = 0;
        var index = 0;
        foreach (var e in reading.Events)
        {
            for (; nextError < reading.Errors.Count && reading.Errors[nextError].Index == index; nextError++, index++)
            {
                errors.Add(reading.Errors[nextError]);
            }

            if (recorder.Fits(e))
            {
                events.Add(e);
            }
            else
            {
                errors.Add(new EventError(index, BodyProblem.EventTooLarge));
            }

            index++;
        }
        for (; nextError < reading.Errors.Count; nextError++)
        {
            errors.Add(reading.Errors[nextError]);
        }

        return new TrafficalReading(null, events, errors);
    }

    private void Count(Outcome outcome) => metrics.Count(RouteName.EventBatch, outcome);
}
