using Edge.LoadTests.Reports;

namespace Edge.LoadTests.Verdicts;

/// <param name="Figure">What is compared.</param>
/// <param name="Ratio">This run by the earlier one.</param>
/// <param name="Passed">Whether it is no worse than the caller allows.</param>
internal sealed record BaselineRow(string Figure, double Before, double Now, double Ratio, bool Passed);

/// <summary>Compares a run with an earlier one, figure by figure, by ratio. Pure.</summary>
internal static class Baseline
{
    /// <summary>Refuses a run whose figures say nothing about this one.</summary>
    /// <exception cref="UsageException">It was another scenario, or another load.</exception>
    public static void CheckComparable(Report before, string scenario, IEnumerable<string> simulations)
    {
        var (then, now) = (string.Join(", ", before.Simulations), string.Join(", ", simulations));
        if (before.Scenario != scenario || then != now)
        {
            throw new UsageException(
                $"the --baseline is of {before.Scenario} with {then}, and this run is of {scenario} with {now}: they do not compare"
            );
        }
    }

    /// <param name="before">The earlier run.</param>
    /// <param name="now">This run.</param>
    /// <param name="allowed">The ratio at which a figure has become worse, above 1.</param>
    public static IReadOnlyList<BaselineRow> Compare(Report before, Report now, double allowed)
    {
        var rows = new List<BaselineRow>();
        Add("p50", before.Latency.P50, now.Latency.P50);
        Add("p99", before.Latency.P99, now.Latency.P99);
        Add("p999", before.Latency.P999, now.Latency.P999);
        if (before.Resources is { } then && now.Resources is { } resources)
        {
            if (then.CpuMicrosecondsPerRequest is { } cpuThen && resources.CpuMicrosecondsPerRequest is { } cpu)
            {
                Add("cpu", cpuThen, cpu);
            }

            Add("memory", then.MemoryMebibytes, resources.MemoryMebibytes);
        }

        Add("answered rate", before.Requests.AnsweredRate, now.Requests.AnsweredRate, moreIsBetter: true);
        return rows;

        void Add(string figure, double was, double isNow, bool moreIsBetter = false)
        {
            var ratio =
                was > 0 ? isNow / was
                : isNow > 0 ? double.MaxValue
                : 1;
            rows.Add(
                new BaselineRow(figure, was, isNow, ratio, moreIsBetter ? ratio * allowed >= 1 : ratio <= allowed)
            );
        }
    }
}
