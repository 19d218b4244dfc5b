using System.Text;
using System.Text.Json;
using Edge.Access;
using Edge.Catalog;
using Edge.Formats;
using Edge.Requests;
using Edge.Requests.Ingestion;
using Edge.Visits;

namespace Edge.Endpoints.Evaluation;

/// <summary>
/// Evaluates a team's experiments for the unit and context that a program states. A public key is used by the visitor's
/// own program, so the request is the visitor's as that of a pixel is; a secret one by a server, whose address, headers
/// and user agent say nothing about the visitor. Thread safe.
/// </summary>
internal sealed class FlagEvaluator(
    CatalogHolder catalog,
    VisitRequestReader requests,
    VariantEvaluator evaluator
)
{
    /// <summary>Longest body, bytes: a context has 256 attributes at most.</summary>
    public const int BytesMax = 64 << 10;

    /// <summary>The experiment of a slug; null when the key's team has none that is served.</summary>
    public CatalogEntry? Find(ApiKey key, string slug) =>
        catalog.Current.TryFind(slug, out var entry) && IsOf(key, entry) ? entry : null;

    /// <summary>All experiments of the key's team that are served, by slug.</summary>
    public List<CatalogEntry> All(ApiKey key)
    {
        var all = new List<CatalogEntry>();
        foreach (var entry in catalog.Current.Entries)
        {
            if (IsOf(key, entry))
            {
                all.Add(entry);
            }
        }

        all.Sort(static (a, b) => string.CompareOrdinal(a.Experiment.Slug, b.Experiment.Slug));
        return all;
    }

    /// <summary>
    /// What a server states of its visitor in the context; nothing for keys that may not.
    /// </summary>
    public static VisitorFacts FactsOf(ApiKey key, JsonElement context) =>
        key.StatesFacts ? VisitorFacts.Read(Encoding.UTF8.GetBytes(context.GetRawText())) : default;

    /// <summary>Evaluates experiments, in their order.</summary>
    public List<EvaluatedVariant> Evaluate(
        HttpContext context,
        ApiKey key,
        EvaluationContext evaluation,
        in VisitorFacts facts,
        IReadOnlyList<CatalogEntry> experiments
    )
    {
        HeaderLineBuffer lines = default;
        if (key.Kind == KeyKind.TrafficalPk)
        {
            var own = requests.Read(context, lines);
            var visitor = new VisitRequest
            {
                Peer = own.Peer,
                UserAgent = own.UserAgent,
                Referrer = own.Referrer,
                AcceptLanguage = own.AcceptLanguage,
                Origin = own.Origin,
                Headers = own.Headers,
                SyntheticTest = own.SyntheticTest,
                Attributes = evaluation.Attributes,
            };
            return evaluator.Evaluate(visitor, isJudged: true, evaluation.Unit, experiments);
        }

        _ = ClientAddress.TryParse(Encoding.UTF8.GetString(facts.Address.Span), out var address);
        var stated = new VisitRequest
        {
            Peer = address,
            UserAgent = Encoding.UTF8.GetString(facts.UserAgent.Span),
            SyntheticTest = requests.SyntheticTestOf(context),
            Attributes = evaluation.Attributes,
        };
        return evaluator.Evaluate(stated, isJudged: !facts.UserAgent.IsEmpty, evaluation.Unit, experiments);
    }

    /// <summary>
    /// Writes what a variant is to a program: the member <c>value</c> of its variables, else the variables themselves,
    /// else its id.
    /// </summary>
    public static void WriteValue(Utf8JsonWriter json, in EvaluatedVariant evaluation)
    {
        var variant = evaluation.Variant;
        if (variant.Variables is not { ValueKind: JsonValueKind.Object } variables || variables.GetPropertyCount() == 0)
        {
            json.WriteStringValue(variant.Id);
        }
        else if (variables.TryGetProperty("value", out var value) && value.ValueKind != JsonValueKind.Null)
        {
            value.WriteTo(json);
        }
        else
        {
            variables.WriteTo(json);
        }
    }

    private static bool IsOf(ApiKey key, CatalogEntry entry) => entry.IsServed && entry.Experiment.Team == key.Team;
}
