using Edge.Experiments;
using Edge.Statistics.Inference;
using Edge.Statistics.Optimization;
using Edge.Statistics.Results;

namespace Edge.Statistics.Counting;

/// <summary>The public counters of one variant: events with the verdict human, proxy or unknown. Immutable.</summary>
/// <param name="Id">The variant, which may have been removed from the experiment since.</param>
/// <param name="Impressions">How often it was shown.</param>
/// <param name="Clicks">
/// How often its link was followed; can exceed the impressions, because some clients block images.
/// </param>
/// <param name="Views">Views reported by senders.</param>
/// <param name="Conversions">Conversions reported by senders.</param>
internal readonly record struct VariantTally(string Id, long Impressions, long Clicks, long Views, long Conversions);

/// <summary>How many different units a variant was counted for.</summary>
/// <param name="Count">The number; null when it is not known.</param>
/// <param name="Error">Its relative standard error; 0 where units were counted one by one.</param>
internal readonly record struct UniqueCount(long? Count, double Error);

/// <summary>The sketches of one variant, as registers (<see cref="UniqueSketch"/>).</summary>
/// <param name="Id">The variant.</param>
/// <param name="Uniques">How many units there are.</param>
/// <param name="Total">All of them; null without any, or when they were counted elsewhere.</param>
/// <param name="Hours">Those of the hours that have a sketch.</param>
/// <param name="Days">Those of the UTC days that have a sketch.</param>
internal sealed record VariantSketches(
    string Id,
    UniqueCount Uniques,
    byte[]? Total,
    IReadOnlyList<(DateTimeOffset Time, byte[] Registers)> Hours,
    IReadOnlyList<(DateTimeOffset Time, byte[] Registers)> Days
);

/// <summary>The weights of one version. Immutable.</summary>
/// <param name="Version">The version.</param>
/// <param name="Basis">Basis points by variant id.</param>
internal sealed record VersionWeights(int Version, IReadOnlyDictionary<string, int> Basis);

/// <summary>Everything the tally knows about one experiment at one moment: a copy owned by the caller.</summary>
internal sealed record ExperimentTally
{
    /// <summary>The experiment.</summary>
    public required string Uid { get; init; }

    /// <summary>Time of the first counted event.</summary>
    public required DateTimeOffset FirstEventAt { get; init; }

    /// <summary>Time of the latest counted event.</summary>
    public required DateTimeOffset LastEventAt { get; init; }

    /// <summary>The public counters, in the order in which the variants were first seen.</summary>
    public required IReadOnlyList<VariantTally> Variants { get; init; }

    /// <summary>Different units of each of these, in the same order.</summary>
    public required IReadOnlyList<UniqueCount> Uniques { get; init; }

    /// <summary>Impressions of machines.</summary>
    public required MachineCounts MachineImpressions { get; init; }

    /// <summary>Clicks of machines.</summary>
    public required MachineCounts MachineClicks { get; init; }

    /// <summary>
    /// Events, machines' excepted, whose sender's id <c>u</c> was a merge tag that the mail program did not fill; the
    /// viewer key stood in for it.
    /// </summary>
    public required long UnfilledTags { get; init; }

    /// <summary>Exposures that began no trial.</summary>
    public required TrialsMissed TrialsMissed { get; init; }

    /// <summary>The matured trials.</summary>
    public required TrialStatistics Trials { get; init; }

    /// <summary>Observed trials and the trials expected from the weights.</summary>
    public required SampleRatioCounts SampleRatio { get; init; }

    /// <summary>Trials whose attribution window has not passed.</summary>
    public required int OpenTrials { get; init; }

    /// <summary>The weights of each known version, in ascending order of version.</summary>
    public required IReadOnlyList<VersionWeights> Weights { get; init; }

    /// <summary>State of the search for a winner.</summary>
    public required WinnerWatch Watch { get; init; }

    /// <summary>The same counts by country, device, browser, source and verdict.</summary>
    public required ResultBreakdown Breakdown { get; init; }

    /// <summary>Counts by hour, the newest 840 of each variant, ascending; hours without any are left out.</summary>
    public required IReadOnlyList<SeriesPoint> Hourly { get; init; }

    /// <summary>Counts by UTC day, the newest 400 of each variant, ascending; days without any are left out.</summary>
    public required IReadOnlyList<SeriesPoint> Daily { get; init; }

    /// <summary>The results of an experiment at one moment.</summary>
    /// <param name="experiment">The experiment.</param>
    /// <param name="tally">What was counted of it.</param>
    /// <param name="now">The moment.</param>
    public static ExperimentResults ResultsOf(Experiment experiment, ITally tally, DateTimeOffset now) =>
        ResultsOf(experiment, tally.Find(experiment.Uid), tally.AgeOf(experiment.Uid), now);

    /// <inheritdoc cref="ResultsOf(Experiment, ITally, DateTimeOffset)"/>
    public static ExperimentResults ResultsOf(
        Experiment experiment,
        ExperimentTally? counted,
        CountsAge age,
        DateTimeOffset now
    )
    {
        var runTime = experiment.RunTime(now);
        var input =
            counted?.ToResultsInput(now, runTime)
            ?? new ResultsInput
            {
                Now = now,
                RunningTime = runTime,
                Trials = new TrialStatistics(),
                SampleRatio = new SampleRatioCounts(),
            };
        return ExperimentResults.Compute(experiment, input with { CountedAt = age.At, CountsProblem = age.Problem });
    }

    /// <summary>The input from which the experiment's results are computed.</summary>
    /// <param name="now">The moment the results are computed for.</param>
    /// <param name="runningTime">How long the experiment has been running, pauses excluded.</param>
    public ResultsInput ToResultsInput(DateTimeOffset now, TimeSpan runningTime) =>
        new()
        {
            Now = now,
            RunningTime = runningTime,
            Counts =
            [
                .. Variants.Select(
                    (variant, i) =>
                        new VariantCounts(
                            variant.Id,
                            variant.Impressions,
                            variant.Clicks,
                            variant.Views,
                            variant.Conversions,
                            Uniques[i].Count,
                            Uniques[i].Error
                        )
                ),
            ],
            OpenTrials = OpenTrials,
            Breakdown = Breakdown,
            Trials = Trials,
            SampleRatio = SampleRatio,
            Watch = Watch,
            Excluded = new MachineCounts(
                MachineImpressions.Bot + MachineClicks.Bot,
                MachineImpressions.Scanner + MachineClicks.Scanner,
                MachineImpressions.Prefetch + MachineClicks.Prefetch
            ),
            UnfilledTags = UnfilledTags,
            TrialsMissed = TrialsMissed,
            Hourly = Hourly,
            Daily = Daily,
        };
}
