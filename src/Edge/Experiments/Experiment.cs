using System.Text.Json.Serialization;
using Edge.Experiments.Reading;

namespace Edge.Experiments;

/// <summary>
/// One experiment as the published Pictify schema has it, with what a stored file adds. Immutable; a change is a new
/// record. A record that came out of <see cref="ExperimentReader"/> satisfies every rule of that schema.
/// </summary>
internal sealed record Experiment
{
    /// <summary>The only bucketing rule there is so far: md5 of uid, colon and unit.</summary>
    public const int CurrentHashVersion = 1;

    /// <summary>
    /// <c>exp_</c> and up to 60 URL-safe characters; made by the server, never changed: the buckets depend on it.
    /// </summary>
    public required string Uid { get; init; }

    /// <summary>The name in the public URLs, unique among experiments that are not archived.</summary>
    public required string Slug { get; init; }

    /// <summary>How the variant is chosen.</summary>
    public required ExperimentType Type { get; init; }

    /// <summary>For people; 1 to 255 characters.</summary>
    public required string Name { get; init; }

    /// <summary>Where it is in its life.</summary>
    public ExperimentStatus Status { get; init; }

    /// <summary>Default template of the variants' images.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? TemplateUid { get; init; }

    /// <summary>At least two, in the order that decides priorities and buckets.</summary>
    public required IReadOnlyList<Variant> Variants { get; init; }

    /// <summary>What counts as success and where a click goes.</summary>
    public GoalConfig GoalConfig { get; init; } = GoalConfig.Default;

    /// <summary>Automatic optimisation of the weights.</summary>
    public BanditConfig BanditConfig { get; init; } = BanditConfig.Default;

    /// <summary>What the owner expects; at most 500 characters.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Hypothesis { get; init; }

    /// <summary>Trials of the leader before a winner is suggested. Advisory: it never blocks completion.</summary>
    public int MinimumSampleSize { get; init; } = 1000;

    /// <summary>
    /// Probability to be best above which a winner is suggested, exclusively between 0 and 1. Advisory.
    /// </summary>
    public double ConfidenceThreshold { get; init; } = 0.95;

    /// <summary>Days of running before a winner is suggested. Advisory.</summary>
    public int MinimumRunDays { get; init; } = 7;

    /// <summary>The variant declared best, null until the experiment is completed; always written.</summary>
    public string? WinnerVariantId { get; init; }

    /// <summary>When it was declared; always written.</summary>
    public DateTimeOffset? WinnerDeclaredAt { get; init; }

    /// <summary>Image to serve when the experiment has ended and no variant has one; http or https.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? FallbackImageUrl { get; init; }

    /// <summary>Template to serve when the experiment has ended.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? FallbackTemplateUid { get; init; }

    /// <summary>Format of the rendered image.</summary>
    public OutputConfig OutputConfig { get; init; } = OutputConfig.Default;

    /// <summary>Which bucketing rule the experiment was started under.</summary>
    public int HashVersion { get; init; } = CurrentHashVersion;

    /// <summary>Version of the served weights: 1 at first, one more with each publication.</summary>
    public int WeightsVersion { get; init; } = 1;

    /// <summary>
    /// Who holds which of the 10,000 buckets, in order, once weights have changed. Null while the buckets are what
    /// the weights say in variant order. A change of weights moves only the viewers it must, so the table depends on
    /// its past and is kept.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<SlotRange>? Slots { get; init; }

    /// <summary>The team that owns it; null on a machine that has only one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Team { get; init; }

    /// <summary>Since when it has been running; null unless it is.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? RunningSince { get; init; }

    /// <summary>Seconds it ran before that, pauses left out.</summary>
    public int RanSeconds { get; init; }

    /// <summary>How long it has been running, pauses left out.</summary>
    public TimeSpan RunTime(DateTimeOffset now)
    {
        var current = Status == ExperimentStatus.Running ? now - (RunningSince ?? CreatedAt) : TimeSpan.Zero;
        return TimeSpan.FromSeconds(RanSeconds) + (current > TimeSpan.Zero ? current : TimeSpan.Zero);
    }

    /// <summary>When it was created.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When its definition or status last changed; counters do not change it.</summary>
    public DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>
/// One run of buckets that belongs to one variant: from the end of the run before (or 0) up to <paramref name="To"/>.
/// </summary>
/// <param name="To">First bucket after the run, 1 to 10,000.</param>
/// <param name="Variant">Id of the variant; one that was removed since counts as weight 0.</param>
internal readonly record struct SlotRange(int To, string Variant);
