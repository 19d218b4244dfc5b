using Edge.Statistics.Inference;
using Edge.Statistics.Optimization;
using Edge.Statistics.Results;

namespace Edge.Statistics.Counting;

/// <summary>The visible counters of one variant: events with the verdict human, proxy or unknown. Immutable.</summary>
/// <param name="Id">The variant, which the experiment may have lost since.</param>
/// <param name="Impressions">Times it was shown.</param>
/// <param name="Clicks">Times its link was followed; can be more, because images are blocked.</param>
/// <param name="Views">Views that senders reported.</param>
/// <param name="Conversions">Conversions that senders reported.</param>
internal readonly record struct VariantTally(string Id, long Impressions, long Clicks, long Views, long Conversions);

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
    public required IReadOnlyList<VariantTally> Variants { get; init; }

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

    /// <summary>Counts by hour, the newest 840 of each variant, ascending; hours without any are left out.</summary>
    public required IReadOnlyList<SeriesPoint> Hourly { get; init; }

    /// <summary>Counts by UTC day, the newest 400 of each variant, ascending; days without any are left out.</summary>
    public required IReadOnlyList<SeriesPoint> Daily { get; init; }

    /// <summary>What the results of the experiment are computed from.</summary>
    /// <param name="now">The moment.</param>
    /// <param name="runningTime">How long the experiment has been running, pauses not counted.</param>
    public ResultsInput ToResultsInput(DateTimeOffset now, TimeSpan runningTime) =>
        new()
        {
            Now = now,
            RunningTime = runningTime,
            Counts =
            [
                .. Variants.Select(variant => new VariantCounts(variant.Id, variant.Impressions, variant.Clicks)),
            ],
            Trials = Trials,
            SampleRatio = SampleRatio,
            Watch = Watch,
            Excluded = new MachineCounts(
                MachineImpressions.Bot + MachineClicks.Bot,
                MachineImpressions.Scanner + MachineClicks.Scanner,
                MachineImpressions.Prefetch + MachineClicks.Prefetch
            ),
            Hourly = Hourly,
            Daily = Daily,
        };
}
