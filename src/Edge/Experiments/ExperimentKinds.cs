using System.Text.Json.Serialization;
using Edge.Formats;

namespace Edge.Experiments;

/// <summary>How an experiment chooses its variant. Wire: <c>ab_test</c>, <c>smart_link</c>, <c>scheduled</c>.</summary>
[JsonConverter(typeof(WireNameConverter<ExperimentType>))]
internal enum ExperimentType
{
    /// <summary>By weight, from a hash of the unit.</summary>
    AbTest,

    /// <summary>By the first condition tree that is true for the request.</summary>
    SmartLink,

    /// <summary>By the clock.</summary>
    Scheduled,
}

/// <summary>Where an experiment is in its lifecycle. Visits count only while it is running.</summary>
[JsonConverter(typeof(WireNameConverter<ExperimentStatus>))]
internal enum ExperimentStatus
{
    /// <summary>Created, never started: not served.</summary>
    Draft,

    /// <summary>Served and counted.</summary>
    Running,

    /// <summary>Served, so that links already sent out keep working, but not counted.</summary>
    Paused,

    /// <summary>Ended: the winner is served, nothing is counted.</summary>
    Completed,

    /// <summary>Soft-deleted: not served, and its slug is free.</summary>
    Archived,
}

/// <summary>
/// What counts as success. Wire: <c>impressions_only</c>, <c>click_through</c>, <c>conversion</c>, <c>event</c>,
/// <c>value</c>.
/// </summary>
[JsonConverter(typeof(WireNameConverter<GoalType>))]
internal enum GoalType
{
    /// <summary>Impressions are counted and nothing is optimised.</summary>
    ImpressionsOnly,

    /// <summary>A click on the experiment's link; every variant needs a destination, its own or the goal's.</summary>
    ClickThrough,

    /// <summary>A conversion that the sender reports for the experiment.</summary>
    Conversion,

    /// <summary>An event of a certain name, whichever API reports it.</summary>
    Event,

    /// <summary>The sum of a number that events of a certain name carry; variants are compared by its mean.</summary>
    Value,
}

/// <summary>What starts a unit's trial. Wire: <c>exposure</c>, <c>click</c>.</summary>
[JsonConverter(typeof(WireNameConverter<TrialStart>))]
internal enum TrialStart
{
    /// <summary>Its first impression or view.</summary>
    Exposure,

    /// <summary>Its first click, for tests of the pages behind a link.</summary>
    Click,
}

/// <summary>
/// What is kept of a visit, the loosest first: of several the greatest holds. Wire: <c>full</c>, <c>aggregate</c>,
/// <c>off</c>.
/// </summary>
[JsonConverter(typeof(WireNameConverter<TrackingMode>))]
internal enum TrackingMode
{
    /// <summary>An event with everything there is to say.</summary>
    Full,

    /// <summary>An event that says nothing about the person: no unit, no address hash, no agent, no place but the country.</summary>
    Aggregate,

    /// <summary>No event; the visit is answered and its request counted.</summary>
    Off,
}

/// <summary>The one published algorithm of automatic optimisation. Wire: <c>thompson_sampling</c>.</summary>
[JsonConverter(typeof(WireNameConverter<BanditAlgorithm>))]
internal enum BanditAlgorithm
{
    /// <summary>Weights follow each variant's probability to be the best.</summary>
    ThompsonSampling,
}

/// <summary>Format of the rendered image. Wire: <c>png</c>, <c>jpeg</c>, <c>webp</c>.</summary>
[JsonConverter(typeof(WireNameConverter<ImageFormat>))]
internal enum ImageFormat
{
    /// <summary>Portable network graphics.</summary>
    Png,

    /// <summary>JPEG.</summary>
    Jpeg,

    /// <summary>WebP.</summary>
    Webp,
}

/// <summary>How a schedule repeats. Wire: <c>none</c>, <c>daily</c>, <c>weekly</c>, <c>cron</c>.</summary>
[JsonConverter(typeof(WireNameConverter<RecurrenceType>))]
internal enum RecurrenceType
{
    /// <summary>Once.</summary>
    None,

    /// <summary>Each local day at the same times of day.</summary>
    Daily,

    /// <summary>Each week on the weekday of the start.</summary>
    Weekly,

    /// <summary>At the fires of a cron expression, or during the minutes it matches.</summary>
    Cron,
}

/// <summary>How a group of conditions combines its children. Wire: <c>AND</c>, <c>OR</c>.</summary>
[JsonConverter(typeof(UpperWireNameConverter<GroupOperator>))]
internal enum GroupOperator
{
    /// <summary>True when every child is.</summary>
    And,

    /// <summary>True when at least one child is.</summary>
    Or,
}

/// <summary>
/// How a rule compares; the ten of the published schema and the two set operators that the dashboard writes.
/// </summary>
[JsonConverter(typeof(WireNameConverter<RuleOperator>))]
internal enum RuleOperator
{
    /// <summary>Equal text, ignoring case, or equal number.</summary>
    Equals,

    /// <summary>Negation of <see cref="Equals"/>.</summary>
    NotEquals,

    /// <summary>The property contains the value.</summary>
    Contains,

    /// <summary>Negation of <see cref="Contains"/>.</summary>
    NotContains,

    /// <summary>The property begins with the value.</summary>
    StartsWith,

    /// <summary>The property ends with the value.</summary>
    EndsWith,

    /// <summary>Both are numbers and the property is greater.</summary>
    Gt,

    /// <summary>Both are numbers and the property is less.</summary>
    Lt,

    /// <summary>Both are numbers and the property is not less.</summary>
    Gte,

    /// <summary>Both are numbers and the property is not greater.</summary>
    Lte,

    /// <summary>The property equals one of the values.</summary>
    In,

    /// <summary>Negation of <see cref="In"/>.</summary>
    NotIn,
}
