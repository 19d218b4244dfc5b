using System.Globalization;
using System.Text.Json;
using Edge.Experiments;
using Edge.Formats;

namespace Edge.Statistics.WhatIf;

/// <summary>
/// What an experiment would have come to, in words and as JSON, or why that cannot be said: the same for <c>edge replay</c>
/// and the management API. Immutable.
/// </summary>
/// <param name="experiment">The experiment as it might be.</param>
/// <param name="log">The trials as they were.</param>
/// <param name="isOfJournal">Whether they were read from the journal, which goes back only so far.</param>
internal sealed class WhatIfReport(Experiment experiment, TrialLog log, bool isOfJournal)
{
    /// <summary>
    /// Largest share of events that may come after one that is younger by more than a minute: joining a goal to its trial goes
    /// forward in time, and a clock that was set back once spoils little.
    /// </summary>
    private const double OutOfOrderMax = 0.01;

    private readonly CandidatePolicy _candidate = new(experiment);
    private readonly bool _isValue = experiment.GoalConfig.Type == GoalType.Value;
    private OffPolicyEstimate? _estimate;

    /// <summary>The estimate; worked out when it is first asked for.</summary>
    public OffPolicyEstimate Estimate => _estimate ??= OffPolicyEstimator.Estimate(log.Trials, _candidate);

    /// <summary>Ids of the variants that would have been chosen, in the order of <see cref="OffPolicyEstimate.Shares"/>.</summary>
    public IReadOnlyList<string> Variants => _candidate.Variants;

    /// <summary>What a difference is counted in, for people.</summary>
    public string Unit => _isValue ? " per trial" : " percentage points";

    /// <summary>Too many events of the log are out of order to join goals to their trials.</summary>
    public bool IsOutOfOrder => log.OutOfOrder > OutOfOrderMax * log.Events;

