using System.Globalization;
using System.Net;
using System.Text;

namespace Edge.LoadTests.Reports;

/// <summary>A line chart as inline SVG, with a legend. Pure.</summary>
internal static class SvgChart
{
    private const int Width = 480;
    private const int Height = 220;
    private const int Left = 64;
    private const int Bottom = 28;
    private const int Top = 8;
    private const int Right = 14;
    private const int Ticks = 4;

    // Distinguishable without seeing red and green (Okabe and Ito).
    private static readonly string[] Colours = ["#0072b2", "#e69f00", "#009e73", "#cc79a7"];

    /// <param name="Points">In the order of X; no line through a point without Y.</param>
    public sealed record Line(string Name, IReadOnlyList<(double X, double? Y)> Points);

    /// <param name="title">What is drawn, with its unit.</param>
    /// <param name="lines">At least one with a point.</param>
    /// <param name="isLogarithmic">Whether Y is drawn by its logarithm.</param>
    /// <param name="label">How a value of X is written.</param>
    /// <param name="wholeSteps">Whether X is labelled at whole numbers.</param>
    public static string Draw(
        string title,
        IReadOnlyList<Line> lines,
        bool isLogarithmic,
        Func<double, string> label,
        bool wholeSteps
    )
    {
        var values = lines.SelectMany(static line => line.Points).Select(static p => p.Y).OfType<double>().ToArray();
        var xs = lines.SelectMany(static line => line.Points).Select(static p => p.X).ToArray();
        var (xMin, xMax) = xs.Length == 0 ? (0, 1) : (xs.Min(), Math.Max(xs.Max(), xs.Min() + 1e-9));
        var smallest = values.Where(static v => v > 0).DefaultIfEmpty(1).Min();
        var largest = values.DefaultIfEmpty(1).Max();
        // A logarithmic axis from one power of ten to another; a linear one from zero to a round number.
        var (low, high) = isLogarithmic
            ? (
                Math.Floor(Math.Log10(smallest)),
                Math.Max(Math.Ceiling(Math.Log10(Math.Max(largest, smallest))), Math.Floor(Math.Log10(smallest)) + 1)
            )
            : (0, Round(largest));
        var svg = new StringBuilder();
        svg.Append(
            CultureInfo.InvariantCulture,
            $"<figure><figcaption>{WebUtility.HtmlEncode(title)}</figcaption><svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"{WebUtility.HtmlEncode(title)}\">"
        );
        var steps = isLogarithmic ? (int)(high - low) : Ticks;
        for (var i = 0; i <= steps; i++)
        {
            var at = low + ((high - low) * i / steps);
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<line class=\"grid\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(at):0.#}\" y2=\"{Y(at):0.#}\"/><text x=\"{Left - 4}\" y=\"{Y(at) + 4:0.#}\" text-anchor=\"end\">{Figures.Text(isLogarithmic ? Math.Pow(10, at) : at)}</text>"
            );
        }

        var marks = wholeSteps
            ? Enumerable.Range((int)xMin, (int)(xMax - xMin) + 1).Select(static x => (double)x)
            : Enumerable.Range(0, Ticks + 1).Select(i => xMin + ((xMax - xMin) * i / Ticks));
        foreach (var mark in marks)
        {
            var anchor = X(mark) > Width - (2 * Right) ? "end" : "middle";
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<text x=\"{X(mark):0.#}\" y=\"{Height - 6}\" text-anchor=\"{anchor}\">{WebUtility.HtmlEncode(label(mark))}</text>"
            );
        }

        for (var i = 0; i < lines.Count; i++)
        {
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<path stroke=\"{Colours[i % Colours.Length]}\" d=\"{Path(lines[i])}\"/>"
            );
        }

        svg.Append("</svg><div class=\"legend\">");
        for (var i = 0; i < lines.Count; i++)
        {
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<span><span style=\"color:{Colours[i % Colours.Length]}\">&#9632;</span> {WebUtility.HtmlEncode(lines[i].Name)}</span>"
            );
        }

        return svg.Append("</div></figure>\n").ToString();

        double X(double value) => Left + ((Width - Left - Right) * (value - xMin) / (xMax - xMin));

        double Y(double scaled) => Height - Bottom - ((Height - Bottom - Top) * (scaled - low) / (high - low));

        string Path(Line line)
        {
            var path = new StringBuilder();
            var isDrawing = false;
            foreach (var (x, y) in line.Points)
            {
                if (y is { } value)
                {
                    var scaled = isLogarithmic ? Math.Log10(Math.Max(value, Math.Pow(10, low))) : value;
                    path.Append(CultureInfo.InvariantCulture, $"{(isDrawing ? 'L' : 'M')}{X(x):0.#} {Y(scaled):0.#}");
                }

                isDrawing = y is not null;
            }

            return path.ToString();
        }
    }

    /// <summary>The next of 1, 2, 4, 5 and 8 times a power of ten.</summary>
    private static double Round(double value)
    {
        if (value <= 0)
        {
            return 1;
        }

        var power = Math.Pow(10, Math.Floor(Math.Log10(value)));
        return ((double[])[1, 2, 4, 5, 8, 10]).First(step => step * power >= value * 0.999) * power;
    }
}
