namespace Edge.Statistics;

/// <summary>What machines did, which no rate is made of. Immutable.</summary>
/// <param name="Bot">By crawlers and link previews.</param>
/// <param name="Scanner">By mail security scanners.</param>
/// <param name="Prefetch">By browsers that load ahead.</param>
internal readonly record struct MachineCounts(long Bot, long Scanner, long Prefetch);

/// <summary>The visible counters of one variant: events with the verdict human, proxy or unknown. Immutable.</summary>
/// <param name="Id">The variant, which the experiment may have lost since.</param>
/// <param name="Impressions">Times it was shown.</param>
/// <param name="Clicks">Times its link was followed; can be more, because images are blocked.</param>
/// <param name="Views">Views that senders reported.</param>
/// <param name="Conversions">Conversions that senders reported.</param>
internal readonly record struct VariantCounts(string Id, long Impressions, long Clicks, long Views, long Conversions);

/// <summary>Counts of one variant over time. Immutable.</summary>
/// <param name="VariantId">The variant.</param>
/// <param name="Hourly">By hour, the newest 840; hours in which nothing happened are left out.</param>
/// <param name="Daily">By UTC day, the newest 400; days in which nothing happened are left out.</param>
internal sealed record VariantSeries(
    string VariantId, IReadOnlyList<SeriesPoint> Hourly, IReadOnlyList<SeriesPoint> Daily);

/// <summary>The weights of one version. Immutable.</summary>
/// <param name="Version">The version.</param>
/// <param name="Basis">Basis points by variant id.</param>
internal sealed record VersionWeights(int Version, IReadOnlyDictionary<string, int> Basis);

/// <summary>
/// Everything the tally knows of one experiment at one moment: a copy, which belongs to whoever asked for it.
/// </summary>
internal sealed record ExperimentTally
{
    /// <summary>The experiment.</summary>
    public required string Uid { get; init; }

    /// <summary>Time of the first event, as far as events are counted.</summary>
    public required DateTimeOffset FirstEventAt { get; init; }

    /// <summary>Time of the latest event.</summary>
    public required DateTimeOffset LastEventAt { get; init; }

    /// <summary>The visible counters, by first appearance of the variant.</summary>
    public required IReadOnlyList<VariantCounts> Variants { get; init; }

    /// <summary>Impressions of machines.</summary>
    public required MachineCounts MachineImpressions { get; init; }

    /// <summary>Clicks of machines.</summary>
    public required MachineCounts MachineClicks { get; init; }

    /// <summary>The matured trials.</summary>
    public required TrialStatistics Trials { get; init; }

    /// <summary>Trials against what the weights promised.</summary>
    public required SampleRatioCounts SampleRatio { get; init; }

    /// <summary>Trials whose attribution window has not passed.</summary>
    public required int OpenTrials { get; init; }

    /// <summary>The weights of each version that is known, ascending.</summary>
    public required IReadOnlyList<VersionWeights> Weights { get; init; }

    /// <summary>What the search for a winner remembers.</summary>
    public required WinnerWatch Watch { get; init; }

    /// <summary>Counts over time.</summary>
    public required IReadOnlyList<VariantSeries> Series { get; init; }
}
