using System.Text;
using System.Text.Json;
using Edge.Formats;
using Edge.Requests.Ingestion;
using Edge.Visits;

namespace Edge.Endpoints.Evaluation;

/// <summary>
/// The body of <c>POST /v1/decide</c>: <c>unitKey</c>, and optionally the <c>context</c> and the slugs of
/// <c>experiments</c>. Other members are ignored.
/// </summary>
/// <param name="UnitKey">Whom the decision is for, as in Traffical's events.</param>
/// <param name="Context">The unit and what conditions may look at.</param>
/// <param name="Stated">The context as it was sent.</param>
/// <param name="Slugs">The experiments to decide; null for all.</param>
internal sealed record DecideRequest(
    string UnitKey,
    EvaluationContext Context,
    JsonElement Stated,
    IReadOnlyList<string>? Slugs
)
{
    /// <summary>Most experiments of one decision, and so most layers of its event.</summary>
    public const int ExperimentsMax = 100;

    /// <summary>Reads a body; null when it is not what it must be.</summary>
    /// <param name="body">A document in which every string is Unicode.</param>
    /// <param name="problem">What is wrong, in a sentence.</param>
    public static DecideRequest? Read(JsonElement body, out string? problem)
    {
        if (body.ValueKind != JsonValueKind.Object)
        {
            problem = "The body must be a JSON object";
            return null;
        }

        var fields = new JsonFields(body, "", new Violations());
        var unitKey = fields.RequiredText("unitKey", null, TrafficalEvent.IdCharsMax);
        var stated = fields.TryGet("context", out var context) ? context : EvaluationContext.Unstated;
        var slugs = ReadSlugs(fields);
        if (unitKey.Contains('\0', StringComparison.Ordinal))
        {
            fields.Violate("unitKey", MemberText.NotUnicode, ViolationCodes.InvalidFormat);
        }

        var unit = Encoding.UTF8.GetBytes(unitKey);
        if (MergeTag.IsIn(unit))
        {
            fields.Violate("unitKey", "is a merge tag that was not filled", ViolationCodes.InvalidFormat);
        }

        if (fields.Violations.Count > 0)
        {
            var first = fields.Violations.List[0];
            problem = $"{first.Field} {first.Message}";
            return null;
        }

        if (stated.ValueKind != JsonValueKind.Object)
        {
            problem = "context must be an object";
            return null;
        }

        var evaluation = EvaluationContext.Read(unit, stated, out problem);
        problem = problem is null ? null : "context " + problem;
        return evaluation is null ? null : new DecideRequest(unitKey, evaluation, stated, slugs);
    }

    private static List<string>? ReadSlugs(JsonFields fields)
    {
        if (!fields.TryGet("experiments", out _) || !fields.TryArray("experiments", out var array))
        {
            return null;
        }

        var slugs = new List<string>();
        foreach (var element in array.EnumerateArray())
        {
            if (element.ValueKind != JsonValueKind.String || slugs.Count == ExperimentsMax)
            {
                fields.Violate(
                    "experiments",
                    $"must be a list of at most {ExperimentsMax} slugs",
                    ViolationCodes.OutOfRange
                );
                break;
            }

            slugs.Add(element.GetString()!);
        }

        return slugs;
    }
}
