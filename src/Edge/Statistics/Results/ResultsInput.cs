using Edge.Statistics.Inference;
using Edge.Statistics.Optimization;

namespace Edge.Statistics.Results;

/// <summary>
/// What <see cref="ExperimentResults"/> is computed from, taken at one moment. Immutable but for the two statistics,
/// which must be copies or unchanged meanwhile.
/// </summary>
internal sealed record ResultsInput
{
    /// <summary>The moment.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>How long the experiment has been running, pauses not counted.</summary>
    public required TimeSpan RunningTime { get; init; }

    /// <summary>Counted requests by variant; a variant that is missing has none.</summary>
    public IReadOnlyList<VariantCounts> Counts { get; init; } = [];

    /// <summary>Matured trials.</summary>
    public required TrialStatistics Trials { get; init; }

    /// <summary>Trials against what the weights promised.</summary>
    public required SampleRatioCounts SampleRatio { get; init; }

    /// <summary>What is remembered between recomputations.</summary>
    public WinnerWatch Watch { get; init; } = WinnerWatch.Empty;

    /// <summary>Requests of machines, which count nowhere else.</summary>
    public MachineCounts Excluded { get; init; } = new(0, 0, 0);

    /// <summary>The same counts hour by hour, ascending.</summary>
    public IReadOnlyList<SeriesPoint> Hourly { get; init; } = [];

    /// <summary>The same counts day by day, ascending.</summary>
    public IReadOnlyList<SeriesPoint> Daily { get; init; } = [];
}

/// <summary>Counted requests of one variant.</summary>
/// <param name="VariantId">The variant.</param>
/// <param name="Impressions">Impressions of people and their proxies.</param>
/// <param name="Clicks">Clicks of people and their proxies, with or without a known impression.</param>
internal readonly record struct VariantCounts(string VariantId, long Impressions, long Clicks);

/// <summary>Requests that were recognised as machines and left out.</summary>
/// <param name="Bot">Crawlers and scripts.</param>
/// <param name="Scanner">Mail security scanners.</param>
/// <param name="Prefetch">Speculative loads.</param>
internal readonly record struct MachineCounts(long Bot, long Scanner, long Prefetch);

/// <summary>One hour or day of a time series.</summary>
/// <param name="Time">Its beginning, UTC.</param>
/// <param name="Variants">What each variant had in it.</param>
internal sealed record SeriesPoint(DateTimeOffset Time, IReadOnlyList<SeriesCounts> Variants);

/// <summary>One variant in one hour or day.</summary>
/// <param name="VariantId">The variant.</param>
/// <param name="Impressions">Impressions counted in it.</param>
/// <param name="Clicks">Clicks counted in it.</param>
/// <param name="Trials">Matured trials whose exposure lies in it.</param>
/// <param name="Successes">Those of them that succeeded.</param>
internal readonly record struct SeriesCounts(
    string VariantId,
    long Impressions,
    long Clicks,
    long Trials,
    long Successes
);
