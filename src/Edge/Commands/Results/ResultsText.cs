using System.Globalization;
using Edge.Experiments;
using Edge.Formats;
using Edge.Statistics.Results;

namespace Edge.Commands.Results;

/// <summary>Results as a text for people: first what to do, then the variants, then who the visitors were.</summary>
internal static class ResultsText
{
    /// <summary>Values of each property that are shown.</summary>
    private const int ValuesShown = 5;

    /// <summary>Width of the drawing of an interval, characters.</summary>
    private const int BarChars = 32;

    private const string None = "-";

    public static void Write(ExperimentResults results, TextWriter output)
    {
        output.WriteLine(results.Recommendation);
        output.WriteLine();
        output.WriteLine(
            Invariant(
                $"{results.Slug}: {WireNames<ExperimentType>.Lower.Text(results.Type)}, {WireNames<ExperimentStatus>.Lower.Text(results.Status)}, goal {WireNames<GoalType>.Lower.Text(results.Goal)}, {results.DaysRun:0.##} days; open trials: {results.OpenTrials}, window {Recommendation.Window(results.AttributionWindowMinutes)}"
            )
        );
        output.WriteLine();
        WriteVariants(results, output);
        var excluded = results.Excluded;
        output.WriteLine();
        output.WriteLine(
            Invariant(
                $"Not counted: {excluded.Bot} of bots, {excluded.Scanner} of scanners, {excluded.Prefetch} prefetched."
            )
        );
        if (results.CountsProblem is { } problem)
        {
            output.WriteLine(Invariant($"Warning: these are the counts of {Timestamp.Format(results.CountedAt)}: {problem}."));
        }

        if (results.UnfilledMergeTags > 0)
        {
            output.WriteLine(
                Invariant(
                    $"Warning: requests whose id is a merge tag that the mail program did not fill: {results.UnfilledMergeTags}. Their u names nobody."
                )
            );
        }

        if (results.TrialsMissed.Unnamed > 0)
        {
            output.WriteLine(
                Invariant(
                    $"Without a trial: {Exposures(results.TrialsMissed.Unnamed)} that named nobody, or of which only the count is kept. With stableUnits a visitor needs u or a user id."
                )
            );
        }
        if (results.TrialsMissed.NoChance > 0)
        {
            output.WriteLine(
                Invariant(
                    $"Without a trial: {Exposures(results.TrialsMissed.NoChance)} of a variant that their sender had chosen (?variant=, a signed link or event that names one), not chance."
                )
            );
        }

        if (results.TrialsMissed.NoRoom > 0)
        {
            output.WriteLine(
                Invariant(
                    $"Without a trial: {Exposures(results.TrialsMissed.NoRoom)} for which there was no room. tally.unitsMax makes more."
                )
            );
        }

        Write("country", results.Breakdown.Country, results, output);
        Write("device", results.Breakdown.Device, results, output);
        Write("browser", results.Breakdown.Browser, results, output);
        Write("source", results.Breakdown.Source, results, output);
        Write("verdict", results.Breakdown.Verdict, results, output);
    }

    private static void WriteVariants(ExperimentResults results, TextWriter output)
    {
        var isValue = results.Goal == GoalType.Value;
        var low = double.MaxValue;
        var high = double.MinValue;
        foreach (var variant in results.Variants)
        {
            if (variant.CredibleInterval is { } interval)
            {
                low = Math.Min(low, interval.Low);
                high = Math.Max(high, interval.High);
            }
        }
        var rows = new List<string[]>
        {
            new[]
            {
                "VARIANT",
                "WEIGHT",
                "SHOWN",
                "CLICKS",
                "UNIQUES",
                "CONVERSIONS",
                "TRIALS",
                "SUCCESSES",
                isValue ? "MEAN" : "ESTIMATE",
                "95 % INTERVAL",
                "BEST",
                "LIFT",
                "",
            },
        };
        foreach (var variant in results.Variants)
        {
            rows.Add(
                [
                    variant.Id + (variant.Id == results.Leader ? " *" : ""),
                    Share(variant.Weight / (double)BasisPoints.Whole),
                    Number(variant.Impressions + variant.Views),
                    Number(variant.Clicks),
                    variant.Uniques is { } uniques ? (variant.UniquesError > 0 ? "~" : "") + Number(uniques) : None,
                    Number(variant.Conversions),
                    Number(variant.Trials),
                    Number(variant.Successes),
                    Amount(variant.PosteriorMean, isValue),
                    variant.CredibleInterval is { } interval
                        ? $"{Amount(interval.Low, isValue)} to {Amount(interval.High, isValue)}"
                        : None,
                    variant.ProbabilityToBeBest is { } best ? Share(best) : None,
                    variant.Lift is { } lift && double.IsFinite(lift) ? (lift > 0 ? "+" : "") + Share(lift) : None,
                    Bar(variant, low, high),
                ]
            );
        }
        TextTable.Write(output, rows);
    }

