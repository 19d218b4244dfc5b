using Edge.Experiments;
using Edge.Selection;
using Edge.Selection.Conditions;
using Edge.Selection.Schedules;

namespace Edge.Catalog;

/// <summary>Why a variant was chosen; the names follow OFREP where it has one.</summary>
internal enum ChoiceReason
{
    /// <summary>The weights and the hash of the unit.</summary>
    Split,

    /// <summary>The first condition tree that was true.</summary>
    TargetingMatch,

    /// <summary>The occurrence that began latest.</summary>
    Schedule,

    /// <summary>Nothing else applied.</summary>
    Default,

    /// <summary>The experiment is over and this one won.</summary>
    Winner,

    /// <summary>The sender says that it showed this one.</summary>
    Stated,

    /// <summary>A machine asked, which gets the default.</summary>
    Bot,
}

/// <summary>One choice.</summary>
/// <param name="Variant">Index of the variant.</param>
/// <param name="Bucket">0 to 9,999 when the reason is a split, else -1.</param>
/// <param name="Reason">Why this one.</param>
internal readonly record struct Choice(int Variant, int Bucket, ChoiceReason Reason)
{
    /// <summary>Whether chance decided, so that the weight of the variant is its probability.</summary>
    public bool IsChance => Reason == ChoiceReason.Split;
}

/// <summary>
/// Chooses the variant for a request. Whether the request is served or counted at all is decided before; a completed
/// experiment gives its winner, every other one is chosen by its type. Pure; thread safe; allocates nothing but the
/// answer a schedule keeps when it changes.
/// </summary>
internal static class VariantSelector
{
    private const int NoBucket = -1;

    /// <summary>What one request gets, whoever sent it.</summary>
    /// <param name="experiment">The experiment.</param>
    /// <param name="context">The request.</param>
    /// <param name="unit">As for <see cref="Choose"/>.</param>
    /// <param name="stated">Index of the variant the sender says it showed; negative when it says none.</param>
    /// <param name="isMachine">Whether a crawler, scanner or speculative load asks, which is not assigned one.</param>
    /// <param name="trace">As for <see cref="Choose"/>.</param>
    public static Choice Assign(
        CatalogEntry experiment,
        in VisitorContext context,
        ReadOnlySpan<byte> unit,
        int stated,
        bool isMachine,
        ConditionTrace? trace = null
    )
    {
        if (stated >= 0)
        {
            return Stated(stated);
        }
        // Once an experiment is over there is one answer for everybody.
        return isMachine && experiment.Status != ExperimentStatus.Completed
            ? new Choice(experiment.DefaultIndex, NoBucket, ChoiceReason.Bot)
            : Choose(experiment, context, unit, trace);
    }

    /// <summary>The choice for a person.</summary>
    /// <param name="experiment">The experiment.</param>
    /// <param name="context">The request; an A/B test does not look at it.</param>
    /// <param name="unit">
    /// What an A/B test keeps together: the sender's own id or the viewer key, at most
    /// <see cref="Bucketing.UnitBytesMax"/> bytes. Other types do not look at it.
    /// </param>
    /// <param name="trace">Notes which conditions were evaluated, for an explanation; null to serve.</param>
    public static Choice Choose(
        CatalogEntry experiment,
        in VisitorContext context,
        ReadOnlySpan<byte> unit,
        ConditionTrace? trace = null
    )
    {
        if (experiment.Status == ExperimentStatus.Completed)
        {
            return experiment.WinnerIndex >= 0
                ? new Choice(experiment.WinnerIndex, NoBucket, ChoiceReason.Winner)
                : Default(experiment);
        }
        return experiment.Type switch
        {
            ExperimentType.AbTest => Split(experiment, unit),
            ExperimentType.SmartLink => Target(experiment, context, trace),
            _ => Scheduled(experiment, context.Now),
        };
    }

    /// <summary>The variant for whoever is not to be assigned one, such as crawlers.</summary>
    public static Choice Default(CatalogEntry experiment) =>
        new(experiment.DefaultIndex, NoBucket, ChoiceReason.Default);

    /// <summary>The variant the sender says it showed.</summary>
    public static Choice Stated(int variant) => new(variant, NoBucket, ChoiceReason.Stated);

    private static Choice Split(CatalogEntry experiment, ReadOnlySpan<byte> unit)
    {
        var bucket = Bucketing.Bucket(experiment.UidUtf8, unit);
        return new Choice(experiment.Slots.Choose(bucket), bucket, ChoiceReason.Split);
    }

    private static Choice Target(CatalogEntry experiment, in VisitorContext context, ConditionTrace? trace)
    {
        var visitor = new VisitorProperties(context, stackalloc char[VisitorProperties.ScratchChars]);
        var programs = experiment.Conditions;
        for (var i = 0; i < programs.Length; i++)
        {
            if (
                programs[i] is { } program
                && program.IsTrue(ref visitor, trace is null ? default : trace.Begin(i, program))
            )
            {
                return new Choice(i, NoBucket, ChoiceReason.TargetingMatch);
            }
        }
        return Default(experiment);
    }

    private static Choice Scheduled(CatalogEntry experiment, DateTimeOffset now)
    {
        var active = experiment.Schedules!.ActiveAt(now);
        return active == ScheduleTable.None ? Default(experiment) : new Choice(active, NoBucket, ChoiceReason.Schedule);
    }
}
