using Edge.Catalog;
using Edge.Enrichment.Hashing;
using Edge.Events;
using Edge.Experiments;

namespace Edge.Visits;

/// <summary>
/// Decides which variant a visitor gets, or was shown before: the experiment's own choice, what the sender states, and
/// for experiments whose weights move what the unit was shown. Thread safe, allocates nothing.
/// </summary>
/// <param name="believesStated">Whether a <c>variant</c> in the query overrides the choice (setting
/// selection.variantOverride).</param>
/// <param name="hashes">Hashes units as the exposures have them.</param>
/// <param name="exposures">What units were shown lately.</param>
internal sealed class VariantAssigner(bool believesStated, VisitorHashes hashes, ExposureMap exposures)
{
    /// <summary>The variant of a pixel, an image or a click.</summary>
    /// <param name="request">The request.</param>
    /// <param name="visitor">Its sender.</param>
    /// <param name="experiment">The experiment.</param>
    /// <param name="kind">What the visitor does.</param>
    /// <param name="unit">The unit.</param>
    /// <param name="unitHash">Its hash, the one that lasts the longest.</param>
    public Exposure Assign(
        in VisitRequest request,
        in Visitor visitor,
        CatalogEntry experiment,
        VisitKind kind,
        ReadOnlySpan<byte> unit,
        ReadOnlySpan<byte> unitHash
    )
    {
        var choice = Choose(request, visitor, experiment, visitor.Judgement.Verdict, unit);
        return Attribute(request, experiment, choice, kind, unit, unitHash, visitor.Now);
    }

    /// <summary>
    /// The variant that a program asks for, to show it: the one that a pixel of the same unit would be given.
    /// </summary>
    /// <param name="choice">Why it is this one.</param>
    /// <inheritdoc cref="Assign"/>
    public Exposure Evaluate(
        in VisitRequest request,
        in Visitor visitor,
        CatalogEntry experiment,
        ReadOnlySpan<byte> unit,
        ReadOnlySpan<byte> unitHash,
        out Choice choice
    )
    {
        choice = Choose(request, visitor, experiment, visitor.Judgement.Verdict, unit);
        return Attribute(request, experiment, choice, VisitKind.Impression, unit, unitHash, visitor.Now);
    }

    /// <summary>
    /// What the sender of a reported event was shown. A stated variant is believed; when it is also the one this
    /// visitor was given by chance, it keeps the probability of that, so that experiments learn from it.
    /// </summary>
    /// <param name="request">The request that reports it.</param>
    /// <param name="visitor">Its sender.</param>
    /// <param name="experiment">The experiment.</param>
    /// <param name="kind">What happened.</param>
    /// <param name="stated">Index of the stated variant; negative when none was.</param>
    /// <param name="unit">The unit.</param>
    /// <param name="unitHash">Its hash, the one that lasts the longest.</param>
    public Exposure AssignReported(
        in VisitRequest request,
        in Visitor visitor,
        CatalogEntry experiment,
        VisitKind kind,
        int stated,
        ReadOnlySpan<byte> unit,
        ReadOnlySpan<byte> unitHash
    )
    {
        if (stated < 0)
        {
            return Assign(request, visitor, experiment, kind, unit, unitHash);
        }

        if (visitor.Judgement.Verdict.IsMachine())
        {
            return new Exposure(stated, 0, 0);
        }

        var choice = Choose(request, visitor, experiment, visitor.Judgement.Verdict, unit);
        var given = Attribute(request, experiment, choice, VisitKind.Click, unit, unitHash, visitor.Now);
        if (given.Variant != stated)
        {
            return new Exposure(stated, 0, 0);
        }

        return kind == VisitKind.Click ? given : Attribute(request, experiment, choice, kind, unit, unitHash, visitor.Now);
    }

    /// <summary>
    /// The variant of an event that a server reports without saying for whom: the stated one, else what the experiment
    /// gives without chance.
    /// </summary>
    public Exposure AssignWithoutUnit(
        in VisitRequest request,
        in Visitor visitor,
        CatalogEntry experiment,
        int stated
    ) =>
        stated >= 0
            ? new Exposure(stated, 0, 0)
            : Exposure.Of(experiment, Choose(request, visitor, experiment, Verdict.Human, []));

    private Choice Choose(
        in VisitRequest request,
        in Visitor visitor,
        CatalogEntry experiment,
        Verdict verdict,
        ReadOnlySpan<byte> unit
    )
    {
        var zone = experiment.IsByVisitorsClock ? Visit.ZoneOf(request, visitor.Place, out _) : null;
        var context = Visit.ContextOf(visitor.Now, visitor.Agent, visitor.Place.Country, request, zone);
        var stated = believesStated ? Visit.StatedVariant(request.Query, experiment) : -1;
        return VariantSelector.Assign(experiment, context, unit, stated, verdict.IsMachine());
    }

    /// <summary>
    /// While weights move, a unit keeps what it was shown, and its click belongs to that, with the probability and
    /// weights version at that time: the current table could credit a variant it never saw. A click may come the day after,
    /// when the unit has another hash. Tests see what units were shown and leave no trace in it.
    /// </summary>
    private Exposure Attribute(
        in VisitRequest request,
        CatalogEntry experiment,
        in Choice choice,
        VisitKind kind,
        ReadOnlySpan<byte> unit,
        ReadOnlySpan<byte> unitHash,
        DateTimeOffset now
    )
    {
        if (!choice.IsChance || !experiment.HasBandit)
        {
            return Exposure.Of(experiment, choice);
        }

        var today = VisitorHashes.UnitOf(unitHash);
        var isRemembered = request.SyntheticTest.IsEmpty;
        if (kind != VisitKind.Click && isRemembered)
        {
            return exposures.Show(experiment, choice, today, now);
        }

        if (exposures.TryFind(experiment, today, now, out var shown))
        {
            return shown;
        }

        Span<byte> previousHash = stackalloc byte[VisitorHashes.UnitHashChars];
        hashes.WritePreviousUnitHash(experiment.UidUtf8, unit, now, previousHash);
        if (exposures.TryFind(experiment, VisitorHashes.UnitOf(previousHash), now, out shown))
        {
            return shown;
        }

        // Where the click is the exposure, what follows it belongs to it.
        return experiment.Experiment.TrialStart == TrialStart.Click && isRemembered
            ? exposures.Show(experiment, choice, today, now)
            : Exposure.Of(experiment, choice);
    }
}
