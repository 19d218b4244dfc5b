using System.Text.Json;
using System.Text.Json.Serialization;
using Edge.Experiments.Conditions;
using Edge.Experiments.Schedules;

namespace Edge.Experiments;

/// <summary>One alternative of an experiment. Immutable.</summary>
internal sealed record Variant
{
    /// <summary>Unique within the experiment; letters, digits, underscore and hyphen.</summary>
    public required string Id { get; init; }

    /// <summary>For people; at most 255 characters.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Name { get; init; }

    /// <summary>Overrides the experiment's template.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? TemplateUid { get; init; }

    /// <summary>Template variables: a JSON object kept as it was sent, numbers digit for digit.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Variables { get; init; }

    /// <summary>Share of traffic served now, in basis points; the variants' weights sum to exactly 10,000.</summary>
    public required int Weight { get; init; }

    /// <summary>
    /// Share of traffic its owner asked for, in basis points, while the served weight is another one because a bandit
    /// moved it; null when the weight is what its owner asked for.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? ConfiguredWeight { get; init; }

    /// <summary>Share of traffic its owner asked for, in basis points.</summary>
    [JsonIgnore]
    public int AskedWeight => ConfiguredWeight ?? Weight;

    /// <summary>
    /// Whether this one is served when nothing else applies; the first variant is when none is marked.
    /// </summary>
    public bool IsDefault { get; init; }

    /// <summary>When a smart link serves it; kept but without effect on other types.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ConditionNode? Conditions { get; init; }

    /// <summary>When a scheduled experiment serves it; kept but without effect on other types.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public VariantSchedule? Schedule { get; init; }

    /// <summary>Counted impressions: filled in for API answers, never read and never stored.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Impressions { get; init; }

    /// <summary>Counted clicks: filled in for API answers, never read and never stored.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Clicks { get; init; }
}
