using Edge.Catalog;
using Edge.Enrichment.Verdicts;
using Edge.Experiments;
using Edge.Formats;

namespace Edge.Visits;

/// <summary>What an experiment gives a unit.</summary>
/// <param name="Experiment">The experiment.</param>
/// <param name="Shown">The variant; of no meaning when the unit is missing.</param>
/// <param name="Choice">Why it is this one; likewise.</param>
/// <param name="IsUnitMissing">Whether the choice needs a unit and there is none.</param>
internal readonly record struct EvaluatedVariant(
    CatalogEntry Experiment,
    Exposure Shown,
    Choice Choice,
    bool IsUnitMissing = false
)
{
    /// <summary>The definition of the variant.</summary>
    public Variant Variant => Experiment.Experiment.Variants[Shown.Variant];

    /// <summary>The probability with which the variant was chosen; 0 when no chance was involved.</summary>
    public decimal Probability => Shown.BasisPoints / (decimal)BasisPoints.Whole;
}

/// <summary>
/// Chooses variants for programs that ask for them: the choice that pixel and click of the same unit make, without an
/// event. Thread safe.
/// </summary>
internal sealed class VariantEvaluator(VisitorReader visitors, VariantAssigner variants)
{
    /// <summary>Evaluates experiments for one unit, in their order.</summary>
    /// <param name="request">The request as it describes the visitor; its query counts for nothing here.</param>
    /// <param name="isJudged">Whether its user agent is the visitor's, so that a machine gets the default.</param>
    /// <param name="unit">The unit; empty when there is none.</param>
    /// <param name="experiments">The experiments.</param>
    public List<EvaluatedVariant> Evaluate(
        in VisitRequest request,
        bool isJudged,
        ReadOnlySpan<byte> unit,
        IReadOnlyList<CatalogEntry> experiments
    )
    {
        var isByClock = experiments.Any(static experiment => experiment.IsByVisitorsClock);
        var room = (stackalloc byte[VisitorReader.RoomBytes]);
        var visitor = visitors.ReadForChoice(request, VerdictScope.Api, isByClock, room);
        if (!isJudged || visitor.Judgement.IsSpeculation)
        {
            // What a browser loads ahead is shown to its visitor later, so it is the visitor's own.
            visitor = visitor with { Judgement = default };
        }

        Span<byte> hashRoom = stackalloc byte[VisitorReader.UnitRoomBytes];
        var evaluations = new List<EvaluatedVariant>(experiments.Count);
        foreach (var experiment in experiments)
        {
            if (unit.IsEmpty && experiment.NeedsUnit)
            {
                evaluations.Add(new EvaluatedVariant(experiment, default, default, IsUnitMissing: true));
                continue;
            }

            var hashes = visitors.HashUnit(experiment, unit, isNamed: true, visitor.Now, joins: false, hashRoom);
            var shown = variants.Evaluate(request, visitor, experiment, unit, hashes.Longest, out var choice);
            evaluations.Add(new EvaluatedVariant(experiment, shown, choice));
        }

        return evaluations;
    }
}
