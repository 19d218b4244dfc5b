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
internal sealed class ReplayReport(Experiment experiment, TrialLog log, WhatIfReport report)
{
    public void Write(TextWriter output)
    {
        var estimate = report.Estimate;
        output.WriteLine(report.Problem ?? report.Sentence);
        output.WriteLine();
        output.WriteLine(
            Invariant(
                $"{experiment.Slug}: goal {WireNames<GoalType>.Lower.Text(experiment.GoalConfig.Type)} within {Recommendation.Window(experiment.AttributionWindowMinutes)}; trials: {estimate.Trials}{Span()}"
            )
        );
        if (report.Problem is null)
        {
            output.WriteLine();
            TextTable.Write(
                output,
                [
                    ["", experiment.GoalConfig.Type == GoalType.Value ? "mean" : "rate", "95 % interval"],
                    ["as it was", .. Cells(estimate.Logged)],
                    ["as in the file", .. Cells(estimate.Candidate)],
                    ["  by inverse propensity alone", .. Cells(estimate.InversePropensity)],
                    [
                        "difference",
                        report.Points(estimate.Difference.Mean),
                        $"{report.Points(estimate.Difference.Low)} to {report.Points(estimate.Difference.High)}{report.Unit}",
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
            report.WriteMembers(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private string Span() =>
        report.Span() is var (first, last) ? $", {Timestamp.Format(first)} to {Timestamp.Format(last)}" : "";

    private string Shares()
    {
        var texts = new List<string>();
        for (var i = 0; i < report.Variants.Count; i++)
        {
            texts.Add(Invariant($"{report.Variants[i]} {report.Estimate.Shares[i] * 100:0.#} %"));
        }

        return string.Join(", ", texts);
    }

    private string[] Cells(MeanInterval interval) =>
        [report.Figure(interval.Mean), $"{report.Figure(interval.Low)} to {report.Figure(interval.High)}"];

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
