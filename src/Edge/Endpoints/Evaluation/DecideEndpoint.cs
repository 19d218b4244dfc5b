using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Edge.Access;
using Edge.Catalog;
using Edge.Endpoints.Ingestion;
using Edge.Events;
using Edge.Formats;
using Edge.Requests.Bodies;
using Edge.Requests.Ingestion;
using Edge.Selection;
using Edge.Telemetry;
using Edge.Visits;

namespace Edge.Endpoints.Evaluation;

/// <summary>
/// <c>POST /v1/decide</c>: the variants of one unit, and the decision as an event, which is stored as those are that
/// come through <c>/v1/events</c>. Counts no impression.
/// </summary>
internal sealed class DecideEndpoint(
    EvaluationAccess access,
    BodyRules rules,
    FlagEvaluator flags,
    EventRecorder recorder,
    IngestGate gate,
    TimeProvider time,
    Metrics metrics
)
{
    private static readonly Cors Pages = new(
        $"Authorization, Content-Type, {EvaluationAccess.KeyHeader}, {AckHeader.Name}"
    );

    public Task HandleAsync(HttpContext context)
    {
        RequestBody.Expect(context, rules);
        if (Pages.IsPreflight(context))
        {
            Count(Outcome.Answered);
            return Task.CompletedTask;
        }

        var startedAt = time.GetTimestamp();
        if (access.Refuse(context, out var key) is { } refusal)
        {
            Count(refusal.Outcome);
            TrafficalResponses.Error(context, refusal.Status, refusal.Message);
            return Task.CompletedTask;
        }

        return RequestBody.ReadAsync(context, rules, body => AnswerAsync(context, key!, body, startedAt));
    }

    private async Task AnswerAsync(HttpContext context, ApiKey key, ReceivedBody body, long startedAt)
    {
        if (body.Fault != BodyFault.None)
        {
            Count(Outcome.Refused);
            TrafficalResponses.Body(context, body.Fault, rules);
            return;
        }

        using var document = JsonSyntax.Parse(body.Bytes, out var syntax);
        if (document is null)
        {
            Refuse(context, "The body " + syntax);
            return;
        }

        if (JsonSyntax.RepeatedProblem(document.RootElement) is { } repeated)
        {
            Refuse(context, repeated);
            return;
        }

        var request = DecideRequest.Read(document.RootElement, out var problem);
        var facts = request is null ? default : FlagEvaluator.FactsOf(key, request.Stated);
        if ((problem ?? facts.Problem) is { } wrong)
        {
            Refuse(context, wrong);
            return;
        }

        var experiments = request!.Slugs is { } slugs ? Find(key, slugs) : flags.All(key);
        if (experiments.Count > DecideRequest.ExperimentsMax)
        {
            Refuse(
                context,
                $"experiments must name the slugs that are needed: there are more than {DecideRequest.ExperimentsMax}"
            );
            return;
        }

        var decision = Decide(context, key, request, facts, experiments, startedAt);
        if (await StoreAsync(context, key, decision.Event))
        {
            Count(Outcome.Recorded);
            WriteDecision(context, decision);
        }
        else
        {
            Count(Outcome.NotKept);
            TrafficalResponses.Unavailable(context);
        }
    }

    /// <summary>The experiments of these slugs that are served; others have nothing to decide.</summary>
    private List<CatalogEntry> Find(ApiKey key, IReadOnlyList<string> slugs)
    {
        var found = new List<CatalogEntry>();
        foreach (var slug in slugs)
        {
            if (flags.Find(key, slug) is { } experiment && !found.Contains(experiment))
            {
                found.Add(experiment);
            }
        }

        return found;
    }

    private Decision Decide(
        HttpContext context,
        ApiKey key,
        DecideRequest request,
        in VisitorFacts facts,
        List<CatalogEntry> experiments,
        long startedAt
    )
    {
        var evaluations = flags.Evaluate(context, key, request.Context, facts, experiments);
        var unit = request.Context.Unit;
        var layers = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(layers, Replies.JsonOptions))
        {
            json.WriteStartArray();
            foreach (var evaluation in evaluations)
            {
                WriteLayer(json, evaluation, unit);
            }

            json.WriteEndArray();
        }

        var latencyMs = (decimal)Math.Round(time.GetElapsedTime(startedAt).TotalMilliseconds, 3);
        var e = new ReceivedEvent
        {
            Type = "decision",
            Timestamp = recorder.Now,
            UnitKey = Encoding.UTF8.GetBytes(request.UnitKey),
            DecisionId = Encoding.UTF8.GetBytes("dec_" + Encoding.ASCII.GetString(EventIds.NewRandomText())),
            Layers = layers.WrittenMemory,
            VisitorAddress = facts.Address,
            VisitorAgent = facts.UserAgent,
            Extra = Encoding.UTF8.GetBytes(
                string.Create(CultureInfo.InvariantCulture, $$"""{"latencyMs":{{latencyMs}}}""")
            ),
        };
        return new Decision(evaluations, e, request.UnitKey);
    }

    /// <summary>
    /// An experiment as a layer of its own: the bucket is the unit's in it, also where the choice does not depend on
    /// it.
    /// </summary>
    private static void WriteLayer(Utf8JsonWriter json, in EvaluatedVariant evaluation, ReadOnlySpan<byte> unit)
    {
        var experiment = evaluation.Experiment;
        json.WriteStartObject();
        json.WriteString("layerId", experiment.SlugUtf8);
        json.WriteString("policyId", experiment.UidUtf8);
        json.WriteString("allocationName", experiment.Variants[evaluation.Shown.Variant].IdUtf8);
        json.WriteNumber("bucket", Bucketing.Bucket(experiment.UidUtf8, unit));
        json.WriteString("reason", WireNames<ChoiceReason>.Upper.Text(evaluation.Choice.Reason));
        if (evaluation.Choice.IsChance)
        {
            json.WriteNumber("probability", evaluation.Probability);
        }

        json.WriteEndObject();
    }

    /// <summary>Whether the decision is stored, and has reached what its sender waits for.</summary>
    private async Task<bool> StoreAsync(HttpContext context, ApiKey key, ReceivedEvent decision)
    {
        var sender = Sender.Of(EventApi.Traffical, key);
        ReceivedEvent[] events = [decision];
        var room = await gate.ReserveAsync(context, recorder.RoomFor(context, sender, events), bodyBytes: 0);
        return room is not null
            && await gate.ConfirmAsync(context, recorder.Record(context, sender, events, room));
    }

    private static void WriteDecision(HttpContext context, Decision decision) =>
        Replies.WriteJson(
            context,
            decision,
            static (json, state) =>
            {
                json.WriteString("decisionId", state.Event.DecisionId.Span);
                json.WriteStartObject("assignments");
                foreach (var evaluation in state.Evaluations)
                {
                    json.WritePropertyName(evaluation.Experiment.SlugUtf8);
                    FlagEvaluator.WriteValue(json, evaluation);
                }

                json.WriteEndObject();
                json.WriteStartObject("metadata");
                json.WriteString("timestamp", Timestamp.Format(state.Event.Timestamp!.Value));
                json.WriteString("unitKeyValue", state.UnitKey);
                json.WritePropertyName("layers");
                json.WriteRawValue(state.Event.Layers.Span, skipInputValidation: true);
                json.WriteEndObject();
            }
        );

    private void Refuse(HttpContext context, string message)
    {
        Count(Outcome.Refused);
        TrafficalResponses.Refused(context, message);
    }

    private void Count(Outcome outcome) => metrics.Count(RouteName.Decide, outcome);

    /// <summary>A decision before it is answered.</summary>
    /// <param name="Evaluations">What was decided.</param>
    /// <param name="Event">The event of it.</param>
    /// <param name="UnitKey">For whom.</param>
    private sealed record Decision(List<EvaluatedVariant> Evaluations, ReceivedEvent Event, string UnitKey);
}
