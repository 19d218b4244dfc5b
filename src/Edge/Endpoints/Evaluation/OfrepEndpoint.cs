using System.Security.Cryptography;
using System.Text.Json;
using Edge.Access;
using Edge.Formats;
using Edge.Requests.Bodies;
using Edge.Telemetry;
using Edge.Visits;

namespace Edge.Endpoints.Evaluation;

/// <summary>
/// <c>POST /ofrep/v1/evaluate/flags/{key}</c> and <c>/ofrep/v1/evaluate/flags</c>: the OpenFeature Remote Evaluation
/// Protocol 0.3, in which an experiment is a flag and its slug the key. Counts nothing.
/// </summary>
internal sealed class OfrepEndpoint(EvaluationAccess access, BodyRules rules, FlagEvaluator flags, Metrics metrics)
{
    /// <summary>All flags at once.</summary>
    public const string BulkPath = "/ofrep/v1/evaluate/flags";

    /// <summary>Before the key of one flag.</summary>
    public const string FlagPrefix = BulkPath + "/";

    /// <summary>Bytes of SHA-256 that tell two answers apart.</summary>
    private const int TagBytes = 16;

    private static readonly Cors Pages = new(
        $"Authorization, Content-Type, If-None-Match, {EvaluationAccess.KeyHeader}"
    );

    public Task HandleAsync(HttpContext context)
    {
        RequestBody.Expect(context, rules);
        if (Pages.IsPreflight(context))
        {
            Count(Outcome.Answered);
            return Task.CompletedTask;
        }

        var flag = FlagOf(context);
        if (access.Refuse(context, out var key) is { } refusal)
        {
            Count(refusal.Outcome);
            OfrepResponses.Error(context, refusal.Status, flag, OfrepResponses.General, refusal.Message);
            return Task.CompletedTask;
        }

        return RequestBody.ReadAsync(context, rules, body => AnswerAsync(context, key!, flag, body));
    }

    /// <summary>The flag that is asked for; null when it is all of them.</summary>
    public static string? FlagOf(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        return path.Length > BulkPath.Length ? path[FlagPrefix.Length..] : null;
    }

    private Task AnswerAsync(HttpContext context, ApiKey key, string? flag, ReceivedBody body)
    {
        if (body.Fault != BodyFault.None)
        {
            Count(Outcome.Refused);
            OfrepResponses.Body(context, body.Fault, rules, flag);
            return Task.CompletedTask;
        }

        using var document = JsonSyntax.Parse(body.Bytes, out var problem);
        if (document is not { RootElement.ValueKind: JsonValueKind.Object })
        {
            var details = document is null ? "The body " + problem : "The body must be a JSON object";
            return RefuseAsync(context, flag, OfrepResponses.ParseError, details);
        }

        if (JsonSyntax.RepeatedProblem(document.RootElement) is { } repeated)
        {
            return RefuseAsync(context, flag, OfrepResponses.ParseError, repeated);
        }

        var stated = document.RootElement.TryGetProperty("context", out var member) ? member : EvaluationContext.Unstated;
        var evaluation = EvaluationContext.Read(stated, out problem);
        if (evaluation is null)
        {
            return RefuseAsync(context, flag, OfrepResponses.InvalidContext, "context " + problem);
        }

        var facts = FlagEvaluator.FactsOf(key, stated);
        if (facts.Problem is { } wrong)
        {
            return RefuseAsync(context, flag, OfrepResponses.InvalidContext, wrong);
        }

        if (flag is null)
        {
            return AnswerAllAsync(context, flags.Evaluate(context, key, evaluation, facts, flags.All(key)));
        }

        if (flags.Find(key, flag) is not { } experiment)
        {
            Count(Outcome.NotFound);
            OfrepResponses.NotFound(context, flag);
            return Task.CompletedTask;
        }

        var single = flags.Evaluate(context, key, evaluation, facts, [experiment])[0];
        if (single.IsUnitMissing)
        {
            return RefuseAsync(context, flag, OfrepResponses.TargetingKeyMissing, OfrepResponses.UnitIsMissing);
        }

        Count(Outcome.Answered);
        Replies.WriteJson(context, single, OfrepResponses.WriteMembers);
        return Task.CompletedTask;
    }

    /// <summary>All of them, unless the client has exactly these already.</summary>
    private Task AnswerAllAsync(HttpContext context, List<EvaluatedVariant> evaluations)
    {
        var body = OfrepResponses.Bulk(evaluations);
        var tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(body.Span).AsSpan(0, TagBytes))}\"";
        context.Response.Headers.ETag = tag;
        Count(Outcome.Answered);
        if (!EntityTags.IsKnown(context.Request, tag))
        {
            return Replies.WriteJsonInPiecesAsync(context, body);
        }

        Replies.ForbidCaching(context.Response.Headers);
        context.Response.StatusCode = StatusCodes.Status304NotModified;
        return Task.CompletedTask;
    }

    private Task RefuseAsync(HttpContext context, string? flag, string code, string details)
    {
        Count(Outcome.Refused);
        OfrepResponses.Error(context, StatusCodes.Status400BadRequest, flag, code, details);
        return Task.CompletedTask;
    }

    private void Count(Outcome outcome) => metrics.Count(RouteName.Evaluate, outcome);
}
