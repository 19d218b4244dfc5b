using System.Buffers;
using System.Text.Json;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Formats;
using Edge.Requests.Bodies;
using Edge.Visits;

namespace Edge.Endpoints.Evaluation;

/// <summary>
/// The answers of the OpenFeature Remote Evaluation Protocol. Every error is an <c>errorCode</c> of OpenFeature with
/// <c>errorDetails</c> for people, and with the <c>key</c> where one flag was asked for: its clients read no other.
/// </summary>
internal static class OfrepResponses
{
    public const string ParseError = "PARSE_ERROR";
    public const string TargetingKeyMissing = "TARGETING_KEY_MISSING";
    public const string InvalidContext = "INVALID_CONTEXT";
    public const string General = "GENERAL";

    /// <summary>What goes with <see cref="TargetingKeyMissing"/>.</summary>
    public const string UnitIsMissing =
        $"context must have a {EvaluationContext.UnitMember}: an A/B test chooses by the unit";

    private const string FlagNotFound = "FLAG_NOT_FOUND";

    public static void NotFound(HttpContext context, string flag) =>
        Error(context, StatusCodes.Status404NotFound, flag, FlagNotFound, "No experiment with this slug is served");

    /// <summary>The body could not be taken.</summary>
    public static void Body(HttpContext context, BodyFault fault, BodyRules rules, string? flag)
    {
        var status = RequestBody.Refuse(context, fault);
        var (code, details) = fault switch
        {
            BodyFault.TooLarge => (General, $"The body must be at most {rules.BytesMax} bytes"),
            BodyFault.UnsupportedEncoding => (General, "The body must be sent as it is or in gzip"),
            BodyFault.UnsupportedType => (General, "The body must be application/json in UTF-8"),
            BodyFault.Busy => (General, "Too many request bodies are being read; send it again"),
            _ => (ParseError, "The body is " + RequestBody.Unreadable),
        };
        Error(context, status, flag, code, details);
    }

    /// <summary>503 with the time after which to ask again.</summary>
    public static void Unavailable(HttpContext context, string? flag, string details)
    {
        context.Response.Headers.RetryAfter = "1";
        Error(context, StatusCodes.Status503ServiceUnavailable, flag, General, details);
    }

    public static void Error(HttpContext context, int status, string? flag, string code, string details)
    {
        context.Response.StatusCode = status;
        Replies.WriteJson(
            context,
            (flag, code, details),
            static (json, state) =>
            {
                if (state.flag is not null)
                {
                    json.WriteString("key", state.flag);
                }

                json.WriteString("errorCode", state.code);
                json.WriteString("errorDetails", state.details);
            }
        );
    }

    /// <summary>The answer with many flags; one that needs a unit and has none is an error among them.</summary>
    public static ReadOnlyMemory<byte> Bulk(List<EvaluatedVariant> evaluations)
    {
        var body = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(body, Replies.JsonOptions);
        json.WriteStartObject();
        json.WriteStartArray("flags");
        foreach (var evaluation in evaluations)
        {
            json.WriteStartObject();
            if (evaluation.IsUnitMissing)
            {
                json.WriteString("key", evaluation.Experiment.SlugUtf8);
                json.WriteString("errorCode", TargetingKeyMissing);
                json.WriteString("errorDetails", UnitIsMissing);
            }
            else
            {
                WriteMembers(json, evaluation);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return body.WrittenMemory;
    }

    /// <summary>Writes the members of one evaluated flag.</summary>
    public static void WriteMembers(Utf8JsonWriter json, EvaluatedVariant evaluation)
    {
        var experiment = evaluation.Experiment;
        json.WriteString("key", experiment.SlugUtf8);
        json.WritePropertyName("value");
        FlagEvaluator.WriteValue(json, evaluation);
        json.WriteString("reason", ReasonOf(evaluation));
        json.WriteString("variant", experiment.Variants[evaluation.Shown.Variant].IdUtf8);
        json.WriteStartObject("metadata");
        json.WriteString("uid", experiment.UidUtf8);
        json.WriteString("choice", WireNames<ChoiceReason>.Upper.Text(evaluation.Choice.Reason));
        if (evaluation.Choice.IsChance)
        {
            json.WriteNumber("bucket", evaluation.Choice.Bucket);
            json.WriteNumber("probability", evaluation.Probability);
            json.WriteNumber("weightsVersion", evaluation.Shown.WeightsVersion);
        }

        json.WriteEndObject();
    }

    /// <summary>The reason in OpenFeature's words.</summary>
    private static string ReasonOf(in EvaluatedVariant evaluation) =>
        evaluation.Experiment.Status == ExperimentStatus.Paused
            ? "DISABLED"
            : evaluation.Choice.Reason switch
            {
                ChoiceReason.Split => "SPLIT",
                // A schedule is a rule about the time: a client must not keep its result as it keeps a static one.
                ChoiceReason.TargetingMatch or ChoiceReason.Schedule => "TARGETING_MATCH",
                ChoiceReason.Winner => "STATIC",
                _ => "DEFAULT",
            };
}
