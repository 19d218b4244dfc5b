using System.Text.Json;
using System.Text.Json.Serialization;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Selection.Conditions;

namespace Edge.Explanation;

/// <summary>
/// Why one request gets one variant: everything the choice looked at, in JSON (camelCase, unknown is null). Made by
/// <see cref="Explainer"/> from the choice itself. It shows what the request was described with, so it is handed to
/// whoever described it and kept nowhere.
/// </summary>
internal sealed record VariantExplanation
{
    /// <summary>Which experiment.</summary>
    public required ExplainedExperiment Experiment { get; init; }

    /// <summary>The instant all decisions of the request fall on.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Id of the variant; null when the experiment is not served at all.</summary>
    public required string? Variant { get; init; }

    /// <summary>
    /// A <see cref="ChoiceReason"/> in capitals, or the status when that decides: <c>DRAFT</c>, <c>ARCHIVED</c>,
    /// <c>PAUSED</c>.
    /// </summary>
    public required string Reason { get; init; }

    /// <summary>The reason as one sentence for people.</summary>
    public required string Why { get; init; }

    /// <summary>Whether links and images of the experiment work.</summary>
    public required bool Served { get; init; }

    /// <summary>Whether the visit counts as an impression or click.</summary>
    public required bool Counted { get; init; }

    /// <summary>Who sent it.</summary>
    public required ExplainedVerdict Verdict { get; init; }

    /// <summary>What is kept together in an A/B test; null when the request has neither unit nor address.</summary>
    public required ExplainedUnit? Unit { get; init; }

    /// <summary>
    /// Every property a condition may name, by its published name, and the query parameters that conditions of this
    /// experiment do name; null is unknown.
    /// </summary>
    public required IReadOnlyDictionary<string, string?> Properties { get; init; }

    /// <summary>Buckets and weights; for A/B tests only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ExplainedSplit? Split { get; init; }

    /// <summary>The trees in their order; for smart links only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ExplainedConditions>? Conditions { get; init; }

    /// <summary>The schedules; for scheduled experiments only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ExplainedSchedules? Schedules { get; init; }
}

/// <summary>The experiment an explanation is about.</summary>
internal sealed record ExplainedExperiment(string Uid, string Slug, ExperimentType Type, ExperimentStatus Status);

/// <summary>The automation verdict.</summary>
/// <param name="Verdict">Word of the event schema, such as <c>human</c> or <c>bot</c>.</param>
/// <param name="Reason">Id of the rule that gave it; empty for people.</param>
/// <param name="Certainty"><c>certain</c> or <c>probable</c>, as the rule says; null without a rule.</param>
/// <param name="Shadow">What a rule in shadow would have made of it, as <c>verdict:rule</c>; null when none
/// would.</param>
/// <param name="IsMachine">Whether it gets the default variant instead of a choice.</param>
/// <param name="Effect">What follows from it, for people.</param>
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
/// <param name="Bucket">0 to 9,999; null when chance did not decide.</param>
/// <param name="Range">The run of buckets it lies in; null like the bucket.</param>
/// <param name="WeightsVersion">Version of the served weights.</param>
/// <param name="Shares">Each variant with its weight and buckets.</param>
internal sealed record ExplainedSplit(
    int? Bucket,
    BucketRange? Range,
    int WeightsVersion,
    IReadOnlyList<ExplainedShare> Shares
);

/// <summary>A run of buckets, from the first up to but without the last.</summary>
internal sealed record BucketRange(int From, int To);

/// <summary>What one variant has of an A/B test.</summary>
/// <param name="Variant">Its id.</param>
/// <param name="Weight">Served weight in basis points.</param>
/// <param name="Buckets">Its runs of buckets, ascending.</param>
internal sealed record ExplainedShare(string Variant, int Weight, IReadOnlyList<BucketRange> Buckets);

/// <summary>The turn of one variant of a smart link.</summary>
/// <param name="Variant">Its id.</param>
/// <param name="Result">
/// Whether its tree was true; not evaluated when an earlier one was, and for variants without a tree.
/// </param>
/// <param name="Note">Why it has no turn, null when it has one.</param>
/// <param name="Nodes">Its nodes from the root, each before its children; empty without a tree.</param>
internal sealed record ExplainedConditions(
    string Variant,
    ConditionOutcome Result,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Note,
    IReadOnlyList<ExplainedNode> Nodes
);

/// <summary>One node of a tree: a group has no property, a rule no children.</summary>
/// <param name="Path">Dotted path in the definition, such as <c>variants[1].conditions.children[0]</c>.</param>
/// <param name="Result">What became of it.</param>
/// <param name="Operator"><c>AND</c>, <c>OR</c>, or the rule's operator.</param>
/// <param name="Property">Published name of the property of a rule.</param>
/// <param name="Value">What the rule compares with.</param>
/// <param name="Seen">What the request has; null when unknown, also where the rule was not evaluated.</param>
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
/// <param name="NextChange">First later instant at which another variant may be active; null when there is
/// none.</param>
internal sealed record ExplainedSchedules(IReadOnlyList<ExplainedSchedule> Variants, DateTimeOffset? NextChange);

/// <summary>The schedule of one variant at one instant.</summary>
/// <param name="Variant">Its id.</param>
/// <param name="Active">Whether an occurrence is going on.</param>
/// <param name="Start">When it began; null when none is going on, or when it has been for longer than is
/// searched.</param>
/// <param name="Until">Until when this holds at least; null when nothing will change.</param>
/// <param name="Recurrence">How it repeats; null without a schedule.</param>
/// <param name="Timezone">Whose wall clock counts; null without a schedule.</param>
internal sealed record ExplainedSchedule(
    string Variant,
    bool Active,
    DateTimeOffset? Start,
    DateTimeOffset? Until,
    RecurrenceType? Recurrence,
    string? Timezone
);
