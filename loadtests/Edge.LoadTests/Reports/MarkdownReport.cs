using System.Globalization;
using System.Text;

namespace Edge.LoadTests.Reports;

/// <summary>A report as Markdown, to be pasted into a ticket or RESULTS.md. Pure.</summary>
internal static class MarkdownReport
{
    public static string Write(Report report)
    {
        var text = new StringBuilder();
        Line(
            $"## {report.StartedAt:yyyy-MM-dd HH:mm} UTC, load test {report.Scenario}: {(report.Passed ? "passed" : "FAILED")}"
        );
        Line($"");
        Line($"- Command: `{report.Command}`");
        Line($"- Machine: {report.Machine}");
        Line($"- Server: {report.Address}, {report.Server}");
        Line(
            $"- Load: {string.Join(", ", report.Simulations)}; {Figures.Text(report.WarmUpSeconds)} s of warm-up before it"
        );
        Line($"");
        Line($"| | |");
        Line($"|---|---|");
        foreach (var (name, value) in Summary(report))
        {
            Line($"| {name} | {value} |");
        }

        Line($"");
        Line($"| Step | p50 ms | p90 ms | p99 ms | p99.9 ms | max ms | requests |");
        Line($"|---|---|---|---|---|---|---|");
        foreach (var (step, count, latency) in Rows(report))
        {
            Line(
                $"| {step} | {Figures.Text(latency.P50)} | {Figures.Text(latency.P90)} | {Figures.Text(latency.P99)} | {Figures.Text(latency.P999)} | {Figures.Text(latency.Max)} | {count:N0} |"
            );
        }

        if (report.Problems.Count > 0)
        {
            Line($"");
            Line(
                $"Problems: {string.Join("; ", report.Problems.Select(static problem => $"{problem.Key} ({problem.Value:N0})"))}."
            );
        }

        Line($"");
        Line($"| Threshold | measured | |");
        Line($"|---|---|---|");
        foreach (var threshold in report.Thresholds)
        {
            Line($"| {threshold.Threshold} | {Measured(threshold)} | {(threshold.Passed ? "passed" : "FAILED")} |");
        }

        if (report.Baseline.Count > 0)
        {
            Line($"");
            Line($"| Beside the baseline | then | now | ratio | |");
            Line($"|---|---|---|---|---|");
            foreach (var row in report.Baseline)
            {
                Line(
                    $"| {row.Figure} | {Figures.Text(row.Before)} | {Figures.Text(row.Now)} | {row.Ratio:0.00} | {(row.Passed ? "passed" : "FAILED")} |"
                );
            }
        }

        Line($"");
        Line($"{Ledger(report)}");
        return text.ToString();

        void Line(FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }

    /// <summary>The figures that stand on top, name and value.</summary>
    public static IEnumerable<(string Name, string Value)> Summary(Report report)
    {
        var requests = report.Requests;
        if (requests.IntendedRate is { } intended)
        {
            yield return ("intended", $"{Count(requests.Intended)} requests, {Figures.Text(intended)} a second");
        }

        var held = report.HeldToRate is { } bound
            ? $"; copies were held to {Figures.Text(bound)} a second, which --allow-rate raises"
            : "";
        yield return ("sent", $"{Count(requests.Sent)}, {Figures.Text(requests.SentRate)} a second{held}");
        yield return ("answered", $"{Figures.Text(requests.AnsweredRate)} a second");
        yield return (
            "errors",
            $"{Count(requests.Errors)} ({Figures.Text(requests.ErrorPercent)} %), {Count(requests.Wrong)} of them wrong answers"
        );
        yield return ("generator's own delay, p99", $"{Figures.Text(report.GeneratorLagP99)} ms");
        if (report.Resources is { } server)
        {
            yield return (
                "server's processor time",
                server.CpuMicrosecondsPerRequest is { } cpu
                    ? $"{Figures.Text(cpu)} us per request"
                    : "not measured: the server was restarted, or has answered nothing"
            );
            var threads = server.Threads is { } count ? $", {Figures.Text(count)} threads" : "";
            yield return (
                "server at the end",
                $"{Figures.Text(server.MemoryMebibytes)} MiB, {Figures.Text(server.OpenFiles)} open files{threads}"
            );
            yield return ("longest queue of a sink", $"{Figures.Text(server.PendingMax)} events");
        }
    }

    /// <summary>All requests, then each step.</summary>
    public static IEnumerable<(string Step, long Count, LatencySummary Latency)> Rows(Report report) =>
        report
            .Steps.Select(static step => (step.Step, step.Count, step.Latency))
            .Prepend(("all", report.Requests.Ended, report.Latency));

    /// <summary>What the ledgers say, in sentences.</summary>
    public static string Ledger(Report report)
    {
        var text = new StringBuilder();
        if (report.Ledger is { } ledger)
        {
            var refused =
                ledger.Refused.Count == 0
                    ? "none refused"
                    : string.Join(", ", ledger.Refused.Select(static r => $"{Count(r.Value)} refused ({r.Key})"));
            var dropped =
                ledger.Dropped.Count == 0
                    ? "dropped none"
                    : "dropped " + string.Join(", ", ledger.Dropped.Select(static r => $"{Count(r.Value)} ({r.Key})"));
            text.Append(
                CultureInfo.InvariantCulture,
                $"Events: sent {Count(ledger.Sent)}, of these {Count(ledger.Acknowledged)} acknowledged, {refused}, {Count(ledger.Unconfirmed)} unconfirmed. "
            );
            text.Append(CultureInfo.InvariantCulture, $"The server stored {Count(ledger.Stored)} and {dropped}");
            if (ledger.Synthetic is { } synthetic)
            {
                text.Append(CultureInfo.InvariantCulture, $", and has {Count(synthetic)} in its column of tests");
            }

            text.Append(ledger.Surplus > 0 ? $", {Count(ledger.Surplus)} more than were sent here. " : ". ");
            foreach (var sink in ledger.Sinks)
            {
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"Sink {sink.Name}: {Count(sink.Forwarded)} forwarded, {Count(sink.Skipped)} skipped, {Count(sink.DeadLettered)} dead letters, {Count(sink.Pending)} pending. "
                );
            }
        }
        else
        {
            text.Append("The server's ledger could not be read, so events are not accounted for. ");
        }

        if (report.Forwarded is { } files)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"In the files of the sink: {Count(files.Events)} events; of {Count(files.Acknowledged)} ids that were acknowledged, {Count(files.Missing)} are missing and {Count(files.Twice)} are there twice. "
            );
        }

        text.Append(
            report.Contradictions.Count == 0 ? "" : $"CONTRADICTIONS: {string.Join("; ", report.Contradictions)}."
        );
        return text.ToString().TrimEnd();
    }

    public static string Measured(Verdicts.ThresholdResult threshold) =>
        threshold.Figure is { } figure ? $"{Figures.Text(figure)} {threshold.Unit}".TrimEnd() : "not measured";

    private static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);
}
