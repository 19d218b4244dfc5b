using Edge.Access;
using Edge.Events;
using Edge.Requests.Bodies;
using Edge.Requests.Ingestion;
using Edge.Telemetry;

namespace Edge.Endpoints.Ingestion;

/// <summary>
/// <c>POST /v1/track</c> (spec 6): one Millimetric event. An Artie key on this path is answered the Artie way, because
/// both products have it (spec 1.1).
/// </summary>
internal sealed class TrackEndpoint(
    KeyRing keys,
    MillimetricAuthenticator authenticator,
    BulkTrackEndpoint artie,
    BodyRules rules,
    EventRecorder recorder,
    IngestGate gate,
    Metrics metrics
)
{
    public const int BytesMax = 256 * 1024;

    private static readonly Cors Pages = new("Authorization, Content-Type, Content-Encoding, " + AckHeader.Name);

    public Task HandleAsync(HttpContext context)
    {
        RequestBody.Expect(context, rules);
        if (Pages.IsPreflight(context))
        {
            Count(Outcome.Answered);
            return Task.CompletedTask;
        }
        var artieKey = ArtieKeyOf(context);
        if (!RequestMethod.IsPost(context.Request.Method))
        {
            if (artieKey is null)
            {
                MillimetricResponses.MethodNotAllowed(context);
            }
            else
            {
                ArtieResponses.MethodNotAllowed(context, Cors.Allow);
            }

            Count(Outcome.MethodNotAllowed);
            return Task.CompletedTask;
        }
        if (artieKey is not null)
        {
            return artie.TrackAsync(context, artieKey, isSingle: true);
        }

        if (authenticator.TryAuthenticate(context, out var key, out var isRateLimited))
        {
            return RequestBody.ReadAsync(context, rules, body => StoreAsync(context, key!, body));
        }

        Count(isRateLimited ? Outcome.RateLimited : Outcome.Unauthorized);
        return Task.CompletedTask;
    }

    /// <summary>Whether the key that is shown has the form of Artie's.</summary>
    public static bool HasArtieKey(HttpContext context) =>
        Bearer.TryRead(context.Request.Headers.Authorization, out var secret)
        && secret.StartsWith(KeySecret.ArtiePrefix);

    private async Task StoreAsync(HttpContext context, ApiKey key, ReceivedBody body)
    {
        if (body.Fault != BodyFault.None)
        {
            MillimetricResponses.Body(context, body.Fault);
            Count(Outcome.Refused);
            return;
        }
        var ignored = new IgnoredMembers(MillimetricBody.Names);
        var reading = MillimetricBody.Read(body.Bytes, ignored, key.StatesFacts);
        IgnoredHeader.Write(context, ignored, metrics, EventApi.Millimetric);
        if (reading.Event is not { } sent)
        {
            MillimetricResponses.Invalid(context, reading);
            metrics.CountRefusedEvents(EventApi.Millimetric, 1);
            Count(Outcome.Refused);
            return;
        }
        var sender = Sender.Of(EventApi.Millimetric, key);
        ReceivedEvent[] events = [MillimetricDefaults.Complete(sent, recorder.Now)];
        if (!await gate.IsReadyAsync(context, events))
        {
            MillimetricResponses.Body(context, BodyFault.Busy);
            Count(Outcome.NotKept);
            return;
        }
        var room = await gate.ReserveAsync(context, recorder.RoomFor(context, sender, events), body.Bytes.Length);
        if (room is null)
        {
            MillimetricResponses.StorageFailed(context);
            Count(Outcome.NotKept);
            return;
        }
        var receipt = recorder.Record(context, sender, events, room);
        if (!await gate.ConfirmAsync(context, receipt))
        {
            MillimetricResponses.StorageFailed(context);
            Count(Outcome.NotKept);
            return;
        }
        MillimetricResponses.Accepted(context, sent.SenderId);
        Count(Outcome.Recorded);
    }

    private ApiKey? ArtieKeyOf(HttpContext context) =>
        Bearer.TryRead(context.Request.Headers.Authorization, out var secret)
        && secret.StartsWith(KeySecret.ArtiePrefix)
        && keys.Find(secret) is { Kind: KeyKind.Artie } key
            ? key
            : null;

    private void Count(Outcome outcome) => metrics.Count(RouteName.Track, outcome);
}
