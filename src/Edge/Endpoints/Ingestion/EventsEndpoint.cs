using System.Text;
using System.Text.Json;
using Edge.Access;
using Edge.Catalog;
using Edge.Events;
using Edge.Experiments;
using Edge.Requests.Bodies;
using Edge.Requests.Ingestion;
using Edge.Telemetry;

namespace Edge.Endpoints.Ingestion;

/// <summary>
/// <c>POST /s/events</c> (spec 4.3): one event of an experiment, or up to a hundred, from pages and servers. Nobody
/// needs a key unless the operator asks for one; a wrong one is refused, because otherwise a withdrawn key would seem
/// to work.
/// </summary>
internal sealed class EventsEndpoint(
    CatalogHolder catalog,
    KeyRing keys,
    AddressWindow? rates,
    SenderAddress addresses,
    WrongKeys wrong,
    BodyRules rules,
    bool requiresKey,
    EventRecorder recorder,
    IngestGate gate,
    OutcomeHeader outcomes,
    Metrics metrics
)
{
    /// <summary>100 events of 10 KiB and what belongs to them (spec 1.4).</summary>
    public const int BytesMax = 2 << 20;

    private const string KeyHeader = "X-Write-Key";

    private static readonly Cors Pages = new("Content-Type, X-Write-Key, Content-Encoding, " + AckHeader.Name);

    public Task HandleAsync(HttpContext context)
    {
        RequestBody.Expect(context, rules);
        if (Pages.IsPreflight(context))
        {
            Count(Outcome.Answered);
            return Task.CompletedTask;
        }
        if (!RequestMethod.IsPost(context.Request.Method))
        {
            Count(Outcome.MethodNotAllowed);
            return Problem.MethodNotAllowedAsync(context, Cors.Allow);
        }
        if (RateOf(context) is { IsAllowed: false } rate)
        {
            Count(Outcome.RateLimited);
            return Problem.RateLimitedAsync(context, rate, "address");
        }
        if (KeyOf(context, out var key))
        {
            return RequestBody.ReadAsync(context, rules, body => StoreAsync(context, key, body));
        }

        if (wrong.Count(context) is { } wrongRate)
        {
            Count(Outcome.RateLimited);
            return Problem.RateLimitedAsync(context, wrongRate, "address");
        }

        Count(Outcome.Unauthorized);
        context.Response.Headers.WWWAuthenticate = "Bearer";
        return Problem.WriteAsync(
            context,
            StatusCodes.Status401Unauthorized,
            "invalid-write-key",
            "Invalid Write Key",
            MixUpOf(context) ?? "The provided write key is invalid or has been revoked."
        );
    }

    private async Task StoreAsync(HttpContext context, ApiKey? key, ReceivedBody body)
    {
        if (body.Fault != BodyFault.None)
        {
            Count(Outcome.Refused);
            await Problem.BodyAsync(context, body.Fault, rules);
            return;
        }
        var ignored = new IgnoredMembers(PictifyEvent.Names);
        var reading = PictifyBody.Read(body.Bytes, ignored, key is { StatesFacts: true });
        IgnoredHeader.Write(context, ignored, metrics, EventApi.Pictify);
        if (reading.Problems.Count > 0)
        {
            Count(Outcome.Refused);
            metrics.CountRefusedEvents(EventApi.Pictify, 1);
            await Problem.ValidationAsync(context, reading.Problems);
            return;
        }
        var events = new List<ExperimentEvent>(reading.Items.Count);
        var errors = new List<EventError>();
        foreach (var item in reading.Items)
        {
            if (HasWrongKey(context, item, key) && wrong.Count(context) is { } rate)
            {
                Count(Outcome.RateLimited);
                await Problem.RateLimitedAsync(context, rate, "address");
                return;
            }

            if (FindExperiment(context, item, key, out var found) is { } error)
            {
                errors.Add(new EventError(item.Index, error));
            }
            else
            {
                events.Add(found);
            }
        }
        metrics.CountRefusedEvents(EventApi.Pictify, errors.Count);
        var room = await gate.ReserveAsync(context, recorder.RoomFor(context, events), body.Bytes.Length);
        if (room is null)
        {
            Count(Outcome.NotKept);
            await Problem.UnavailableAsync(context, "The events could not be stored; send them again.");
            return;
        }
        var receipt = recorder.Record(context, events, room);
        if (!await gate.ConfirmAsync(context, receipt))
        {
            Count(Outcome.NotKept);
            await Problem.UnavailableAsync(context, "The events could not be stored; send them again.");
            return;
        }
        Count(receipt.Stored > 0 ? Outcome.Recorded : Outcome.Refused);
        PictifyResponses.Processed(
            context,
            receipt.Stored,
            errors,
            isKeyRecommended: events.Any(e => !e.IsAuthenticated)
        );
    }

    /// <summary>Whether an event names a key of its own that is wrong; guessing there is guessing too.</summary>
    private bool HasWrongKey(HttpContext context, PictifyItem item, ApiKey? key) =>
        key is null
        && item is { Event: not null, WriteKey.Length: > 0 }
        && !TryFindWriteKey(context, item.WriteKey, out _);

    /// <summary>
    /// Finds the experiment and variant of an event, and whether a key authenticates it; returns the error, or null.
    /// </summary>
    private string? FindExperiment(HttpContext context, PictifyItem item, ApiKey? key, out ExperimentEvent found)
    {
        found = default;
        if (item.Event is not { } e)
        {
            return item.Error;
        }

        if (key is null && item.WriteKey is { Length: > 0 } && !TryFindWriteKey(context, item.WriteKey, out key))
        {
            return MixUpOf(item.WriteKey) is { } mixUp
                ? "writeKey: " + mixUp
                : "writeKey is invalid or has been revoked";
        }

        if (key is null && requiresKey)
        {
            return "a write key is required";
        }

        if (
            !TryFind(e.Experiment.Span, out var experiment)
            || (key is not null && experiment.Experiment.Team != key.Team)
        )
        {
            outcomes.Add(context, OutcomeHeader.UnknownExperiment);
            return "experiment not found";
        }

        if (!experiment.IsRunning)
        {
            outcomes.Add(context, OutcomeHeader.NotRunning);
            return "experiment is not running";
        }

        var stated = experiment.IndexOfVariant(e.Variant.Span);
        if (stated < 0 && !e.Variant.IsEmpty)
        {
            outcomes.Add(context, OutcomeHeader.UnknownVariant);
            return "variantId is not a variant of the experiment";
        }

        var isVisitor = item.IsFromSdk || context.Request.Headers.Origin.Count > 0;
        found = new ExperimentEvent(item.Index, e, experiment, stated, isVisitor, key is not null);
        return null;
    }

    /// <summary>
    /// The key of the whole request: the header's, else that of a server which sends its API key; false when it is
    /// wrong.
    /// </summary>
    private bool KeyOf(HttpContext context, out ApiKey? key)
    {
        key = null;
        var header = context.Request.Headers[KeyHeader];
        if (header.Count > 0)
        {
            return header.Count == 1 && TryFindWriteKey(context, header[0], out key);
        }

        var authorization = context.Request.Headers.Authorization;
        if (!Bearer.IsMeant(authorization))
        {
            return true;
        }

        key = Bearer.TryRead(authorization, out var secret) ? keys.Find(secret) : null;
        return key is { Kind: KeyKind.Pictify };
    }

    private string? MixUpOf(HttpContext context)
    {
        var header = context.Request.Headers[KeyHeader];
        if (header.Count > 0)
        {
            return MixUpOf(header[0]);
        }

        return Bearer.TryRead(context.Request.Headers.Authorization, out var secret)
            ? KeyMixUp.Of(keys.KindOf(secret), [KeyKind.Pictify], "a page sends a write key (wk_) as X-Write-Key")
            : null;
    }

    /// <summary>A secret where the public key of a page belongs may have been seen by anybody.</summary>
    private string? MixUpOf(string? writeKey) =>
        KeyMixUp.Of(
            keys.KindOf(writeKey),
            [KeyKind.Write],
            "send a write key (wk_), and revoke a secret that a page has shown"
        );

    private bool TryFindWriteKey(HttpContext context, string? secret, out ApiKey? key)
    {
        key = keys.Find(secret);
        if (
            key is { Kind: KeyKind.Write }
            && (key.Origins.Count == 0 || OriginRule.Allows(key.Origins, context.Request.Headers.Origin))
        )
        {
            return true;
        }

        key = null;
        return false;
    }

    private RateDecision? RateOf(HttpContext context)
    {
        if (rates is null || addresses.IsTest(context))
        {
            return null;
        }

        var address = addresses.Of(context, out var isV4);
        var rate = rates.Count(address, isV4);
        Problem.WriteRate(context.Response.Headers, rate);
        return rate;
    }

    private bool TryFind(ReadOnlySpan<byte> slug, out CatalogEntry experiment)
    {
        Span<char> text = stackalloc char[Slug.CharsMax];
        experiment = null!;
        return slug.Length <= text.Length
            && Encoding.UTF8.TryGetChars(slug, text, out var written)
            && catalog.Current.TryFind(text[..written], out experiment!);
    }

    private void Count(Outcome outcome) => metrics.Count(RouteName.Events, outcome);
}

/// <summary>The answer of Pictify's events (spec 4.3); its errors are <see cref="Problem"/>.</summary>
internal static class PictifyResponses
{
    /// <summary>200 with how many events were taken; errors and warning only when there is something to say.</summary>
    public static void Processed(HttpContext context, int processed, List<EventError> errors, bool isKeyRecommended) =>
        Replies.WriteJson(
            context,
            (processed, errors, isKeyRecommended),
            static (json, state) =>
            {
                json.WriteBoolean("ok", true);
                json.WriteNumber("processed", state.processed);
                WriteErrors(json, "errors", state.errors);
                if (state.isKeyRecommended)
                {
                    json.WriteString("warning", "write_key_recommended");
                }
            }
        );

    /// <summary>
    /// What is wrong with single events of a batch, as both batch APIs word it; nothing when there is nothing to say.
    /// </summary>
    public static void WriteErrors(Utf8JsonWriter json, string name, IReadOnlyList<EventError> errors)
    {
        if (errors.Count == 0)
        {
            return;
        }

        json.WriteStartArray(name);
        foreach (var error in errors)
        {
            json.WriteStartObject();
            json.WriteNumber("index", error.Index);
            json.WriteString("error", error.Error);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
