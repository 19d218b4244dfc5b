using Edge.Statistics.Inference;
using Edge.Statistics.Optimization;

namespace Edge.Statistics.Results;

/// <summary>
/// The input of <see cref="ExperimentResults"/>, as of one moment. Immutable except for <see cref="Trials"/> and
/// <see cref="SampleRatio"/>, which must be copies or must not change while the results are computed.
/// </summary>
internal sealed record ResultsInput
{
    /// <summary>The moment the results are computed for.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>How long the experiment has been running, pauses excluded.</summary>
    public required TimeSpan RunningTime { get; init; }

    /// <summary>The moment the counts are as of; null when it is <see cref="Now"/>.</summary>
    public DateTimeOffset? CountedAt { get; init; }

    /// <summary>Why the counts are not newer; null when nothing keeps them from it.</summary>
    public string? CountsProblem { get; init; }

    /// <summary>Counted requests by variant; a missing variant has none.</summary>
    public IReadOnlyList<VariantCounts> Counts { get; init; } = [];

    /// <summary>Units whose attribution window has not passed.</summary>
    public int OpenTrials { get; init; }

    /// <summary>Matured trials.</summary>
    public required TrialStatistics Trials { get; init; }

    /// <summary>Observed trials and the trials expected from the weights.</summary>
    public required SampleRatioCounts SampleRatio { get; init; }

    /// <summary>State of the search for a winner, kept between recomputations.</summary>
    public WinnerWatch Watch { get; init; } = WinnerWatch.Empty;

    /// <summary>Requests by machines, which no other count includes.</summary>
    public MachineCounts Excluded { get; init; } = new(0, 0, 0);

    /// <summary>The same counts by what is known of the visitors.</summary>
    public ResultBreakdown Breakdown { get; init; } = ResultBreakdown.Empty;

    /// <summary>Counted requests whose <c>u</c> was a merge tag that was not filled.</summary>
    public long UnfilledTags { get; init; }

    /// <summary>Exposures that began no trial.</summary>
    public TrialsMissed TrialsMissed { get; init; }

    /// <summary>The same counts hour by hour, ascending.</summary>
    public IReadOnlyList<SeriesPoint> Hourly { get; init; } = [];

    /// <summary>The same counts day by day, ascending.</summary>
    public IReadOnlyList<SeriesPoint> Daily { get; init; } = [];
}

/// <summary>Counted requests of one variant.</summary>
/// <param name="VariantId">The variant.</param>
/// <param name="Impressions">Impressions of people and their proxies.</param>
/// <param name="Clicks">Clicks of people and their proxies, with or without a known impression.</param>
/// <param name="Views">Views reported by senders.</param>
/// <param name="Conversions">Conversions reported by senders.</param>
/// <param name="Uniques">Different units of these; null when it is not known.</param>
/// <param name="UniquesError">Relative standard error of that number.</param>
internal readonly record struct VariantCounts(
    string VariantId,
    long Impressions,
    long Clicks,
    long Views = 0,
    long Conversions = 0,
    long? Uniques = null,
    double UniquesError = 0
);

/// <summary>Requests recognised as automated and excluded.</summary>
/// <param name="Bot">Crawlers and scripts.</param>
/// <param name="Scanner">Mail security scanners.</param>
/// <param name="Prefetch">Speculative loads (prefetch).</param>
internal readonly record struct MachineCounts(long Bot, long Scanner, long Prefetch)
{
    /// <summary>Both together.</summary>
    public MachineCounts Plus(MachineCounts other) =>
        new(Bot + other.Bot, Scanner + other.Scanner, Prefetch + other.Prefetch);
}

/// <summary>Exposures that were counted and began no trial.</summary>
/// <param name="Unnamed">Nobody was named, in an experiment with stable units.</param>
/// <param name="NoRoom">As many units as there may be were remembered.</param>
/// <param name="NoChance">The sender had chosen the variant of an A/B test, so no chance is known.</param>
internal readonly record struct TrialsMissed(long Unnamed, long NoRoom, long NoChance = 0);

/// <summary>One hour or day of a time series.</summary>
/// <param name="Time">Its start, UTC.</param>
/// <param name="Variants">The counts of each variant in it.</param>
internal sealed record SeriesPoint(DateTimeOffset Time, IReadOnlyList<SeriesCounts> Variants);

/// <summary>One variant in one hour or day.</summary>
/// <param name="VariantId">The variant.</param>
/// <param name="Impressions">Impressions counted in it.</param>
/// <param name="Clicks">Clicks counted in it.</param>
/// <param name="Trials">Matured trials whose exposure falls into it.</param>
/// <param name="Successes">Those of them that succeeded.</param>
/// <param name="Uniques">Different units; null when it is not known.</param>
internal readonly record struct SeriesCounts(
    string VariantId,
    long Impressions,
    long Clicks,
    long Trials,
    long Successes,
    long? Uniques = null
);
