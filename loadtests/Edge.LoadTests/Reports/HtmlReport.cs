using System.Globalization;
using System.Net;
using System.Text;

namespace Edge.LoadTests.Reports;

/// <summary>
/// A report as one HTML file that needs nothing else: tables, and charts as inline SVG that fit a phone. Pure.
/// </summary>
internal static class HtmlReport
{
    // A chart of an hour has a point for every six seconds.
    private const int PointsMax = 600;

    private const string Style = """
        :root { color-scheme: light dark; --line: #8884; --muted: light-dark(#595959, #a6a6a6); --good: #1a7f37; --bad: #cf222e; }
        * { box-sizing: border-box; }
        body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1rem; max-width: 70rem; overflow-wrap: anywhere; }
        h1 { font-size: 1.4rem; } h2 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
        .passed { color: var(--good); } .failed { color: var(--bad); font-weight: 600; }
        .scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
        th, td { text-align: right; padding: .25rem .5rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
        th:first-child, td:first-child { text-align: left; } td.text { text-align: left; white-space: normal; }
        .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1rem; }
        figure { margin: 0; } figcaption { font-weight: 600; } svg { width: 100%; height: auto; display: block; }
        svg text { font: 11px system-ui, sans-serif; fill: var(--muted); } svg .grid { stroke: var(--line); }
        svg path { fill: none; stroke-width: 1.5; } .legend span { margin-right: .8rem; white-space: nowrap; }
        code { font-size: .9em; }
        /* On a phone the drawing shrinks, and what is written in it must not; the tables lose their air. */
        @media (max-width: 30rem) {
            svg text { font-size: 16px; } th, td { font-size: 13px; padding: .25rem .2rem; }
        }
        """;

