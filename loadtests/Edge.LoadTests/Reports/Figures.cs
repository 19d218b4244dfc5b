using System.Globalization;
using Edge.LoadTests.Generation;
using Edge.LoadTests.Simulations;
using Edge.LoadTests.Targets;
using HdrHistogram;

namespace Edge.LoadTests.Reports;

/// <summary>From counts to the figures of a report. Pure.</summary>
internal static class Figures
{
    private const double Nanoseconds = 1e9;
    private const double NanosecondsOfMillisecond = 1e6;

    /// <summary>Below so many samples, one a second, a growth is not measured.</summary>
    public const int GrowthSamplesMin = 16;

    /// <summary>The percentiles of the curve, evenly spread over the number of nines.</summary>
    private static readonly double[] CurvePercentiles =
    [
        .. Enumerable.Range(0, 51).Select(static i => 100 * (1 - Math.Pow(10, -i / 10.0))),
        100,
    ];

    public static LatencySummary Latency(LongHistogram histogram) =>
        histogram.TotalCount == 0
            ? new LatencySummary(0, 0, 0, 0, 0, 0)
            : new LatencySummary(
                At(histogram, 50),
                At(histogram, 90),
                At(histogram, 99),
                At(histogram, 99.9),
                At(histogram, 100),
                histogram.GetMean() / NanosecondsOfMillisecond
            );

    public static double At(LongHistogram histogram, double percentile) =>
        histogram.TotalCount == 0 ? 0 : histogram.GetValueAtPercentile(percentile) / NanosecondsOfMillisecond;

    public static IReadOnlyList<CurvePoint> Curve(LongHistogram histogram) =>
        [
            .. CurvePercentiles
                // Beyond the last measurement every percentile is the maximum.
                .Where(percentile => percentile >= 100 || (1 - (percentile / 100)) * histogram.TotalCount >= 1)
                .Select(percentile => new CurvePoint(percentile, At(histogram, percentile))),
        ];

    /// <param name="totals">What was counted.</param>
    /// <param name="plan">The whole plan, warm-up included.</param>
    /// <param name="warmUp">Its first part, nanoseconds.</param>
    /// <param name="end">Where the run left the plan, nanoseconds; its length unless it was interrupted.</param>
    public static RequestCounts Requests(Totals totals, LoadPlan plan, long warmUp, long end)
    {
        var planned = (end - warmUp) / Nanoseconds;
        var sending = Math.Max(planned, (totals.LastSent - warmUp) / Nanoseconds);
        var answering = Math.Max(planned, (totals.LastAnswered - warmUp) / Nanoseconds);
        return new RequestCounts(
            totals.Intended,
            totals.Sent,
            totals.Ended,
            plan.IsOpen && plan.CopiesMax == 0 ? totals.Intended / planned : null,
            totals.Sent / sending,
            totals.Answered / answering,
            totals.Errors,
            totals.Wrong
        );
    }

    public static ServerSummary Server(
        ServerSample before,
        ServerSample after,
        long answered,
        IReadOnlyList<TimelinePoint> timeline
    )
    {
        var isSame = before.IsOfProcess(after);
        double? cpu = isSame ? after.CpuSeconds - before.CpuSeconds : null;
        return new ServerSummary(
            cpu,
            answered == 0 ? null : cpu * 1e6 / answered,
            after.MemoryBytes / (1 << 20),
            after.OpenFiles,
            timeline.LastOrDefault(static p => p.Threads is not null)?.Threads,
            timeline.Max(static p => p.Pending) ?? 0,
            GrowthOf(static p => p.MemoryMebibytes),
            // Connections are open files of the server, and how many there are is up to its clients.
            GrowthOf(static p => p.OpenFiles - p.Connections),
            GrowthOf(static p => p.Threads)
        );

        double? GrowthOf(Func<TimelinePoint, double?> figure) => isSame ? Growth(timeline, figure) : null;
    }

    /// <summary>
    /// How much more a figure is in the last quarter of a run than in the second, in percent of the medians.
    /// </summary>
    public static double? Growth(IReadOnlyList<TimelinePoint> timeline, Func<TimelinePoint, double?> figure)
    {
        var values = timeline.Select(figure).OfType<double>().ToArray();
        if (values.Length < GrowthSamplesMin)
        {
            return null;
        }

        var quarter = values.Length / 4;
        var early = Median(values[quarter..(2 * quarter)]);
        return early > 0 ? 100 * (Median(values[^quarter..]) - early) / early : null;
    }

    /// <summary>A figure for people: three digits, and no more.</summary>
    public static string Text(double value) =>
        Math.Abs(value) switch
        {
            >= 100 => value.ToString("N0", CultureInfo.InvariantCulture),
            >= 10 => value.ToString("0.#", CultureInfo.InvariantCulture),
            >= 1 => value.ToString("0.##", CultureInfo.InvariantCulture),
            _ => value.ToString("0.###", CultureInfo.InvariantCulture),
        };

    private static double Median(double[] values)
    {
        Array.Sort(values);
        return values[values.Length / 2];
    }
}
