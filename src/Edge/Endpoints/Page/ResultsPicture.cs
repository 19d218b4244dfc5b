using System.Globalization;
using Edge.Experiments;
using Edge.Statistics.Results;

namespace Edge.Endpoints.Page;

/// <summary>
/// Draws the results of an experiment: for each variant its rate as a bar with the 95 % interval on it, all on one axis;
/// where there is no success to count, its visits. Pure.
/// </summary>
internal static class ResultsPicture
{
    private const int Width = 960;
    private const int Margin = 24;
    private const int HeadHeight = 92;
    private const int RowHeight = 56;
    private const int FootHeight = 32;
    private const int BarLeft = 300;
    private const int BarWidth = 380;
    private const int FiguresLeft = 700;
    private const int VariantsMax = 20;

    /// <summary>Stands for what there was no room for.</summary>
    private const string Cut = "...";

    /// <summary>Heights of capitals: multiples of the rows of the font.</summary>
    private const int Large = 3 * BitmapFont.Rows;
    private const int Small = 2 * BitmapFont.Rows;

    public static Picture Of(Experiment experiment, ExperimentResults results)
    {
        var shown = Math.Min(results.Variants.Count, VariantsMax);
        var hidden = results.Variants.Count - shown;
        var marks = new List<Mark>
        {
            Text(Margin, 24, Large, Ink.Text, experiment.Name, Width - 2 * Margin),
            Text(Margin, 60, Small, Ink.Faint, Subtitle(results), Width - 2 * Margin),
        };
        var top = results.Variants.Max(one => IntervalOf(one, results)?.High ?? 0);
        var isRate = top > 0;
        if (!isRate)
        {
            top = results.Variants.Max(VisitsOf);
        }

        for (var i = 0; i < shown; i++)
        {
            AddRow(marks, results, results.Variants[i], HeadHeight + i * RowHeight, isRate, top);
        }

        if (hidden > 0)
        {
            var more = string.Create(CultureInfo.InvariantCulture, $"and {hidden} more");
            marks.Add(Text(Margin, HeadHeight + shown * RowHeight, Small, Ink.Faint, more, Width));
        }

        return new Picture(Width, HeadHeight + shown * RowHeight + FootHeight, marks);
    }

    private static string Subtitle(ExperimentResults results)
    {
        var leader = results.Variants.FirstOrDefault(one => one.Id == results.Leader);
        var who =
            leader?.ProbabilityToBeBest is { } probability
                ? string.Create(
                    CultureInfo.InvariantCulture,
                    $"{NameOf(leader)} leads, best with {100 * probability:0.#} %; "
                )
                : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{who}{results.Totals.Trials:N0} trials, {results.CountedAt.UtcDateTime:yyyy-MM-dd HH:mm} UTC"
        );
    }

    private static void AddRow(
        List<Mark> marks,
        ExperimentResults results,
        VariantResults variant,
        int y,
        bool isRate,
        double top
    )
    {
        var estimate = results.Goal == GoalType.Value ? variant.Rate : variant.PosteriorMean ?? variant.Rate;
        var value = isRate ? estimate ?? 0 : VisitsOf(variant);
        var ink = variant.Id == results.Leader ? Ink.Best : Ink.Bar;
        marks.Add(Text(Margin, y + 8, Small, Ink.Text, NameOf(variant), BarLeft - Margin - 12));
        marks.Add(new Mark(BarLeft, y, 1, RowHeight - 8, Ink.Line));
        marks.Add(new Mark(BarLeft + 1, y + 4, Scale(value, top), 22, ink));
        if (isRate && IntervalOf(variant, results) is { } interval)
        {
            var (low, high) = (BarLeft + 1 + Scale(interval.Low, top), BarLeft + 1 + Scale(interval.High, top));
            marks.Add(new Mark(low, y + 14, high - low + 1, 2, Ink.Whisker));
            marks.Add(new Mark(low, y + 9, 2, 12, Ink.Whisker));
            marks.Add(new Mark(high - 1, y + 9, 2, 12, Ink.Whisker));
            var range = string.Create(
                CultureInfo.InvariantCulture,
                $"{100 * interval.Low:0.0} to {100 * interval.High:0.0} %, {variant.Successes:N0} of {variant.Trials:N0}"
            );
            marks.Add(Text(BarLeft + 8, y + 31, Small, Ink.Faint, range, Width - BarLeft - 8));
        }

        var figure = isRate
            ? estimate is { } rate ? string.Create(CultureInfo.InvariantCulture, $"{100 * rate:0.0} %") : "no trials"
            : string.Create(CultureInfo.InvariantCulture, $"{VisitsOf(variant):N0} visits");
        marks.Add(Text(FiguresLeft, y + 8, Small, Ink.Text, figure, Width - FiguresLeft));
    }

    /// <summary>Of the figures that the page shows; a value per trial has another unit than the axis.</summary>
    private static (double Low, double High)? IntervalOf(VariantResults variant, ExperimentResults results) =>
        results.Goal != GoalType.Value && variant.CredibleInterval is { } credible ? (credible.Low, credible.High)
        : variant.RateInterval is { } wilson ? (wilson.Low, wilson.High)
        : null;

    private static int Scale(double value, double top) => top > 0 ? (int)Math.Round(BarWidth * value / top) : 0;

    private static long VisitsOf(VariantResults variant) => variant.Impressions + variant.Clicks;

    private static string NameOf(VariantResults variant) =>
        string.IsNullOrWhiteSpace(variant.Name) ? variant.Id : variant.Name;

    /// <summary>A text that is cut where there is no more room.</summary>
    private static Mark Text(int x, int y, int height, Ink ink, string text, int room)
    {
        var charsMax = room / (BitmapFont.Advance * height / BitmapFont.Rows);
        var shown = DrawnText.Of(text);
        if (shown.Length > charsMax)
        {
            var length = Math.Max(0, charsMax - Cut.Length);
            shown = shown[..(length > 0 && char.IsHighSurrogate(shown[length - 1]) ? length - 1 : length)] + Cut;
        }

        return new Mark(x, y, 0, height, ink, shown);
    }
}
