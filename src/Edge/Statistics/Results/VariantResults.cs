using Edge.Experiments;
using Edge.Statistics.Inference;
using Edge.Statistics.Optimization;

namespace Edge.Statistics.Results;

/// <summary>One variant of <see cref="ExperimentResults"/>. Immutable.</summary>
internal sealed record VariantResults
{
    private const double Tail = 0.025;

    public required string Id { get; init; }
    public required string? Name { get; init; }

    /// <summary>Whether the others' lift is measured against this one.</summary>
    public required bool IsDefault { get; init; }

    public required long Impressions { get; init; }
    public required long Clicks { get; init; }
    public required long Views { get; init; }
    public required long Conversions { get; init; }

    /// <summary>Different units of these; null when it is not known.</summary>
    public required long? Uniques { get; init; }

    /// <summary>Relative standard error of <see cref="Uniques"/>; null when that is.</summary>
    public required double? UniquesError { get; init; }

    public required long Trials { get; init; }
    public required long Successes { get; init; }

    /// <summary>Successes divided by trials, as counted; null when there are no trials.</summary>
    public required double? Rate { get; init; }

    /// <summary>95 % score interval of <see cref="Rate"/>.</summary>
    public required WilsonInterval? RateInterval { get; init; }

    /// <summary>
    /// Mean of the posterior: the rate, or the value per trial, corrected for the effect of changing weights.
    /// </summary>
    public required double? PosteriorMean { get; init; }

    /// <summary>The middle 95 % of the posterior.</summary>
    public required CredibleInterval? CredibleInterval { get; init; }

    /// <summary>Square root of the variance of the estimate behind the posterior.</summary>
    public required double? StandardError { get; init; }

    public required double? ProbabilityToBeBest { get; init; }

    /// <summary>The rate given up on average by choosing this variant.</summary>
    public required double? ExpectedLoss { get; init; }

    /// <summary>Posterior mean divided by that of the default variant, minus 1; null for the default itself.</summary>
    public required double? Lift { get; init; }

    /// <summary>Served weight, basis points.</summary>
    public required int Weight { get; init; }

    /// <summary>Configured weight, basis points.</summary>
    public required int ConfiguredWeight { get; init; }

    /// <summary>The results of every variant, in variant order.</summary>
    public static IReadOnlyList<VariantResults> Of(
        Experiment experiment,
        ArmPosterior[] arms,
        IReadOnlyList<VariantCounts> counts,
        Comparison? comparison
    )
    {
        var variants = experiment.Variants;
        var reference = 0;
        for (var i = variants.Count - 1; i >= 0; i--)
        {
            reference = variants[i].IsDefault ? i : reference;
        }
        var results = new VariantResults[variants.Count];
        for (var i = 0; i < results.Length; i++)
        {
            var (variant, arm) = (variants[i], arms[i]);
            var count = counts.FirstOrDefault(candidate => candidate.VariantId == variant.Id);
            var hasTrials = arm.Trials > 0;
            var hasRate = hasTrials && experiment.GoalConfig.HasSuccess;
            var isCompared = comparison is not null && hasTrials && arms[reference].Trials > 0 && i != reference;
            var participant = comparison is { Best.IsSound: true } ? comparison.IndexOf(i) : -1;
            results[i] = new VariantResults
            {
                Id = variant.Id,
                Name = variant.Name,
                IsDefault = i == reference,
                Impressions = count.Impressions,
                Clicks = count.Clicks,
                Views = count.Views,
                Conversions = count.Conversions,
                // Nothing is known of a variant that nothing was counted of: there were none.
                Uniques = count.VariantId is null ? 0 : count.Uniques,
                UniquesError = count is { VariantId: not null, Uniques: null } ? null : Math.Round(count.UniquesError, 4),
                Trials = arm.Trials,
                Successes = arm.Successes,
                Rate = hasTrials ? (double)arm.Successes / arm.Trials : null,
                RateInterval = hasTrials ? WilsonInterval.Of(arm.Successes, arm.Trials) : null,
                PosteriorMean = hasRate ? arm.Mean : null,
                CredibleInterval = hasRate
                    ? new CredibleInterval(
                        arm.Scale * arm.Distribution.Quantile(Tail),
                        arm.Scale * arm.Distribution.Quantile(1 - Tail)
                    )
                    : null,
                ProbabilityToBeBest = participant < 0 ? null : comparison!.Best.Probabilities[participant],
                ExpectedLoss = participant < 0 ? null : arm.Scale * comparison!.Best.ExpectedLoss[participant],
                StandardError = hasRate && double.IsFinite(arm.Variance) ? Math.Sqrt(arm.Variance) : null,
                // Of nothing there is no share: before the first value every mean is 0.
                Lift = isCompared && arms[reference].Mean > 0 ? arm.Mean / arms[reference].Mean - 1 : null,
                Weight = variant.Weight,
                ConfiguredWeight = variant.RequestedWeight,
            };
        }
        return results;
    }
}

/// <summary>The middle 95 % of a posterior.</summary>
/// <param name="Low">2.5 % of the posterior lies below.</param>
/// <param name="High">2.5 % of the posterior lies above.</param>
internal readonly record struct CredibleInterval(double Low, double High);
