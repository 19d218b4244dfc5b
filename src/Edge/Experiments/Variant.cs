using System.Text.Json;
using System.Text.Json.Serialization;
using Edge.Experiments.Conditions;
using Edge.Experiments.Schedules;

namespace Edge.Experiments;

/// <summary>One alternative of an experiment. Immutable.</summary>
internal sealed record Variant
{
    /// <summary>The member of <see cref="Variables"/> that is the address of the image.</summary>
    public const string ImageUrl = "imageUrl";

    /// <summary>Unique within the experiment; letters, digits, underscore and hyphen.</summary>
    public required string Id { get; init; }

    /// <summary>Display name, at most 255 characters.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Name { get; init; }

    /// <summary>Overrides the experiment's template.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? TemplateUid { get; init; }

    /// <summary>
    /// Where a click leads when this variant was served, as its owner wrote it; null for the destination of the goal.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? DestinationUrl { get; init; }

    /// <summary>Template variables: a JSON object kept exactly as sent, including the digits of numbers.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Variables { get; init; }

    /// <summary>Served share of traffic, basis points; the variants' weights sum to exactly 10,000.</summary>
    public required int Weight { get; init; }

    /// <summary>
    /// Configured share of traffic, basis points, while a bandit serves a different one; null when both are equal.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? ConfiguredWeight { get; init; }

    /// <summary>Configured share of traffic, basis points, whether or not a bandit serves a different one.</summary>
    [JsonIgnore]
    public int RequestedWeight => ConfiguredWeight ?? Weight;

    /// <summary>Whether it is served when nothing else applies; when no variant is marked, the first one is.</summary>
    public bool IsDefault { get; init; }

    /// <summary>When a smart link serves it; stored but ignored for other types.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ConditionNode? Conditions { get; init; }

    /// <summary>When a scheduled experiment serves it; stored but ignored for other types.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public VariantSchedule? Schedule { get; init; }

    /// <summary>Counted impressions: set for API responses only, never read and never stored.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Impressions { get; init; }

    /// <summary>Counted clicks: set for API responses only, never read and never stored.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Clicks { get; init; }
}
