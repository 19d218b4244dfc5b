using System.Globalization;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Formats;
using Edge.Selection;

namespace Edge.Explanation;

/// <summary>Says in one plain sentence why a request gets its variant. Pure.</summary>
internal static class ExplanationSentence
{
    /// <summary>What a link that is closed means for a verdict, whichever it is.</summary>
    public const string ClosedLinkEffect = "gets no variant and is not counted, because the link is closed";

    /// <summary>Of a click ahead of the visit.</summary>
    public const string Refused =
        "A browser that loads the link ahead of the visit is refused with 503 and asks again at the visit itself, which gets"
        + " its variant and is counted; nothing is recorded of this request.";

    /// <summary>The sentence.</summary>
    public static string Of(
        CatalogEntry entry,
        Choice choice,
        ExplainedVerdict verdict,
        ExplainedSchedules? schedules
    ) =>
        entry.Status switch
        {
            ExperimentStatus.Draft =>
                "The experiment is a draft that was never started, so nothing is served or counted.",
            ExperimentStatus.Archived =>
                "The experiment is archived, so nothing is served and its slug is free for another one.",
            ExperimentStatus.Paused =>
                $"The experiment is paused: its link and image keep working, with {Variant(entry, choice)}, and nothing is"
                    + " counted.",
            _ => OfChoice(entry, choice, verdict, schedules),
        };

    /// <summary>The sentence for a click on a link that a time limit closes.</summary>
    public static string OfClosedLink(LinkConfig link, DateTimeOffset now) =>
        (
            now < link.StartsAt
                ? $"The link starts at {Timestamp.Format(link.StartsAt.Value)} (linkConfig.startsAt)"
                : $"The link expired at {Timestamp.Format(link.ExpiresAt!.Value)} (linkConfig.expiresAt)"
        ) + ": the click leads elsewhere, gets no variant and is not counted.";

    private static string OfChoice(
        CatalogEntry entry,
        Choice choice,
        ExplainedVerdict verdict,
        ExplainedSchedules? schedules
    )
    {
        var name = Variant(entry, choice);
        return choice.Reason switch
        {
            ChoiceReason.Split => Invariant(
                $"The unit falls into bucket {choice.Bucket}, and that bucket belongs to {name}, whose weight is"
            ) + Invariant($" {entry.Variants[choice.Variant].Weight} of {Bucketing.Count}."),
            ChoiceReason.TargetingMatch => $"The conditions of {name} are the first in the list that are true.",
            ChoiceReason.Schedule => Scheduled(name, schedules!, choice),
            ChoiceReason.Winner => $"The experiment is completed, and {name} was declared the winner.",
            ChoiceReason.NotParticipating =>
                $"The unit is outside the experiment's trafficShare or exclusionGroup, gets {name} and is not counted.",
            ChoiceReason.Stated => $"The request states with variant= that {name} was shown, which is believed.",
            ChoiceReason.Bot => $"The sender is a machine ({verdict.Verdict}, {verdict.Reason}), which gets {name}"
                + " and is not counted.",
            _ => $"{Otherwise(entry)}, so {name} is served.{Clock(schedules)}",
        };
    }

    private static string Scheduled(string name, ExplainedSchedules schedules, Choice choice)
    {
        var window = schedules.Variants[choice.Variant];
        var since = window.Start is { } start ? $"has been active since {Timestamp.Format(start)}" : "is active";
        return (
                schedules.Variants.Count(variant => variant.Active) == 1
                    ? $"{Capital(name)} {since}, and no other variant is active."
                    : $"{Capital(name)} {since}; of the active variants it began last."
            ) + Clock(schedules);
    }

    /// <summary>Whose clock it is, where it is the visitor's.</summary>
    private static string Clock(ExplainedSchedules? schedules) =>
        schedules?.Visitor switch
        {
            { Timezone: { } zone, Source: var source } => $" The visitor's clock is that of {zone} ({source}).",
            { } => " The visitor's time zone is not known, so the fallbackTimezone of the schedules applies.",
            null => "",
        };

    private static string Otherwise(CatalogEntry entry) =>
        entry switch
        {
            { Status: ExperimentStatus.Completed } => "The experiment is completed without a winner",
            { Type: ExperimentType.SmartLink } => "No conditions are true",
            _ => "No variant is active at this time",
        };

    private static string Variant(CatalogEntry entry, Choice choice)
    {
        var id = entry.Variants[choice.Variant].Id;
        if (choice.Reason is not (ChoiceReason.Default or ChoiceReason.Bot or ChoiceReason.NotParticipating))
        {
            return $"variant '{id}'";
        }
        return entry.Experiment.Variants[choice.Variant].IsDefault
            ? $"the default variant '{id}'"
            : $"the first variant '{id}', since none is marked as the default,";
    }

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
