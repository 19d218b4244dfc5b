using Edge.Enrichment.Geo;
using Edge.Experiments;
using Edge.Selection;
using Edge.Selection.Conditions;
using Edge.Selection.Schedules;

namespace Edge.Catalog;

/// <summary>Why a variant was chosen; names follow OFREP where it defines one.</summary>
internal enum ChoiceReason
{
    /// <summary>By the weights and the hash of the unit.</summary>
    Split,

    /// <summary>By the first condition tree that was true.</summary>
    TargetingMatch,

    /// <summary>By the schedule whose occurrence began latest.</summary>
    Schedule,

    /// <summary>By default: nothing else applied.</summary>
    Default,

    /// <summary>The experiment is completed and this variant won.</summary>
    Winner,

    /// <summary>The sender states that it showed this variant.</summary>
    Stated,

    /// <summary>The request is automated and gets the default.</summary>
    Bot,

    /// <summary>The unit does not take part, gets the default and is not counted.</summary>
    NotParticipating,
}

/// <summary>One choice.</summary>
/// <param name="Variant">Index of the variant.</param>
/// <param name="Bucket">0 to 9,999 for a split, else -1.</param>
/// <param name="Reason">Why it was chosen.</param>
internal readonly record struct Choice(int Variant, int Bucket, ChoiceReason Reason)
{
    /// <summary>Whether the choice was random, so that the variant's weight is its probability.</summary>
    public bool IsChance => Reason == ChoiceReason.Split;
}

/// <summary>
/// Chooses the variant for a request. Whether the request is served or counted at all is decided before. A completed
/// experiment serves its winner; otherwise the experiment's type decides. Pure; thread safe; allocates only when a
/// schedule's cached result changes.
/// </summary>
internal static class VariantSelector
{
    private const int NoBucket = -1;

    /// <summary>Assigns a variant to a request, whoever sent it.</summary>
    /// <param name="experiment">The experiment.</param>
    /// <param name="context">The request.</param>
    /// <param name="unit">As for <see cref="Choose"/>.</param>
    /// <param name="stated">
    /// Index of the variant that the sender states it showed; negative when it states none.
    /// </param>
    /// <param name="isMachine">
    /// Whether the sender is a crawler, scanner or speculative load, which gets the default.
    /// </param>
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
        // A completed experiment serves the same variant to everybody.
        return isMachine && experiment.Status != ExperimentStatus.Completed
            ? new Choice(experiment.DefaultIndex, NoBucket, ChoiceReason.Bot)
            : Choose(experiment, context, unit, trace);
    }

    /// <summary>Chooses the variant for a person.</summary>
    /// <param name="experiment">The experiment.</param>
    /// <param name="context">The request; not used by A/B tests.</param>
    /// <param name="unit">
    /// The unit of an A/B test: the sender's own id or the viewer key, at most <see cref="Bucketing.UnitBytesMax"/>
    /// bytes. Not used by other types.
    /// </param>
    /// <param name="trace">Records which conditions were evaluated, for an explanation; null when serving.</param>
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
            _ => Scheduled(experiment, context.Now, context.Zone),
        };
    }

    /// <summary>The default variant.</summary>
    public static Choice Default(CatalogEntry experiment) =>
        new(experiment.DefaultIndex, NoBucket, ChoiceReason.Default);

    /// <summary>The variant that the sender states it showed.</summary>
    public static Choice Stated(int variant) => new(variant, NoBucket, ChoiceReason.Stated);

    private static Choice Split(CatalogEntry experiment, ReadOnlySpan<byte> unit)
    {
        if (experiment.Participation is { } participation && !participation.Includes(unit))
        {
            return new Choice(experiment.DefaultIndex, NoBucket, ChoiceReason.NotParticipating);
        }

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

    private static Choice Scheduled(CatalogEntry experiment, DateTimeOffset now, VisitorZone? zone)
    {
        var active = experiment.Schedules!.For(zone).ActiveAt(now);
        return active == ScheduleTable.None ? Default(experiment) : new Choice(active, NoBucket, ChoiceReason.Schedule);
    }
}
