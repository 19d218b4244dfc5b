using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Edge.Benchmarks;

/// <summary>
/// Measures how often the winner rule finds a winner, on the real estimator, weights and rule: the table of
/// <c>docs/statistics.md</c>. Reproducible from the seed.
/// </summary>
internal static class Calibration
{
    private const double Sigmas = 3;

    /// <summary>Simulates every row and writes the table as markdown. Returns the cells that disagree.</summary>
    public static int Run(ulong seed, int runs, string only, TextWriter output)
    {
        var clock = Stopwatch.StartNew();
        output.WriteLine(
            $"seed {seed}, {runs} runs a row; cell = share of runs that ever have a winner "
                + "(standard error), reference in brackets, ! = beyond three standard errors of the difference"
        );
        output.WriteLine();
        output.WriteLine($"| traffic | {string.Join(" | ", CalibrationRun.Columns)} | ratio alarm |");
        output.WriteLine($"|---|{string.Concat(Enumerable.Repeat("---|", CalibrationRun.Columns.Length + 1))}");
        var power = new List<string>();
        var offences = 0;
        foreach (var scenario in CalibrationScenario.All)
        {
            if (!scenario.Name.Contains(only, StringComparison.Ordinal))
            {
                continue;
            }
            var results = new CalibrationRun[runs];
            for (var run = 0; run < runs; run++)
            {
                // Far apart in the generator's sequence, whatever the seed, and whatever other rows there are.
                results[run] = CalibrationRun.Simulate(scenario, Mix(seed, scenario.Name, run));
            }
            var cells = new List<string>();
            for (var column = 0; column < CalibrationRun.Columns.Length; column++)
            {
                var share = results.Count(result => result.Declared[column] is not null) / (double)runs;
                var reference = column < scenario.Reference.Length ? scenario.Reference[column] : null;
                var isOff = reference is { } expected && IsBeyond(share, runs, expected, scenario.ReferenceRuns);
                offences += isOff ? 1 : 0;
                cells.Add(
                    Text($"{share:0.000} ({Math.Sqrt(share * (1 - share) / runs):0.000})")
                        + (reference is null ? "" : Text($" [{reference:0.000}]"))
                        + (isOff ? " **!**" : "")
                );
            }
            cells.Add(Text($"{results.Count(result => result.HasRatioAlarm) / (double)runs:0.000}"));
            output.WriteLine($"| {scenario.Name} | {string.Join(" | ", cells)} |");
            output.Flush();
            if (scenario.Best is { } best)
            {
                power.AddRange(PowerRows(scenario, best, results));
            }
        }
        if (power.Count > 0)
        {
            output.WriteLine();
            output.WriteLine("| power | rule | declared | correct when declared | mean day | regret to equal split |");
            output.WriteLine("|---|---|---|---|---|---|");
            power.ForEach(output.WriteLine);
        }
        output.WriteLine();
        output.WriteLine(Text($"{offences} cells disagree; {clock.Elapsed.TotalSeconds:F0} s"));
        return offences;
    }

    private static IEnumerable<string> PowerRows(CalibrationScenario scenario, int best, CalibrationRun[] results)
    {
        var regret = results.Average(result => result.Regret);
        foreach (var column in new[] { 2, 4, 5, 7 })
        {
            var declared = results
                .Where(result => result.Declared[column] is not null)
                .Select(result => result.Declared[column]!.Value)
                .ToArray();
            var correct = declared.Length == 0 ? double.NaN : declared.Average(found => found.Winner == best ? 1 : 0);
            var day = declared.Length == 0 ? double.NaN : declared.Average(found => found.Day);
            var share = declared.Length / (double)results.Length;
            var reference = column < scenario.Reference.Length ? scenario.Reference[column] : null;
            var hasReference = scenario.PowerReference.TryGetValue(column, out var expected);
            yield return $"| {scenario.Name} | {CalibrationRun.Columns[column]} | "
                + Text($"{share:0.000}")
                + In(reference, "0.000")
                + Text($" | {correct:0.000}")
                + In(hasReference ? expected.Correct : null, "0.000")
                + Text($" | {day:F1}")
                + In(hasReference ? expected.Day : null, "0.0")
                + Text($" | {regret:0.000}")
                + In(scenario.RegretReference, "0.000")
                + " |";
        }
    }

    /// <summary>Standard errors with half a run added to each side, so that 0 and 1 have one too.</summary>
    private static bool IsBeyond(double share, int runs, double expected, int expectedRuns)
    {
        var variance = Variance(share, runs) + Variance(expected, expectedRuns);
        return Math.Abs(share - expected) > Sigmas * Math.Sqrt(variance);
    }

    private static double Variance(double share, int runs)
    {
        var smoothed = (share * runs + 0.5) / (runs + 1);
        return smoothed * (1 - smoothed) / runs;
    }

    private static ulong Mix(ulong seed, string row, int run)
    {
        var name = BinaryPrimitives.ReadUInt32LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(row)));
        var z = seed * 0x9E3779B97F4A7C15 + ((ulong)name << 32) + (ulong)run;
        z = (z ^ (z >> 31)) * 0x7FB5D329728EA185;
        z = (z ^ (z >> 27)) * 0x81DADEF4BC2DD44D;
        return z ^ (z >> 33);
    }

    private static string In(double? reference, string format) =>
        reference is { } value ? $" [{value.ToString(format, CultureInfo.InvariantCulture)}]" : "";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
