using System.Text.Json;
using System.Text.Json.Serialization;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Selection.Conditions;

namespace Edge.Explanation;

/// <summary>
/// Why a request gets its variant: everything the choice depended on, as JSON (camelCase, null means unknown). Created
/// by <see cref="Explainer"/> from the choice itself. It contains data about the described visitor, so it is returned
/// to the caller and stored nowhere.
/// </summary>
internal sealed record VariantExplanation
{
    /// <summary>The reason of a click that a limit of the link turns away.</summary>
    public const string LinkClosedReason = "LINK_CLOSED";

    /// <summary>The reason of a click that a browser makes ahead of the visit, which is refused.</summary>
    public const string PrefetchReason = "PREFETCH";

    /// <summary>The experiment.</summary>
    public required ExplainedExperiment Experiment { get; init; }

    /// <summary>The instant used for all decisions about the request.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>
    /// Id of the variant; null when the experiment is not served at all, the link is closed or the click refused.
    /// </summary>
    public required string? Variant { get; init; }

    /// <summary>
    /// Where a click leads; null when the experiment is not served or has no destination. How many clicks the link has
    /// taken is not looked at.
    /// </summary>
    public required string? Destination { get; init; }

    /// <summary>Whether a click is too early or too late, so that it leads elsewhere and is not counted.</summary>
    public required bool LinkClosed { get; init; }

    /// <summary>
    /// A <see cref="ChoiceReason"/> in capitals, <see cref="LinkClosedReason"/>, <see cref="PrefetchReason"/>, or the
    /// status when that decides: <c>DRAFT</c>, <c>ARCHIVED</c>, <c>PAUSED</c>.
    /// </summary>
    public required string Reason { get; init; }

    /// <summary>The reason as a sentence for people.</summary>
    public required string Why { get; init; }

    /// <summary>Whether links and images of the experiment work.</summary>
    public required bool Served { get; init; }

    /// <summary>Whether the visit counts as an impression or click.</summary>
    public required bool Counted { get; init; }

    /// <summary>
    /// What is kept of the visit at most, by experiment and browser; the token of a signed link may say less. Left out when
    /// it is everything.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public TrackingMode Tracking { get; init; }

    /// <summary>The automation verdict on its sender.</summary>
    public required ExplainedVerdict Verdict { get; init; }

    /// <summary>The unit of an A/B test; null when the request has neither a unit nor an address.</summary>
    public required ExplainedUnit? Unit { get; init; }

    /// <summary>
    /// Every property that a condition may name, by its published name, and the query parameters that this experiment's
    /// conditions name; null means unknown.
    /// </summary>
    public required IReadOnlyDictionary<string, string?> Properties { get; init; }

    /// <summary>Buckets and weights; for A/B tests only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ExplainedSplit? Split { get; init; }

    /// <summary>The condition trees, in order; for smart links only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ExplainedConditions>? Conditions { get; init; }

    /// <summary>The schedules; for scheduled experiments only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ExplainedSchedules? Schedules { get; init; }
}

/// <summary>The experiment an explanation is about.</summary>
internal sealed record ExplainedExperiment(string Uid, string Slug, ExperimentType Type, ExperimentStatus Status);

/// <summary>The automation verdict.</summary>
/// <param name="Verdict">The verdict as written in events, such as <c>human</c> or <c>bot</c>.</param>
/// <param name="Reason">Id of the rule that gave it; empty when no rule matched.</param>
/// <param name="Certainty"><c>certain</c> or <c>probable</c>, as the rule says; null without a rule.</param>
/// <param name="Shadow">
/// The verdict that a rule in shadow would have given, as <c>verdict:rule</c>; null when there is none.
/// </param>
/// <param name="IsMachine">Whether it gets the default variant instead of a choice.</param>
/// <param name="Effect">Its consequence, for people.</param>
internal sealed record ExplainedVerdict(
    string Verdict,
    string Reason,
    string? Certainty,
    string? Shadow,
    bool IsMachine,
    string Effect
);

