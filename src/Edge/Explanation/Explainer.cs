using System.Globalization;
using System.Text;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Experiments.Conditions;
using Edge.Formats;
using Edge.Selection.Conditions;

namespace Edge.Explanation;

/// <summary>What is known about a request apart from the properties that conditions see.</summary>
internal readonly ref struct ExplainedSender
{
    /// <summary>The unit; empty when it is unknown.</summary>
    public ReadOnlySpan<byte> Unit { get; init; }

    /// <summary>Where the unit came from, as in <see cref="ExplainedUnit"/>.</summary>
    public string UnitSource { get; init; }

    /// <summary>Index of the variant that the sender states it showed; negative when it states none.</summary>
    public required int Stated { get; init; }

    /// <summary>The automation verdict.</summary>
    public required ExplainedVerdict Verdict { get; init; }

    /// <summary>Whether it follows the link, which may be closed.</summary>
    public required bool IsClick { get; init; }

    /// <summary>Whether requests with this verdict count.</summary>
    public required bool IsCounted { get; init; }

    /// <summary>What is kept of the visit at most, by experiment and browser.</summary>
    public TrackingMode Tracking { get; init; }

    /// <summary>Where the visitor's time zone came from, in words; null where nothing depends on it.</summary>
    public string? ZoneSource { get; init; }

    /// <summary>Whether it is a click that a browser makes ahead of the visit, which is refused while running.</summary>
    public bool IsAhead { get; init; }
}

/// <summary>
/// Explains a choice by making it: <see cref="VariantSelector.Assign"/> makes the choice and records what it evaluates,
/// and the rest is read from the tables it used. So an explanation cannot disagree with what is served. Pure; thread
/// safe; allocates, because explanations are rare.
/// </summary>
internal static class Explainer
{
    /// <summary>Makes the choice for a request and explains it.</summary>
    public static VariantExplanation Explain(CatalogEntry entry, in VisitorContext visitor, in ExplainedSender sender)
    {
        var experiment = entry.Experiment;
        var trace = new ConditionTrace(entry.Variants.Length);
        var choice = VariantSelector.Assign(
            entry,
            visitor,
            sender.Unit,
            sender.Stated,
            sender.Verdict.IsMachine,
            trace
        );
        var isRefused = sender.IsAhead && entry.IsRunning;
        var schedules = entry.Schedules is null ? null : SchedulesOf(entry, visitor, sender.ZoneSource);
        var isClosed = entry.Limits?.ClosedAt(visitor.Now) is not null;
        var isTurnedAway = isClosed && sender.IsClick && entry.IsServed;
        return new VariantExplanation
        {
            Experiment = new ExplainedExperiment(experiment.Uid, experiment.Slug, experiment.Type, experiment.Status),
            At = visitor.Now,
            Variant = entry.IsServed && !isRefused && !isTurnedAway ? entry.Variants[choice.Variant].Id : null,
            Destination = entry.IsServed && !isRefused ? DestinationOf(entry, choice, visitor) : null,
            LinkClosed = isClosed,
            Reason =
                isRefused ? VariantExplanation.PrefetchReason
                : isTurnedAway ? VariantExplanation.LinkClosedReason
                : ReasonOf(entry, choice),
            Why =
                isRefused ? ExplanationSentence.Refused
                : isTurnedAway ? ExplanationSentence.OfClosedLink(entry.Experiment.LinkConfig!, visitor.Now)
                : ExplanationSentence.Of(entry, choice, sender.Verdict, schedules),
            Served = entry.IsServed,
            Counted =
                entry.IsRunning
                && sender.IsCounted
                && sender.Tracking != TrackingMode.Off
                && !isTurnedAway
                && choice.Reason != ChoiceReason.NotParticipating,
            Tracking = sender.Tracking,
            Verdict = isTurnedAway && !isRefused ? sender.Verdict with { Effect = ExplanationSentence.ClosedLinkEffect } : sender.Verdict,
            Unit = sender.Unit.IsEmpty
                ? null
                : new ExplainedUnit(sender.UnitSource, Encoding.UTF8.GetString(sender.Unit)),
            Properties = PropertiesOf(experiment, visitor),
            Split = entry.Type == ExperimentType.AbTest ? SplitOf(entry, choice) : null,
            Conditions = entry.Type == ExperimentType.SmartLink ? ConditionsOf(entry, visitor, trace, choice) : null,
            Schedules = schedules,
        };
    }

