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

    /// <summary>Begins a family. <paramref name="type"/> is counter, gauge or histogram.</summary>
    public PrometheusText Family(string name, string type, string help)
    {
        _text.Append("# HELP ").Append(name).Append(' ').Append(help).Append('\n');
        _text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
        return this;
    }

    /// <summary>One sample without labels.</summary>
    public PrometheusText Sample(string name, double value) => Sample(name, "", value);

    /// <summary>
    /// One sample; <paramref name="labels"/> is the finished text between the braces, made with <see cref="Label"/>.
    /// </summary>
    public PrometheusText Sample(string name, string labels, double value)
    {
        _text.Append(name);
        if (labels.Length > 0)
        {
            _text.Append('{').Append(labels).Append('}');
        }

        _text.Append(' ').Append(value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
        return this;
    }

    /// <summary>One label with its value escaped as the format asks.</summary>
    public static string Label(string name, string value) =>
        $"{name}=\"{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}\"";

    /// <summary>The word an enum member is written as: <c>JournalFull</c> is <c>journal_full</c>.</summary>
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
}
