using System.Globalization;
using Edge.Experiments;
using Edge.Statistics.Optimization;

namespace Edge.Statistics.Results;

/// <summary>
/// When an experiment will have the data that its owner requires of a winner, if it goes on as it does. It says nothing
/// of who will win, nor that anybody will. Immutable.
/// </summary>
/// <param name="EnoughAt">When that is; null when it cannot be said.</param>
/// <param name="TrialsPerDay">Trials a day of all variants, which it is assumed to go on with.</param>
/// <param name="Text">The forecast in words, with its assumption.</param>
internal sealed record MaturityForecast(DateTimeOffset? EnoughAt, double TrialsPerDay, string Text)
{
    /// <summary>What is looked at to know the rate: the latest day whose trials are mature.</summary>
    private static readonly TimeSpan LookBack = TimeSpan.FromDays(1);

    private static readonly TimeSpan FarthestAhead = TimeSpan.FromDays(3_650);

    /// <summary>The forecast; null when there is nothing to wait for: it is over, paused, or compares nothing.</summary>
    /// <param name="experiment">The experiment.</param>
    /// <param name="variants">Its results.</param>
    /// <param name="leader">Id of the leader; null before anything is known.</param>
    /// <param name="input">What they were computed from.</param>
    public static MaturityForecast? Of(
        Experiment experiment,
        IReadOnlyList<VariantResults> variants,
        string? leader,
        ResultsInput input
    )
    {
        if (experiment is not { Status: ExperimentStatus.Running, Type: ExperimentType.AbTest, GoalConfig.HasSuccess: true })
        {
            return null;
        }

        var until = input.Now - TimeSpan.FromMinutes(experiment.AttributionWindowMinutes);
        var days = Math.Max(1 / 24.0, Math.Min(LookBack.TotalDays, (input.RunningTime - (input.Now - until)).TotalDays));
        var from = until - TimeSpan.FromDays(days);
        var rates = RatesOf(variants, input.Hourly, from, until);
        var perDay = 0.0;
        var wait = Math.Max(0, experiment.MinimumRunDays - input.RunningTime.TotalDays);
        for (var i = 0; i < variants.Count; i++)
        {
            var variant = variants[i];
            var needed =
                leader is null || variant.Id == leader
                    ? experiment.MinimumSampleSize
                    : Math.Max(WinnerAssessor.MinOtherTrials, experiment.BanditConfig.WarmupImpressions);
            var missing = variant.ConfiguredWeight > 0 ? needed - variant.Trials : 0;
            if (missing > 0)
            {
                wait = rates[i] > 0 ? Math.Max(wait, missing / rates[i]) : double.PositiveInfinity;
            }

            perDay += rates[i];
        }

        perDay = Math.Round(perDay, 1);

        if (wait == 0)
        {
            return new MaturityForecast(input.Now, perDay, "There is enough data.");
        }

        if (wait > FarthestAhead.TotalDays)
        {
            var why = perDay > 0 ? "a variant that needs more has next to none" : "there were none";
            return new MaturityForecast(
                null,
                perDay,
                $"It cannot be said when there will be enough data: of the trials of the latest day, {why}."
            );
        }

        var at = input.Now + TimeSpan.FromDays(wait);
        var rate = days < LookBack.TotalDays ? "the rate so far, which is not yet that of a day," : "the rate of the latest day,";
        return new MaturityForecast(
            at,
            perDay,
            string.Create(
                CultureInfo.InvariantCulture,
                $"Enough data around {at.UtcDateTime:yyyy-MM-dd}, if trials go on at {rate} {perDay:0.#} a day, with the same shares."
            )
        );
    }

    /// <summary>Trials a day of each variant within a stretch of time.</summary>
    private static double[] RatesOf(
        IReadOnlyList<VariantResults> variants,
        IReadOnlyList<SeriesPoint> hourly,
        DateTimeOffset from,
        DateTimeOffset until
    )
    {
        var rates = new double[variants.Count];
        for (var i = hourly.Count - 1; i >= 0 && hourly[i].Time >= from; i--)
        {
            if (hourly[i].Time >= until)
            {
                continue;
            }

            foreach (var counts in hourly[i].Variants)
            {
                for (var variant = 0; variant < rates.Length; variant++)
                {
                    rates[variant] +=
                        variants[variant].Id == counts.VariantId ? counts.Trials / (until - from).TotalDays : 0;
                }
            }
        }

        return rates;
    }
}