    public static string Write(Report report)
    {
        var html = new StringBuilder();
        var verdict = report.Passed ? "passed" : "failed";
        html.Append(
            CultureInfo.InvariantCulture,
            $"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Load test {Text(report.Scenario)}: {verdict}</title><style>{Style}</style></head><body>
            <h1>Load test {Text(report.Scenario)}: <span class="{verdict}">{verdict}</span></h1>
            <p>{report.StartedAt:yyyy-MM-dd HH:mm} UTC, {Text(report.Address)}, {Text(report.Server)}<br>
            {Text(string.Join(", ", report.Simulations))}; {Figures.Text(
                report.WarmUpSeconds
            )} s of warm-up before it<br>
            {Text(report.Machine)}<br><code>{Text(report.Command)}</code></p>

            """
        );
        Table(
            html,
            ["", ""],
            MarkdownReport.Summary(report).Select(static row => new[] { row.Name, row.Value }),
            isText: true
        );
        Heading(html, "Thresholds");
        Table(
            html,
            ["Threshold", "measured", ""],
            report.Thresholds.Select(static t => new[] { t.Threshold, MarkdownReport.Measured(t), Word(t.Passed) })
        );
        Heading(html, "Latency from the intended start, milliseconds");
        Table(
            html,
            ["Step", "p50", "p90", "p99", "p99.9", "max", "requests"],
            MarkdownReport
                .Rows(report)
                .Select(static row =>
                    new[]
                    {
                        row.Step,
                        Figures.Text(row.Latency.P50),
                        Figures.Text(row.Latency.P90),
                        Figures.Text(row.Latency.P99),
                        Figures.Text(row.Latency.P999),
                        Figures.Text(row.Latency.Max),
                        row.Count.ToString("N0", CultureInfo.InvariantCulture),
                    }
                )
        );
        if (report.Problems.Count > 0)
        {
            Heading(html, "Problems");
            Table(
                html,
                ["Problem", "requests"],
                report.Problems.Select(static p =>
                    new[] { p.Key, p.Value.ToString("N0", CultureInfo.InvariantCulture) }
                )
            );
        }

        if (report.Baseline.Count > 0)
        {
            Heading(html, "Beside the baseline");
            Table(
                html,
                ["Figure", "then", "now", "ratio", ""],
                report.Baseline.Select(static row =>
                    new[]
                    {
                        row.Figure,
                        Figures.Text(row.Before),
                        Figures.Text(row.Now),
                        Figures.Text(row.Ratio),
                        Word(row.Passed),
                    }
                )
            );
        }

        Heading(html, "Events");
        html.Append(
            CultureInfo.InvariantCulture,
            $"<p>{Text(MarkdownReport.Ledger(report))}</p>\n<div class=\"charts\">\n"
        );
        Charts(html, report);
        return html.Append("</div>\n</body></html>\n").ToString();
    }

    private static void Charts(StringBuilder html, Report report)
    {
        html.Append(
            SvgChart.Draw(
                "Percentiles, ms",
                [new SvgChart.Line("latency", [.. Curve(report)])],
                isLogarithmic: true,
                static nines =>
                    nines < 0.3
                        ? "0 %"
                        : $"{(100 * (1 - Math.Pow(10, -nines))).ToString("0.####", CultureInfo.InvariantCulture)} %",
                wholeSteps: true
            )
        );
        var points = Thin(report.Timeline);
        Chart("Latency, ms", true, ("p50", static p => p.P50), ("p99", static p => p.P99), ("max", static p => p.Max));
        Chart(
            "Rate, requests a second",
            false,
            ("intended", static p => p.IntendedRate),
            ("sent", static p => p.SentRate),
            ("answered", static p => p.AnsweredRate),
            ("errors", static p => p.ErrorRate)
        );
        Chart("Server: processor, cores", false, ("cores", static p => p.Cores));
        Chart("Server: memory, MiB", false, ("resident", static p => p.MemoryMebibytes));
        Chart("Server: queue of the slowest sink, events", false, ("pending", static p => p.Pending));
        Chart(
            "Server: connections, open files, threads",
            false,
            ("connections", static p => p.Connections),
            ("open files", static p => p.OpenFiles),
            ("threads", static p => p.Threads)
        );

        void Chart(string title, bool isLogarithmic, params (string Name, Func<TimelinePoint, double?> Value)[] lines)
        {
            var drawn = lines
                .Select(line => new SvgChart.Line(line.Name, [.. points.Select(p => (p.Second, line.Value(p)))]))
                .Where(static line => line.Points.Any(static p => p.Y is not null))
                .ToArray();
            if (drawn.Length > 0)
            {
                html.Append(
                    SvgChart.Draw(title, drawn, isLogarithmic, static s => $"{Figures.Text(s)} s", wholeSteps: false)
                );
            }
        }
    }

    /// <summary>
    /// The curve over the number of nines of each percentile, 1 for 90 %, 3 for 99.9 %; the maximum stands a little to
    /// the right of the last.
    /// </summary>
    private static IEnumerable<(double X, double? Y)> Curve(Report report)
    {
        var nines = 0.0;
        foreach (var (percentile, milliseconds) in report.Curve)
        {
            nines = percentile < 100 ? -Math.Log10(1 - (percentile / 100)) : nines + 0.2;
            yield return (nines, milliseconds);
        }
    }

    private static TimelinePoint[] Thin(IReadOnlyList<TimelinePoint> timeline)
    {
        var every = (timeline.Count + PointsMax - 1) / PointsMax;
        // The worst second stands for its neighbours.
        return [.. timeline.Chunk(Math.Max(1, every)).Select(static chunk => chunk.MaxBy(static p => p.Max)!)];
    }

    private static void Heading(StringBuilder html, string text) =>
        html.Append(CultureInfo.InvariantCulture, $"<h2>{Text(text)}</h2>\n");

    private static void Table(StringBuilder html, string[] head, IEnumerable<string[]> rows, bool isText = false)
    {
        html.Append("<div class=\"scroll\"><table>");
        if (head.Any(static cell => cell.Length > 0))
        {
            html.Append("<tr>").AppendJoin("", head.Select(static cell => $"<th>{Text(cell)}</th>")).Append("</tr>");
        }

        foreach (var row in rows)
        {
            html.Append("<tr>").AppendJoin("", row.Select(Cell)).Append("</tr>\n");
        }

        html.Append("</table></div>\n");

        string Cell(string text) =>
            text is "passed" or "FAILED"
                ? $"<td class=\"{(text == "passed" ? "passed" : "failed")}\">{text}</td>"
                : $"<td{(isText ? " class=\"text\"" : "")}>{Text(text)}</td>";
    }

    private static string Word(bool passed) => passed ? "passed" : "FAILED";

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
