using System.Globalization;
using System.Text;

namespace Edge.Telemetry;

/// <summary>
/// Writes the Prometheus text exposition format, version 0.0.4: one HELP and TYPE line per family, then its samples.
/// Not thread safe; one instance per scrape.
/// </summary>
internal sealed class PrometheusText
{
    /// <summary>Content type of the format.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly StringBuilder _text = new(8_192);
    private string _name = "";

    /// <summary>Starts a family; the following samples belong to it.</summary>
    public PrometheusText Family(MetricFamily family)
    {
        _name = family.Name;
        _text.Append("# HELP ").Append(_name).Append(' ').Append(family.Help).Append('\n');
        _text.Append("# TYPE ").Append(_name).Append(' ').Append(SnakeCase(family.Kind.ToString())).Append('\n');
        return this;
    }

    /// <summary>Writes a sample without labels.</summary>
    public PrometheusText Sample(double value) => Sample("", value);

    /// <summary>
    /// Writes a sample; <paramref name="labels"/> is the text between the braces, built with <see cref="Label"/>.
    /// </summary>
    public PrometheusText Sample(string labels, double value) => Append("", labels, value);

    /// <summary>
    /// Writes the samples of a histogram: cumulative buckets with their upper bounds, then sum and count.
    /// </summary>
    /// <param name="labels">Labels of all of them, as for <see cref="Sample(string, double)"/>; may be empty.</param>
    /// <param name="bounds">Upper bounds in the unit of the family, ascending, without the infinite one.</param>
    /// <param name="counts">Observations of each bucket, one more than there are bounds.</param>
    /// <param name="sum">Sum of all observations, in the unit of the family.</param>
    public PrometheusText Histogram(
        string labels,
        ReadOnlySpan<double> bounds,
        ReadOnlySpan<long> counts,
        double sum
    )
    {
        var total = 0L;
        var before = labels.Length == 0 ? "" : labels + ",";
        for (var i = 0; i < counts.Length; i++)
        {
            total += counts[i];
            var bound = i < bounds.Length ? bounds[i].ToString("R", CultureInfo.InvariantCulture) : "+Inf";
            Append("_bucket", before + Label("le", bound), total);
        }

        Append("_sum", labels, sum);
        return Append("_count", labels, total);
    }

    /// <summary>A label, with its value escaped as the format requires.</summary>
    public static string Label(string name, string value) =>
        $"{name}=\"{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}\"";

    /// <summary>Converts the name of an enum member: <c>JournalFull</c> becomes <c>journal_full</c>.</summary>
    public static string SnakeCase(string name)
    {
        var text = new StringBuilder(name.Length + 4);
        foreach (var c in name)
        {
            if (char.IsAsciiLetterUpper(c) && text.Length > 0)
            {
                text.Append('_');
            }

            text.Append(char.ToLowerInvariant(c));
        }
        return text.ToString();
    }

    public override string ToString() => _text.ToString();

    private PrometheusText Append(string suffix, string labels, double value)
    {
        _text.Append(_name).Append(suffix);
        if (labels.Length > 0)
        {
            _text.Append('{').Append(labels).Append('}');
        }

        var text = double.IsPositiveInfinity(value) ? "+Inf" : value.ToString("R", CultureInfo.InvariantCulture);
        _text.Append(' ').Append(text).Append('\n');
        return this;
    }
}
