using System.Globalization;
using Edge.Experiments;
using Edge.Statistics.Inference;
using Edge.Statistics.Optimization;

namespace Edge.Statistics.Results;

/// <summary>
/// The results of one experiment as the API returns them; every member is explained in <c>docs/statistics.md</c>.
/// Comparisons are null where there is nothing to compare: variants of a smart link or a schedule have different
/// audiences, and with the goal impressions_only there is no success. Immutable.
/// </summary>
internal sealed record ExperimentResults
{
    /// <summary>What to do, in words.</summary>
    public required string Recommendation { get; init; }

    public required string Uid { get; init; }
    public required string Slug { get; init; }
    public required ExperimentType Type { get; init; }
    public required ExperimentStatus Status { get; init; }

    /// <summary>What counts as success.</summary>
    public required GoalType Goal { get; init; }

    public required DateTimeOffset ComputedAt { get; init; }

    /// <summary>The moment the counts are as of: that of the computation, or earlier when they come from ClickHouse.</summary>
    public required DateTimeOffset CountedAt { get; init; }

    /// <summary>Why the counts are not newer, in words; null when nothing keeps them from it.</summary>
    public required string? CountsProblem { get; init; }

    /// <summary>Days the experiment has been running, pauses excluded, rounded to two decimals.</summary>
    public required double DaysRun { get; init; }

    /// <summary>How long after its start a trial can succeed, minutes.</summary>
    public required int AttributionWindowMinutes { get; init; }

    /// <summary>Units whose window has not passed, and which are in no other figure yet.</summary>
    public required int OpenTrials { get; init; }

    public required ResultTotals Totals { get; init; }
    public required IReadOnlyList<VariantResults> Variants { get; init; }

    /// <summary>Requests by machines, which no other count includes.</summary>
    public required MachineCounts Excluded { get; init; }

    /// <summary>
    /// Counted requests whose <c>u</c> was a merge tag that the mail program did not fill: they belong to nobody, so
    /// their visitors are told apart by address and agent alone.
    /// </summary>
    public required long UnfilledMergeTags { get; init; }

    /// <summary>Counted exposures that began no trial and that nothing was learned from.</summary>
    public required TrialsMissed TrialsMissed { get; init; }

    /// <summary>The variant that is most likely to be the best at this moment.</summary>
    public required string? Leader { get; init; }

    /// <summary>Hours of running time for which the leader has held the confidence threshold.</summary>
    public required double? ConfidenceHeldHours { get; init; }

    /// <summary>The variant suggested by the last daily look.</summary>
    public required string? SuggestedWinner { get; init; }

    public required DateTimeOffset? SuggestedAt { get; init; }

    /// <summary>Whether the leader's advantage holds over all looks together.</summary>
    public required bool? AnytimeValid { get; init; }

    /// <summary>Whether no variant is likely to beat the leader by 1 % of its rate or more.</summary>
    public required bool? NoMeaningfulDifference { get; init; }

    public required SampleRatioResult SampleRatioMismatch { get; init; }
    public required bool? MinimumSampleSizeMet { get; init; }
    public required bool MinimumRunDaysMet { get; init; }
    public required bool? ConfidenceThresholdMet { get; init; }

    /// <summary>When there will be enough data, at today's rate; null when there is nothing to wait for.</summary>
    public required MaturityForecast? Forecast { get; init; }

    /// <summary>The counts by country, device, browser, source and verdict.</summary>
    public required ResultBreakdown Breakdown { get; init; }

    public required ResultSeries Series { get; init; }