    /// <summary>Why there is no estimate; null when there is one.</summary>
    public string? Problem =>
        Estimate.Refusal switch
        {
            _ when Unanswerable(experiment) is { } why => $"No estimate: {why}.",
            _ when IsOutOfOrder => Invariant(
                $"No estimate: {log.OutOfOrder} of {log.Events} events come after one that is younger by more than a minute, so goals cannot be joined to their trials."
            ),
            Refusal.None => null,
            _ when Estimate.Trials + log.Open == 0 && log.WithoutChance > 0 => Invariant(
                $"No estimate: all {log.WithoutChance} exposures were chosen by conditions, a schedule or whoever sent them (?variant=, a signed link that names one), none by chance, so nothing is known of what another variant would have come to. An A/B test over the same variants would tell."
            ),
            Refusal.TooFew when Estimate.Trials + log.Open >= OffPolicyEstimator.TrialsMin => Invariant(
                $"No estimate yet: {Estimate.Trials} trials are over, and at least {OffPolicyEstimator.TrialsMin} are needed; {log.Open} more are still within the {experiment.AttributionWindowMinutes} minutes in which they can succeed."
            ),
            Refusal.TooFew => Invariant(
                $"No estimate: {Estimate.Trials} trials, and at least {OffPolicyEstimator.TrialsMin} are needed; of {log.Events} events that were read, {log.OfExperiment} are of this experiment."
            ) + (isOfJournal ? " The journal goes back only so far; files of events can go further." : ""),
            Refusal.Skewed => Invariant(
                $"No estimate: variants were not shown as often as their chances say, so the log is not what chance has chosen. Shown, by what was expected: {string.Join(", ", Estimate.Skewed.Select(static skew => Invariant($"{skew.Variant} {skew.Ratio:0.##}")))}. See the sample ratio in the results."
            ),
            Refusal.NoSupport => Invariant(
                $"No estimate: {Estimate.Unsupported * 100:0.#} % of the choice would fall on {string.Join(", ", Estimate.UnsupportedVariants)}, which had no chance in the log. Run an A/B test in which each variant gets some share."
            ),
            Refusal.TooDifferent => Invariant(
                $"No estimate: the choice differs so much from the logged one that {Estimate.Trials} trials say as much as {Estimate.EffectiveSampleSize:0.#} of its own; at least {OffPolicyEstimator.TrialsMin} are needed."
            ),
            _ => Invariant(
                $"No estimate: {Estimate.Successes} of the trials that it would have chosen alike reached the goal, and at least {OffPolicyEstimator.SuccessesMin} are needed."
            ),
        };

    /// <summary>The difference as a sentence; only where there is no <see cref="Problem"/>.</summary>
    public string Sentence
    {
        get
        {
            var (low, high) = (Estimate.Difference.Low, Estimate.Difference.High);
            return (low, high) is (0, 0) ? "It would have made no difference: visitors would have been divided as they were."
                : low > 0 ? $"It would have been better, by {Points(low)} to {Points(high)}{Unit}."
                : high < 0 ? $"It would have been worse, by {Points(-high)} to {Points(-low)}{Unit}."
                : $"The log does not tell whether it would have been better or worse: the difference lies between {Points(low)} and {Points(high)}{Unit}.";
        }
    }

    /// <summary>
    /// What cannot be asked of events, whatever they are: a goal that nobody reaches, and conditions on what is not recorded;
    /// null when there is nothing.
    /// </summary>
    public static string? Unanswerable(Experiment experiment) =>
        !experiment.GoalConfig.HasSuccess
            ? "the goal counts impressions only, so no choice can be better than another; set another goal"
        : VisitorNeeds.Of(experiment).Missing is { } property
            ? $"conditions on {property} cannot be replayed: events do not record it"
                + (experiment.TrialStart == TrialStart.Click ? "" : " (parameters of the link are known when trials start with the click)")
        : null;

    /// <summary>When the first and the last trial began; null without trials.</summary>
    public (DateTimeOffset First, DateTimeOffset Last)? Span()
    {
        if (log.Trials.Count == 0)
        {
            return null;
        }

        var (first, last) = (DateTimeOffset.MaxValue, DateTimeOffset.MinValue);
        foreach (var trial in log.Trials)
        {
            first = trial.At < first ? trial.At : first;
            last = trial.At > last ? trial.At : last;
        }

        return (first, last);
    }

    /// <summary>Writes the members of an object.</summary>
    public void WriteMembers(Utf8JsonWriter json)
    {
        var problem = Problem;
        json.WriteString("experiment", experiment.Slug);
        json.WriteString("uid", experiment.Uid);
        json.WriteString("goal", WireNames<GoalType>.Lower.Text(experiment.GoalConfig.Type));
        json.WriteNumber("trials", Estimate.Trials);
        var span = Span();
        json.WriteString("firstTrialAt", span is null ? null : Timestamp.Format(span.Value.First));
        json.WriteString("lastTrialAt", span is null ? null : Timestamp.Format(span.Value.Last));
        json.WriteString("problem", problem);
        json.WriteString("sentence", problem is null ? Sentence : null);
        Write("logged", Estimate.Logged);
        Write("candidate", Estimate.Candidate);
        Write("inversePropensity", Estimate.InversePropensity);
        Write("difference", Estimate.Difference);
        json.WriteNumber("effectiveSampleSize", Math.Round(Estimate.EffectiveSampleSize, 1));
        json.WriteNumber("unsupportedShare", Estimate.Unsupported);
        json.WriteStartObject("shares");
        for (var i = 0; i < Variants.Count; i++)
        {
            json.WriteNumber(Variants[i], Estimate.Shares[i]);
        }

        json.WriteEndObject();
        json.WriteNumber("withoutChance", log.WithoutChance);
        json.WriteNumber("withoutTrial", log.WithoutTrial);
        json.WriteNumber("open", log.Open);

        // An interval without an estimate would be taken for one.
        void Write(string name, MeanInterval interval)
        {
            if (problem is not null)
            {
                json.WriteNull(name);
                return;
            }

            json.WriteStartObject(name);
            json.WriteNumber("mean", interval.Mean);
            json.WriteNumber("low", interval.Low);
            json.WriteNumber("high", interval.High);
            json.WriteEndObject();
        }
    }

    /// <summary>A difference; of rates in percentage points.</summary>
    public string Points(double value) => _isValue ? Figure(value) : Invariant($"{value * 100:0.##}");

    /// <summary>A mean; of successes as a percentage.</summary>
    public string Figure(double value) => _isValue ? Invariant($"{value:0.####}") : Invariant($"{value * 100:0.##} %");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
