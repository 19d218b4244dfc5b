using System.Text;
using Edge.Catalog;
using Edge.Enrichment.Geo;
using Edge.Enrichment.UserAgents;
using Edge.Enrichment.Verdicts;
using Edge.Events;
using Edge.Experiments;
using Edge.Formats;
using Edge.Requests;
using Edge.Selection;
using Edge.Visits;

namespace Edge.Explanation;

/// <summary>
/// The result of an explanation: the explanation itself, or everything that is wrong with the description.
/// </summary>
/// <param name="Explanation">Null when there are violations.</param>
/// <param name="Violations">In the order of reading.</param>
internal readonly record struct ExplanationResult(VariantExplanation? Explanation, IReadOnlyList<Violation> Violations);

/// <summary>
/// Explains what a described request gets from an experiment, with the code that serves real ones. Pure; thread safe.
/// </summary>
internal static class VisitExplanation
{
    /// <summary>Reads a description and explains it.</summary>
    /// <param name="description">JSON, see <see cref="DescribedRequestReader"/>.</param>
    /// <param name="experiment">The experiment.</param>
    /// <param name="verdicts">Judges the request.</param>
    /// <param name="believesStated">Whether <c>?variant=</c> is trusted (setting selection.variantOverride).</param>
    /// <param name="now">The time to use when the description has none.</param>
    /// <param name="at">A time that overrides the description's; null for none.</param>
    public static ExplanationResult Explain(
        ReadOnlyMemory<byte> description,
        CatalogEntry experiment,
        VerdictJudge verdicts,
        bool believesStated,
        DateTimeOffset now,
        DateTimeOffset? at = null
    )
    {
        var violations = new Violations();
        var explanation = DescribedRequestReader.Read(
            description,
            experiment.Experiment.Slug,
            verdicts.HeaderNames,
            violations
        )
            is { } request
            ? Explain(request, experiment, verdicts, believesStated, at ?? request.At ?? now, violations)
            : null;
        return new ExplanationResult(explanation, violations.List);
    }

    private static VariantExplanation? Explain(
        DescribedRequest request,
        CatalogEntry experiment,
        VerdictJudge verdicts,
        bool believesStated,
        DateTimeOffset now,
        Violations violations
    )
    {
        var visit = VisitOf(request);
        // Truncated as in the service, so that both see the same text.
        var agent = UserAgentText.Cut(visit.UserAgent);
        var facts = UserAgentFacts.Read(agent);
        // Without an address, the request is judged as coming from no known network.
        var judgement = verdicts.Judge(verdicts.MatchAgent(agent), visit.Peer, visit.Headers, request.Scope);
        var verdict = judgement.Verdict;
        var stated = believesStated ? Visit.StatedVariant(request.Query, experiment) : -1;

        Span<byte> room = stackalloc byte[Bucketing.UnitBytesMax];
        var source = Visit.ReadParameter(visit.Query, null, room, out var written, out _);
        var unit = request.Address is { } address ? ReadUnit(visit, address, room, out source) : room[..written];
        var isTargeted = request.Context is { Unit.IsEmpty: false };
        unit = isTargeted ? request.Context!.Unit : unit;
        if (unit.IsEmpty && experiment.NeedsUnit && stated < 0 && !verdict.IsMachine())
        {
            violations.Add("ip", "is required for an A/B test when there is no u parameter", ViolationCodes.Required);
            return null;
        }
        var country = CountryCode.Parse(request.Country);
        var place = new GeoPlace { Country = country, TimeZone = Encoding.UTF8.GetBytes(request.Timezone) };
        var tracking = experiment.TrackingOf(visit.AsksForPrivacy);
        string? zoneSource = null;
        var zone = experiment.IsByVisitorsClock ? Visit.ZoneOf(visit, place, out zoneSource) : null;
        var visitor = Visit.ContextOf(now, facts, country, visit, zone);
        return Explainer.Explain(
            experiment,
            visitor,
            new ExplainedSender
            {
                Unit = unit,
                UnitSource = source switch
                {
                    _ when isTargeted => EvaluationContext.UnitMember,
                    UnitSource.Parameter => "u parameter",
                    UnitSource.UnfilledTag => "viewer key, because the u parameter is a merge tag that was not filled",
                    UnitSource.IgnoredLink => "viewer key, because the token of a signed link is not opened here",
                    _ => "viewer key",
                },
                Stated = stated,
                ZoneSource = zoneSource,
                Verdict = new ExplainedVerdict(
                    VerdictNames.Of(verdict),
                    judgement.Reason,
                    judgement.Rule?.CertaintyText,
                    judgement.Shadow?.ShadowText,
                    verdict.IsMachine(),
                    EffectOf(judgement, request.Scope, tracking)
                ),
                IsClick = request.Scope == VerdictScope.Click,
                IsCounted = !verdict.IsMachine(),
                Tracking = tracking,
                IsAhead = judgement.IsSpeculation && request.Scope == VerdictScope.Click,
            }
        );
    }

    private static VisitRequest VisitOf(DescribedRequest request) =>
        new()
        {
            Peer = request.Address ?? default,
            Query = request.Query,
            UserAgent = ValueOf(request, "User-Agent"),
            Referrer = HeaderBytes.Decode(ValueOf(request, "Referer")),
            AcceptLanguage = ValueOf(request, "Accept-Language"),
            Headers = request.Headers.ToArray(),
            AsksForPrivacy =
                ValueOf(request, VisitRequest.GlobalPrivacyControl) is VisitRequest.AskedFor
                || ValueOf(request, VisitRequest.DoNotTrack) is VisitRequest.AskedFor,
            Attributes = request.Context?.Attributes,
        };

    private static ReadOnlySpan<char> ValueOf(DescribedRequest request, string name)
    {
        foreach (var line in request.Headers)
        {
            if (line.Is(name))
            {
                return line.Value.Span;
            }
        }

        return default;
    }

    private static ReadOnlySpan<byte> ReadUnit(
        in VisitRequest visit,
        in ClientAddress address,
        Span<byte> room,
        out UnitSource source
    )
    {
        Span<byte> text = stackalloc byte[ClientAddress.TextMaxBytes];
        text = text[..address.WriteText(text)];
        return room[..Visit.ReadUnit(visit, text, room, out source).Length];
    }

    private static string EffectOf(in Judgement judgement, VerdictScope scope, TrackingMode tracking) =>
        judgement.Verdict switch
        {
            Verdict.Prefetch when judgement.IsSpeculation && scope == VerdictScope.Click =>
                "is refused with 503 while the experiment runs, so that the browser asks again at the visit",
            _ when tracking == TrackingMode.Off => "is answered, and nothing is kept of it",
            Verdict.Human or Verdict.Proxy => "gets a variant and is counted",
            Verdict.Unknown or Verdict.Unjudged => "gets a variant and is counted, but does not influence the results",
            _ => "gets the default variant and is not counted",
        };
}
