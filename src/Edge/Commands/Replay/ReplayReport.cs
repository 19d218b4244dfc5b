using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Edge.Experiments;
using Edge.Formats;
using Edge.Statistics.Results;
using Edge.Statistics.WhatIf;

namespace Edge.Commands.Replay;

/// <summary>What <c>edge replay</c> prints, for people and as JSON.</summary>
internal sealed class ReplayReport(
    Experiment experiment,
    CandidatePolicy candidate,
    TrialLog log,
    OffPolicyEstimate estimate,
    bool isOfJournal
)
{
    private readonly bool _isValue = experiment.GoalConfig.Type == GoalType.Value;

    public void Write(TextWriter output)
    {
        output.WriteLine(Problem ?? Sentence());
        output.WriteLine();
        output.WriteLine(
            Invariant(
                $"{experiment.Slug}: goal {WireNames<GoalType>.Lower.Text(experiment.GoalConfig.Type)} within {Recommendation.Window(experiment.AttributionWindowMinutes)}; trials: {estimate.Trials}{Span()}"
            )
        );
        if (estimate.Refusal == Refusal.None)
        {
            output.WriteLine();
            TextTable.Write(
                output,
                [
                    ["", _isValue ? "mean" : "rate", "95 % interval"],
                    ["as it was", .. Cells(estimate.Logged)],
                    ["as in the file", .. Cells(estimate.Candidate)],
                    ["  by inverse propensity alone", .. Cells(estimate.InversePropensity)],
                    [
                        "difference",
                        Points(estimate.Difference.Mean),
                        $"{Points(estimate.Difference.Low)} to {Points(estimate.Difference.High)}{Unit}",
                    ],
                ]
            );
        }

        if (estimate.Trials > 0)
        {
            output.WriteLine();
            output.WriteLine(
                Invariant(
                    $"Effective sample size: {estimate.EffectiveSampleSize:0} ({100 * estimate.EffectiveSampleSize / estimate.Trials:0.#} %). It would choose: {Shares()}."
                )
            );
        }

        if (log.WithoutChance + log.WithoutTrial + log.Open > 0)
        {
            output.WriteLine(
                Invariant(
                    $"Left out: {log.WithoutChance} exposures without chance, {log.WithoutTrial} without a unit (or with only the count kept) or room, {log.Open} trials whose window is open."
                )
            );
        }
    }

    public string ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("experiment", experiment.Slug);
            json.WriteString("uid", experiment.Uid);
            json.WriteString("goal", WireNames<GoalType>.Lower.Text(experiment.GoalConfig.Type));
            json.WriteNumber("trials", estimate.Trials);
            json.WriteString("problem", Problem);
            Write(json, "logged", estimate.Logged);
            Write(json, "candidate", estimate.Candidate);
            Write(json, "inversePropensity", estimate.InversePropensity);
            Write(json, "difference", estimate.Difference);
            json.WriteNumber("effectiveSampleSize", Math.Round(estimate.EffectiveSampleSize, 1));
            json.WriteNumber("unsupportedShare", estimate.Unsupported);
            json.WriteStartObject("shares");
            for (var i = 0; i < candidate.Variants.Count; i++)
            {
                json.WriteNumber(candidate.Variants[i], estimate.Shares[i]);
            }

            json.WriteEndObject();
            json.WriteNumber("withoutChance", log.WithoutChance);
            json.WriteNumber("withoutTrial", log.WithoutTrial);
            json.WriteNumber("open", log.Open);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private string Unit => _isValue ? " per trial" : " percentage points";

    /// <summary>Why there is no estimate; null when there is one.</summary>
    private string? Problem =>
        estimate.Refusal switch
        {
            Refusal.None => null,
            _ when estimate.Trials + log.Open == 0 && log.WithoutChance > 0 => Invariant(
                $"No estimate: all {log.WithoutChance} exposures were chosen by conditions, a schedule or whoever sent them (?variant=, a signed link that names one), none by chance, so nothing is known of what another variant would have come to. An A/B test over the same variants would tell."
            ),
            Refusal.TooFew => Invariant(
                $"No estimate: {estimate.Trials} trials, and at least {OffPolicyEstimator.TrialsMin} are needed; of {log.Events} events that were read, {log.OfExperiment} are of {experiment.Uid}."
            )
                + (isOfJournal ? " The journal holds what sinks have not taken and the time of retention; --events reads files that go further back." : ""),
            Refusal.Skewed => Invariant(
                $"No estimate: variants were not shown as often as their chances say, so the log is not what chance has chosen. Shown, by what was expected: {string.Join(", ", estimate.Skewed.Select(static skew => Invariant($"{skew.Variant} {skew.Ratio:0.##}")))}. See the sample ratio in the results."
            ),
            Refusal.NoSupport => Invariant(
                $"No estimate: {estimate.Unsupported * 100:0.#} % of the choice would fall on {string.Join(", ", estimate.UnsupportedVariants)}, which had no chance in the log. Run an A/B test in which each variant gets some share."
            ),
            Refusal.TooDifferent => Invariant(
                $"No estimate: the choice differs so much from the logged one that {estimate.Trials} trials say as much as {estimate.EffectiveSampleSize:0.#} of its own; at least {OffPolicyEstimator.TrialsMin} are needed."
            ),
            _ => Invariant(
                $"No estimate: {estimate.Successes} of the trials that it would have chosen alike reached the goal, and at least {OffPolicyEstimator.SuccessesMin} are needed."
            ),
        };

    /// <summary>An interval without an estimate would be taken for one.</summary>
    private void Write(Utf8JsonWriter json, string name, MeanInterval interval)
    {
        if (estimate.Refusal != Refusal.None)
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

    private string Sentence()
    {
        var (low, high) = (estimate.Difference.Low, estimate.Difference.High);
        return low > 0 ? $"It would have been better, by {Points(low)} to {Points(high)}{Unit}."
            : high < 0 ? $"It would have been worse, by {Points(-high)} to {Points(-low)}{Unit}."
            : $"The log does not tell whether it would have been better or worse: the difference lies between {Points(low)} and {Points(high)}{Unit}.";
    }

    private string Span()
    {
        if (log.Trials.Count == 0)
        {
            return "";
        }

        var (first, last) = (DateTimeOffset.MaxValue, DateTimeOffset.MinValue);
        foreach (var trial in log.Trials)
        {
            first = trial.At < first ? trial.At : first;
            last = trial.At > last ? trial.At : last;
        }

        return $", {Timestamp.Format(first)} to {Timestamp.Format(last)}";
    }

    private string Shares()
    {
        var texts = new List<string>();
        for (var i = 0; i < candidate.Variants.Count; i++)
        {
            texts.Add(Invariant($"{candidate.Variants[i]} {estimate.Shares[i] * 100:0.#} %"));
        }

        return string.Join(", ", texts);
    }

    private string[] Cells(MeanInterval interval) =>
        [Figure(interval.Mean), $"{Figure(interval.Low)} to {Figure(interval.High)}"];

    /// <summary>A difference; of rates in percentage points.</summary>
    private string Points(double value) => _isValue ? Figure(value) : Invariant($"{value * 100:0.##}");

    private string Figure(double value) => _isValue ? Invariant($"{value:0.####}") : Invariant($"{value * 100:0.##} %");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