    /// <summary>Computes the results.</summary>
    public static ExperimentResults Compute(Experiment experiment, ResultsInput input)
    {
        var arms = input.Trials.Posterior([.. experiment.Variants.Select(variant => variant.Id)]);
        var isCompared = experiment is { Type: ExperimentType.AbTest, GoalConfig.HasSuccess: true };
        // Before anything is known, the first variant would lead by being first; and a variant without a trial has no mean.
        var isKnown =
            experiment.GoalConfig.Type == GoalType.Value
                ? experiment.Variants.Zip(arms).All(pair => pair.First.RequestedWeight == 0 || pair.Second.Trials > 0)
                : arms.Any(arm => arm.Trials > 0);
        var comparison = isCompared && isKnown
            ? Comparison.Of(experiment, arms, input.RunningTime, input.SampleRatio.Test())
            : null;
        var assessment = comparison?.Assessment;
        var sampleRatio = SampleRatioResult.Of(experiment, input.SampleRatio);
        var variants = VariantResults.Of(experiment, arms, input.Counts, comparison);
        var results = new ExperimentResults
        {
            Uid = experiment.Uid,
            Slug = experiment.Slug,
            Type = experiment.Type,
            Status = experiment.Status,
            Goal = experiment.GoalConfig.Type,
            ComputedAt = input.Now,
            CountedAt = input.CountedAt ?? input.Now,
            CountsProblem = input.CountsProblem,
            DaysRun = Math.Round(input.RunningTime.TotalDays, 2),
            AttributionWindowMinutes = experiment.AttributionWindowMinutes,
            OpenTrials = input.OpenTrials,
            Totals = ResultTotals.Of(input.Counts, arms),
            Variants = variants,
            Excluded = input.Excluded,
            UnfilledMergeTags = input.UnfilledTags,
            TrialsMissed = input.TrialsMissed,
            Leader = assessment?.LeaderId,
            ConfidenceHeldHours = assessment is null ? null : HeldHours(assessment, input),
            SuggestedWinner = isCompared ? input.Watch.SuggestedWinner : null,
            SuggestedAt = isCompared ? input.Watch.SuggestedAt : null,
            AnytimeValid = assessment?.AnytimeValid,
            NoMeaningfulDifference = comparison?.IsFutile(),
            SampleRatioMismatch = sampleRatio,
            MinimumSampleSizeMet = assessment?.MinimumSampleSizeMet,
            MinimumRunDaysMet = input.RunningTime >= TimeSpan.FromDays(experiment.MinimumRunDays),
            ConfidenceThresholdMet = assessment?.ConfidenceThresholdMet,
            Forecast = MaturityForecast.Of(experiment, variants, assessment?.LeaderId, input),
            Recommendation = "",
            Breakdown = input.Breakdown,
            Series = new ResultSeries(input.Hourly, input.Daily),
        };
        return results with { Recommendation = Statistics.Results.Recommendation.For(experiment, results, assessment) };
    }

    /// <summary>The time recorded by the last recomputation, unless the leader has changed since.</summary>
    private static double HeldHours(WinnerAssessment assessment, ResultsInput input) =>
        assessment.ConfidenceThresholdMet && assessment.LeaderId == input.Watch.Leader
            ? Math.Round(input.Watch.Held(input.RunningTime).TotalHours, 2)
            : 0;
}

/// <summary>Totals over all variants.</summary>
internal readonly record struct ResultTotals(
    long Impressions,
    long Clicks,
    long Views,
    long Conversions,
    long Trials,
    long Successes
)
{
    /// <summary>Adds up the counts, including those of variants that have since been removed.</summary>
    public static ResultTotals Of(IReadOnlyList<VariantCounts> counts, ArmPosterior[] arms) =>
        new(
            counts.Sum(count => count.Impressions),
            counts.Sum(count => count.Clicks),
            counts.Sum(count => count.Views),
            counts.Sum(count => count.Conversions),
            arms.Sum(arm => arm.Trials),
            arms.Sum(arm => arm.Successes)
        );
}

/// <summary>The time series for plotting.</summary>
/// <param name="Hourly">By hour, ascending.</param>
/// <param name="Daily">By UTC day, ascending.</param>
internal sealed record ResultSeries(IReadOnlyList<SeriesPoint> Hourly, IReadOnlyList<SeriesPoint> Daily);

/// <summary>The sample ratio test in the results. Immutable.</summary>
/// <param name="PValue">Null when there is too little data to test.</param>
/// <param name="IsMismatch">Whether the alarm is raised: p below 0.001.</param>
/// <param name="Warning">The alarm in plain words, or null.</param>
internal sealed record SampleRatioResult(double? PValue, bool IsMismatch, string? Warning)
{
    /// <summary>Nothing to test: the weights do not decide who gets what, or there is too little data.</summary>
    public static readonly SampleRatioResult Untested = new(null, false, null);

    /// <summary>Tests the trials of an A/B test; weights decide nothing in experiments of other types.</summary>
    public static SampleRatioResult Of(Experiment experiment, SampleRatioCounts counts)
    {
        if (experiment.Type != ExperimentType.AbTest || counts.Test() is not { } pValue)
        {
            return Untested;
        }
        return pValue < SampleRatio.AlarmBelow
            ? new SampleRatioResult(pValue, true, WarningOf(experiment, counts))
            : new SampleRatioResult(pValue, false, null);
    }

    private static string WarningOf(Experiment experiment, SampleRatioCounts counts)
    {
        var worst = experiment
            .Variants.Select(variant => (Name: variant.Name ?? variant.Id, Count: counts.Of(variant.Id)))
            .Where(variant => variant.Count.Expected > 0)
            .MaxBy(variant =>
                Math.Abs(variant.Count.Observed - variant.Count.Expected) / Math.Sqrt(variant.Count.Expected)
            );
        var example = worst.Name is null
            ? ""
            : string.Create(
                CultureInfo.InvariantCulture,
                $" Variant {worst.Name} had {worst.Count.Observed} where about {worst.Count.Expected:F0} were expected."
            );
        return "The variants did not get the share of visitors that their weights call for."
            + example
            + " Something other than the weights decides who is counted, for example a client that fails to load one "
            + "variant, a cache in between, or links that point to a single variant. "
            + "Do not trust these results until the cause is found.";
    }
}