    /// <summary>Where the described click leads; the id of its event, which there is not, as the macro.</summary>
    private static string? DestinationOf(CatalogEntry entry, Choice choice, in VisitorContext visitor) =>
        (entry.Limits?.ClosedAt(visitor.Now) ?? entry.Variants[choice.Variant].Target)
            ?.Complete(visitor.Query, Destination.ClickIdMacro)
            .ToString();

    private static string ReasonOf(CatalogEntry entry, Choice choice) =>
        entry.IsServed && entry.Status != ExperimentStatus.Paused
            ? WireNames<ChoiceReason>.Upper.Text(choice.Reason)
            : WireNames<ExperimentStatus>.Upper.Text(entry.Status);

    private static Dictionary<string, string?> PropertiesOf(Experiment experiment, in VisitorContext context)
    {
        var visitor = new VisitorProperties(context, stackalloc char[VisitorProperties.ScratchChars]);
        var properties = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var name in ConditionProperty.Published)
        {
            _ = ConditionProperty.TryParse(name, null, out var property);
            properties[name] = Seen(ref visitor, property);
        }
        if (experiment.Type == ExperimentType.SmartLink)
        {
            foreach (var rule in experiment.Variants.SelectMany(variant => RulesOf(variant.Conditions)))
            {
                _ = ConditionProperty.TryParse(rule.Property, rule.ParamName, out var property);
                properties[property.PublishedName] = Seen(ref visitor, property);
            }
        }
        return properties;
    }

    private static IEnumerable<ConditionRule> RulesOf(ConditionNode? node) =>
        node switch
        {
            ConditionRule rule => [rule],
            ConditionGroup group => group.Children.SelectMany(RulesOf),
            _ => [],
        };

    private static string? Seen(ref VisitorProperties visitor, in ConditionProperty property) =>
        visitor.TryRead(property, out var text) ? text.ToString() : null;

    private static ExplainedSplit SplitOf(CatalogEntry entry, Choice choice)
    {
        var runs = new List<(string Variant, BucketRange Range)>();
        var from = 0;
        foreach (var (to, variant) in entry.Slots.ToRanges(entry.Experiment.Variants))
        {
            runs.Add((variant, new BucketRange(from, to)));
            from = to;
        }
        var shares = entry.Experiment.Variants.Select(variant => new ExplainedShare(
            variant.Id,
            variant.Weight,
            [.. runs.Where(run => run.Variant == variant.Id).Select(run => run.Range)]
        ));
        return choice.Reason == ChoiceReason.Split
            ? new ExplainedSplit(
                choice.Bucket,
                runs.First(run => choice.Bucket < run.Range.To).Range,
                entry.WeightsVersion,
                [.. shares]
            )
            : new ExplainedSplit(null, null, entry.WeightsVersion, [.. shares]);
    }

    private static List<ExplainedConditions> ConditionsOf(
        CatalogEntry entry,
        in VisitorContext context,
        ConditionTrace trace,
        Choice choice
    )
    {
        var visitor = new VisitorProperties(context, stackalloc char[VisitorProperties.ScratchChars]);
        var all = new List<ExplainedConditions>();
        for (var i = 0; i < entry.Variants.Length; i++)
        {
            var nodes = new List<ExplainedNode>();
            var result = ConditionOutcome.NotEvaluated;
            if (entry.Conditions[i] is not null)
            {
                var rule = 0;
                var path = string.Create(CultureInfo.InvariantCulture, $"variants[{i}].conditions");
                result = Append(
                    nodes,
                    entry.Experiment.Variants[i].Conditions!,
                    path,
                    trace.Of(i),
                    ref rule,
                    ref visitor
                );
            }
            var note =
                entry.Conditions[i] is not null ? null
                : i == entry.DefaultIndex ? "the default: served when no conditions are true"
                : "has no conditions: never chosen";
            all.Add(new ExplainedConditions(entry.Variants[i].Id, result, note, nodes));
        }
        System.Diagnostics.Debug.Assert(
            choice.Reason != ChoiceReason.TargetingMatch || all[choice.Variant].Result == ConditionOutcome.True,
            "the nodes give the same result as the program"
        );
        return all;
    }

    /// <summary>
    /// Appends a subtree in reading order, which is the order of the compiled rules, and returns its result.
    /// </summary>
    private static ConditionOutcome Append(
        List<ExplainedNode> nodes,
        ConditionNode node,
        string path,
        ReadOnlySpan<ConditionOutcome> outcomes,
        ref int rule,
        ref VisitorProperties visitor
    )
    {
        var at = nodes.Count;
        if (node is ConditionRule leaf)
        {
            _ = ConditionProperty.TryParse(leaf.Property, leaf.ParamName, out var property);
            var outcome = outcomes.IsEmpty ? ConditionOutcome.NotEvaluated : outcomes[rule];
            rule++;
            nodes.Add(
                new ExplainedNode(
                    path,
                    outcome,
                    WireNames<RuleOperator>.Lower.Text(leaf.RuleOperator),
                    property.PublishedName,
                    leaf.Value,
                    Seen(ref visitor, property)
                )
            );
            return outcome;
        }
        var group = (ConditionGroup)node;
        var decides = group.Operator == GroupOperator.And ? ConditionOutcome.False : ConditionOutcome.True;
        var result = ConditionOutcome.NotEvaluated;
        nodes.Add(
            new ExplainedNode(path, result, WireNames<GroupOperator>.Upper.Text(group.Operator), null, null, null)
        );
        for (var i = 0; i < group.Children.Count; i++)
        {
            var childPath = string.Create(CultureInfo.InvariantCulture, $"{path}.children[{i}]");
            var child = Append(nodes, group.Children[i], childPath, outcomes, ref rule, ref visitor);
            // Children after the one that decided the group were not evaluated.
            if (child != ConditionOutcome.NotEvaluated && result != decides)
            {
                result = child;
            }
        }
        nodes[at] = nodes[at] with { Result = result };
        return result;
    }

    private static ExplainedSchedules SchedulesOf(CatalogEntry entry, in VisitorContext visitor, string? zoneSource)
    {
        var now = visitor.Now;
        var table = entry.Schedules!.For(visitor.Zone);
        var variants = new List<ExplainedSchedule>();
        for (var i = 0; i < entry.Variants.Length; i++)
        {
            var state = table.StateOf(i, now);
            var recurrence = entry.Experiment.Variants[i].Schedule?.Recurrence;
            variants.Add(
                new ExplainedSchedule(
                    entry.Variants[i].Id,
                    state is { IsActive: true },
                    state is { IsActive: true, Start: var start } ? InstantOf(start) : null,
                    state is { Until: var until } ? InstantOf(until) : null,
                    recurrence?.Type,
                    recurrence?.TimezoneFor(visitor.Zone?.Name)
                )
            );
        }
        var zone = entry.IsByVisitorsClock ? new ExplainedZone(visitor.Zone?.Name, zoneSource ?? "") : null;
        return new ExplainedSchedules(variants, InstantOf(table.NextChange(now).UtcTicks), zone);
    }

    /// <summary>The beginning and the end of the calendar stand for an open bound.</summary>
    private static DateTimeOffset? InstantOf(long utcTicks) =>
        utcTicks <= DateTime.MinValue.Ticks || utcTicks >= DateTime.MaxValue.Ticks
            ? null
            : new DateTimeOffset(utcTicks, TimeSpan.Zero);
}