/// <summary>The unit of an A/B test.</summary>
/// <param name="Source"><c>u parameter</c> or <c>viewer key</c>.</param>
/// <param name="Value">The unit as text.</param>
internal sealed record ExplainedUnit(string Source, string Value);

/// <summary>How an A/B test divides its visitors.</summary>
/// <param name="Bucket">0 to 9,999; null when the choice was not random.</param>
/// <param name="Range">The run of buckets it lies in; null when the bucket is.</param>
/// <param name="WeightsVersion">Version of the served weights.</param>
/// <param name="Shares">Each variant with its weight and buckets.</param>
internal sealed record ExplainedSplit(
    int? Bucket,
    BucketRange? Range,
    int WeightsVersion,
    IReadOnlyList<ExplainedShare> Shares
);

/// <summary>A run of buckets; the end is exclusive.</summary>
internal sealed record BucketRange(int From, int To);

/// <summary>The share of one variant in an A/B test.</summary>
/// <param name="Variant">Its id.</param>
/// <param name="Weight">Served weight in basis points.</param>
/// <param name="Buckets">Its runs of buckets, ascending.</param>
internal sealed record ExplainedShare(string Variant, int Weight, IReadOnlyList<BucketRange> Buckets);

/// <summary>The conditions of one variant of a smart link.</summary>
/// <param name="Variant">Its id.</param>
/// <param name="Result">
/// Whether its tree was true; not evaluated when an earlier one was, and for variants without a tree.
/// </param>
/// <param name="Note">Why it has no tree; null when it has one.</param>
/// <param name="Nodes">Its nodes from the root, each before its children; empty without a tree.</param>
internal sealed record ExplainedConditions(
    string Variant,
    ConditionOutcome Result,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Note,
    IReadOnlyList<ExplainedNode> Nodes
);

/// <summary>One node of a tree: groups have no property, rules no children.</summary>
/// <param name="Path">Dotted path in the definition, such as <c>variants[1].conditions.children[0]</c>.</param>
/// <param name="Result">Its outcome.</param>
/// <param name="Operator"><c>AND</c>, <c>OR</c>, or the rule's operator.</param>
/// <param name="Property">Published name of the property of a rule.</param>
/// <param name="Value">The value that the rule compares with.</param>
/// <param name="Seen">The request's value, given even if the rule was not evaluated; null when unknown.</param>
internal sealed record ExplainedNode(
    string Path,
    ConditionOutcome Result,
    string Operator,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Property,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] JsonElement? Value,
    string? Seen
);

/// <summary>The schedules of an experiment at one instant.</summary>
/// <param name="Variants">Each variant.</param>
/// <param name="NextChange">
/// The first later instant at which another variant may be active; null when there is none.
/// </param>
/// <param name="Visitor">The visitor's clock; null when none of the schedules runs on it.</param>
internal sealed record ExplainedSchedules(
    IReadOnlyList<ExplainedSchedule> Variants,
    DateTimeOffset? NextChange,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ExplainedZone? Visitor
);

/// <summary>The time zone of the visitor.</summary>
/// <param name="Timezone">IANA name; null when it is not known, and the schedule's own fallback stands in.</param>
/// <param name="Source">Where it came from: tz parameter, tz attribute, geo data, country, or fallback.</param>
internal sealed record ExplainedZone(string? Timezone, string Source);

/// <summary>The schedule of one variant at one instant.</summary>
/// <param name="Variant">Its id.</param>
/// <param name="Active">Whether an occurrence is in progress.</param>
/// <param name="Start">
/// When it began; null when none is in progress, or when it began before the range that is searched.
/// </param>
/// <param name="Until">The earliest time at which this may change; null when it never will.</param>
/// <param name="Recurrence">How it repeats; null without a schedule.</param>
/// <param name="Timezone">
/// The time zone whose wall clock applies, for a schedule on visitors' clocks that of this one; null without a schedule.
/// </param>
internal sealed record ExplainedSchedule(
    string Variant,
    bool Active,
    DateTimeOffset? Start,
    DateTimeOffset? Until,
    RecurrenceType? Recurrence,
    string? Timezone
);
