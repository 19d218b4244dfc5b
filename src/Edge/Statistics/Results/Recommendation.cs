using System.Globalization;
using Edge.Experiments;
using Edge.Statistics.Optimization;

namespace Edge.Statistics.Results;

/// <summary>Tells the owner in words what the results mean: the first statement that applies. Pure.</summary>
internal static class Recommendation
{
    private const double HoldHours = 24;
    private const int MinutesPerHour = 60;
    private const int MinutesPerDay = 24 * MinutesPerHour;

    /// <summary>The recommendation.</summary>
    /// <param name="experiment">The experiment.</param>
    /// <param name="results">Its results.</param>
    /// <param name="assessment">The assessment of the leader, or null when variants are not compared.</param>
    public static string For(Experiment experiment, ExperimentResults results, WinnerAssessment? assessment)
    {
        if (experiment.Status is ExperimentStatus.Completed or ExperimentStatus.Archived)
        {
            return experiment.WinnerVariantId is { } winner
                ? $"The experiment has ended with {Name(experiment, winner)} as its winner. There is nothing left to do."
                : "The experiment has ended without a winner.";
        }
        if (experiment.Status == ExperimentStatus.Draft)
        {
            return "It is a draft: nobody is counted before it is started.";
        }
        if (experiment.Type != ExperimentType.AbTest)
        {
            var chooser = experiment.Type == ExperimentType.SmartLink ? "conditions" : "the clock";
            return $"The variants are chosen by {chooser}, so each has a different audience: "
                + "compare their rates with care. There is no winner to find.";
        }
        if (!experiment.GoalConfig.HasSuccess)
        {
            return "The goal counts impressions only, so no variant can be better than another. "
                + "Set another goal, such as click_through with a destination or conversion, to find a winner.";
        }
        if (results.SampleRatioMismatch.Warning is { } warning)
        {
            return warning;
        }
        if (experiment.Variants.Count(variant => variant.RequestedWeight > 0) < 2)
        {
            return "Fewer than two variants have a weight, so there is nothing to compare.";
        }
        if (results.Totals.Trials == 0)
        {
            return Waiting(experiment, results.OpenTrials);
        }
        if (
            results.Goal == GoalType.Value
            && results.Variants.FirstOrDefault(variant => variant is { ConfiguredWeight: > 0, Trials: 0 }) is { } untried
        )
        {
            return $"Keep it running: {untried.Name ?? untried.Id} has no trial yet, so there is no mean to compare.";
        }
        if (assessment?.LeaderId is not { } leader)
        {
            return "The variants cannot be compared from these counts.";
        }
        return Running(experiment, results, assessment, leader);
    }

    /// <summary>A window in words: <c>30 minutes</c>, <c>14 days</c>.</summary>
    public static string Window(int minutes)
    {
        var (count, unit) =
            minutes % MinutesPerDay == 0 ? (minutes / MinutesPerDay, "day")
            : minutes % MinutesPerHour == 0 ? (minutes / MinutesPerHour, "hour")
            : (minutes, "minute");
        return Invariant($"{count} {unit}{(count == 1 ? "" : "s")}");
    }

    /// <summary>What its owner calls a variant, whether or not it is still there.</summary>
    private static string Name(Experiment experiment, string id) =>
        experiment.Variants.FirstOrDefault(variant => variant.Id == id)?.Name ?? id;

    private static string Waiting(Experiment experiment, int visitors)
    {
        var window = Window(experiment.AttributionWindowMinutes);
        var start = experiment.TrialStart == TrialStart.Click ? "first click" : "first impression or view";
        return visitors switch
        {
            0 when experiment.StableUnits => "Nobody with an id of yours has been counted yet. With stableUnits only "
                + "visitors count who are named by u or a user id, "
                + $"{window} after the {start}.",
            0 => $"Nobody has been counted yet. A visitor counts {window} after the {start}.",
            1 => $"1 visitor can still reach the goal, within {window} of the {start}.",
            _ => Invariant($"{visitors} visitors can still reach the goal, each within {window} of the {start}."),
        };
    }

    private static string Running(
        Experiment experiment,
        ExperimentResults results,
        WinnerAssessment assessment,
        string leader
    )
    {
        var probability = Percent(assessment.ProbabilityToBeBest);
        var threshold = Percent(experiment.ConfidenceThreshold);
        var name = Name(experiment, leader);
        if (results.SuggestedWinner is { } winner)
        {
            var still =
                winner == leader && assessment.ConfidenceThresholdMet
                    ? $"{name} is the best with a probability of {probability}, and was at the last daily look."
                    : $"{Name(experiment, winner)} met every condition at the last daily look, but no longer does: "
                        + "wait for the next look.";
            return still
                + (
                    results.AnytimeValid == true && winner == leader
                        ? " Its advantage holds over all looks together. Complete the experiment with it."
                        : " This is not certain over all looks together; if the choice cannot be undone, let the experiment run on."
                );
        }
        var place = IsTied(results, leader)
            ? "No variant leads"
            : $"{name} leads with a probability of {probability} to be the best";
        var unmet = new List<string>();
        if (!assessment.MinimumRunDaysMet)
        {
            unmet.Add(Invariant($"it has run {results.DaysRun:0.##} of {experiment.MinimumRunDays} days"));
        }
        if (!assessment.MinimumSampleSizeMet)
        {
            var trials = results.Variants.First(variant => variant.Id == leader).Trials;
            unmet.Add(Invariant($"{name} has {trials} of {experiment.MinimumSampleSize} trials"));
        }
        if (!assessment.OthersHaveEnoughTrials)
        {
            var needed = Math.Max(WinnerAssessor.MinOtherTrials, experiment.BanditConfig.WarmupImpressions);
            unmet.Add(Invariant($"every other variant needs {needed} trials"));
        }
        if (unmet.Count > 0)
        {
            return $"Keep it running: {string.Join(", ", unmet)}. {place}.";
        }
        if (results.NoMeaningfulDifference == true)
        {
            return $"There is no meaningful difference: it is very likely that no variant beats {name} by 1 % of its "
                + "rate. Waiting longer gains nothing; it is safe to stop.";
        }
        if (!assessment.ConfidenceThresholdMet)
        {
            return $"Keep it running: {place}, {threshold} is required.";
        }
        if (!assessment.IsLossSmall)
        {
            return $"Keep it running: {name} is likely to be the best, but if it is not, "
                + "choosing it would cost more than 1 % of its rate.";
        }
        return results.ConfidenceHeldHours < HoldHours
            ? Invariant($"Wait: {name} has reached {threshold} and must hold it for 24 hours; ")
                + Invariant($"it has for {results.ConfidenceHeldHours:0.#}.")
            : $"{name} meets every condition. It is suggested at the next daily look, at 00:00 UTC.";
    }

    /// <summary>Whether another variant is as likely to be the best, as far as it is said.</summary>
    private static bool IsTied(ExperimentResults results, string leader)
    {
        var shares = results.Variants.ToLookup(variant => variant.Id == leader, variant => variant.ProbabilityToBeBest);
        return shares[true].FirstOrDefault() is { } best
            && shares[false].Any(other => other is { } share && Percent(share) == Percent(best));
    }

    private static string Percent(double share) =>
        share is > 0.999 and < 1 ? "more than 99.9 %" : Invariant($"{share * 100:0.#} %");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
