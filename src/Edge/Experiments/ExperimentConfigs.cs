using System.Text.Json.Serialization;

namespace Edge.Experiments;

/// <summary>What counts as success, and where a click leads.</summary>
internal sealed record GoalConfig
{
    /// <summary>Impressions only, no destination.</summary>
    public static readonly GoalConfig Default = new();

    /// <summary>The goal.</summary>
    public GoalType Type { get; init; }

    /// <summary>
    /// The redirect target of variants without one of their own, as its owner wrote it; validated by
    /// <see cref="Destination"/>.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? DestinationUrl { get; init; }

    /// <summary>
    /// Name of the event that the goals <c>event</c> and <c>value</c> wait for; ignored by other goals.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Event { get; init; }

    /// <summary>
    /// Name of the property whose numbers the goal <c>value</c> adds up; ignored by other goals.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Property { get; init; }

    /// <summary>Whether there is anything to succeed in, and so to compare.</summary>
    [JsonIgnore]
    public bool HasSuccess => Type != GoalType.ImpressionsOnly;
}

/// <summary>
/// When the link of an experiment is open, where it leads otherwise, and how it redirects. Every limit has an address of
/// its own, because a link that was sent out must lead somewhere.
/// </summary>
internal sealed record LinkConfig
{
    /// <summary>No limits, temporary redirects.</summary>
    public static readonly LinkConfig Default = new();

    /// <summary>Status of a redirect that caches forget at once.</summary>
    public const int TemporaryStatus = 302;

    /// <summary>The statuses a link may have.</summary>
    public static readonly int[] Statuses = [301, TemporaryStatus, 307, 308];

    /// <summary>Before this, the link leads to <see cref="NotStartedUrl"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? StartsAt { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? NotStartedUrl { get; init; }

    /// <summary>From this on, the link leads to <see cref="ExpiredUrl"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? ExpiresAt { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ExpiredUrl { get; init; }

    /// <summary>After this many clicks of people, the link leads to <see cref="ExhaustedUrl"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? MaxClicks { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ExhaustedUrl { get; init; }

    /// <summary>301, 302, 307 or 308.</summary>
    public int RedirectStatus { get; init; } = TemporaryStatus;

    /// <summary>Whether anything can close the link.</summary>
    [JsonIgnore]
    public bool HasLimits => StartsAt is not null || ExpiresAt is not null || MaxClicks is not null;

    /// <summary>Whether browsers may remember where it led.</summary>
    [JsonIgnore]
    public bool IsPermanent => RedirectStatus is 301 or 308;
}

/// <summary>What is kept of the visits of an experiment: its pixel, its link and its image.</summary>
internal sealed record TrackingConfig
{
    /// <summary>Everything, whatever the browser asks for.</summary>
    public static readonly TrackingConfig Default = new();

    /// <summary>What is kept at most.</summary>
    public TrackingMode Mode { get; init; }

    /// <summary>
    /// What is kept at most when the browser asks for privacy, by Global Privacy Control or Do Not Track.
    /// </summary>
    public TrackingMode OnSignal { get; init; }
}

/// <summary>
/// The range of an experiment in a group of experiments that share no units. The group divides units into 10,000 buckets;
/// ranges of two experiments must not overlap, and a range that nobody takes is a holdout.
/// </summary>
/// <param name="Name">Name of the group: letters, digits, underscore and hyphen.</param>
/// <param name="From">First bucket, 0 to 9,999.</param>
/// <param name="To">First bucket after the range, 1 to 10,000.</param>
internal sealed record ExclusionGroup(string Name, int From, int To)
{
    /// <summary>Longest name; it is hashed with every unit.</summary>
    public const int NameCharsMax = 40;

    /// <summary>Whether two experiments could have a unit in common although they should not.</summary>
    public bool Overlaps(ExclusionGroup other) => Name == other.Name && From < other.To && other.From < To;
}

/// <summary>Automatic optimisation of the weights; for A/B tests only.</summary>
internal sealed record BanditConfig
{
    /// <summary>Switched off, with the published defaults.</summary>
    public static readonly BanditConfig Default = new();

    /// <summary>Whether weights follow results.</summary>
    public bool Enabled { get; init; }

    /// <summary>The algorithm.</summary>
    public BanditAlgorithm Algorithm { get; init; }

    /// <summary>
    /// Trials that every variant needs before the weights move; 0 optimises from the first recomputation.
    /// </summary>
    public int WarmupImpressions { get; init; } = 50;

    /// <summary>Minutes between two recomputations, 1 to 1440.</summary>
    public int RecomputeIntervalMinutes { get; init; } = 15;
}

/// <summary>Format of the rendered image.</summary>
internal sealed record OutputConfig
{
    /// <summary>PNG at quality 90.</summary>
    public static readonly OutputConfig Default = new();

    /// <summary>The format.</summary>
    public ImageFormat Format { get; init; }

    /// <summary>1 to 100.</summary>
    public double Quality { get; init; } = 90;
}