    /// <summary>The interval on the axis that all variants share: dashes, and an o for the mean.</summary>
    private static string Bar(VariantResults variant, double low, double high)
    {
        if (variant.CredibleInterval is not { } interval || variant.PosteriorMean is not { } mean || !(high > low))
        {
            return "";
        }
        var bar = new char[BarChars];
        Array.Fill(bar, ' ');
        for (var i = At(interval.Low); i <= At(interval.High); i++)
        {
            bar[i] = '-';
        }
        bar[At(mean)] = 'o';
        return $"|{new string(bar)}|";

        int At(double value) => (int)Math.Round(Math.Clamp((value - low) / (high - low), 0, 1) * (BarChars - 1));
    }

    private static void Write(string name, BreakdownDimension dimension, ExperimentResults results, TextWriter output)
    {
        if (dimension.Values.Count == 0)
        {
            return;
        }
        var rows = new List<string[]>
        {
            new[] { name.ToUpperInvariant(), "VARIANT", "SHOWN", "CLICKS", "CONVERSIONS", "TRIALS", "SUCCESSES" },
        };
        for (var i = 0; i < dimension.Values.Count && i < ValuesShown; i++)
        {
            Add(rows, dimension.Values[i].Value ?? "unknown", dimension.Values[i].Variants);
        }
        Add(rows, "all others", Rest(dimension, results));
        output.WriteLine();
        TextTable.Write(output, rows);
    }

    /// <summary>What is not shown value by value.</summary>
    private static List<BreakdownCounts> Rest(BreakdownDimension dimension, ExperimentResults results)
    {
        var rest = new List<BreakdownCounts>();
        foreach (var variant in results.Variants)
        {
            var sum = new BreakdownCounts(variant.Id, 0, 0, 0, 0, 0, 0);
            for (var i = ValuesShown; i < dimension.Values.Count; i++)
            {
                sum = Sum(sum, dimension.Values[i].Variants);
            }
            sum = Sum(sum, dimension.Others);
            if (!sum.IsEmpty)
            {
                rest.Add(sum);
            }
        }
        return rest;
    }

    private static BreakdownCounts Sum(BreakdownCounts sum, IReadOnlyList<BreakdownCounts> counts)
    {
        foreach (var count in counts)
        {
            if (count.VariantId == sum.VariantId)
            {
                sum = new BreakdownCounts(
                    sum.VariantId,
                    sum.Impressions + count.Impressions,
                    sum.Clicks + count.Clicks,
                    sum.Views + count.Views,
                    sum.Conversions + count.Conversions,
                    sum.Trials + count.Trials,
                    sum.Successes + count.Successes
                );
            }
        }
        return sum;
    }

    private static void Add(List<string[]> rows, string value, IReadOnlyList<BreakdownCounts> variants)
    {
        foreach (var counts in variants)
        {
            rows.Add(
                [
                    value,
                    counts.VariantId,
                    Number(counts.Impressions + counts.Views),
                    Number(counts.Clicks),
                    Number(counts.Conversions),
                    Number(counts.Trials),
                    Number(counts.Successes),
                ]
            );
            value = "";
        }
    }

    private static string Amount(double? amount, bool isValue) =>
        amount is not { } known ? None
        : isValue ? known.ToString("0.00", CultureInfo.InvariantCulture)
        : Share(known);

    private static string Share(double share) => Invariant($"{share * 100:0.##} %");

    private static string Exposures(long count) => $"{Number(count)} exposure{(count == 1 ? "" : "s")}";

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
