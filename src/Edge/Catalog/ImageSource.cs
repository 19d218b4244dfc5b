using System.Globalization;
using System.Text.Json;
using Edge.Experiments;
using Edge.Formats;

namespace Edge.Catalog;

/// <summary>
/// Finds the image of a variant: the <c>imageUrl</c> among its variables, else a URL built from the operator's
/// template, else the experiment's fallback. Edge renders no images. Every value inserted into the template is
/// percent-encoded, and the result is validated like a redirect target, so a variable never becomes a host. Pure.
/// </summary>
/// <param name="template">URL with placeholders, or empty.</param>
internal sealed class ImageSource(string template)
{
    private const string TemplateUid = "{templateUid}";

    private static readonly string[] Placeholders = [TemplateUid, "{format}", "{quality}", "{variables}"];

    /// <summary>
    /// What is wrong with a template; null when it is valid. Placeholders are allowed only after the host.
    /// </summary>
    public static string? TemplateProblem(string template)
    {
        var filled = Placeholders.Aggregate(
            template,
            (text, name) => text.Replace(name, "x", StringComparison.Ordinal)
        );
        if (Destination.TryParse(filled, httpsOnly: false, out var message, out _) is null)
        {
            return message;
        }

        if (filled.AsSpan().IndexOfAny('{', '}') >= 0)
        {
            return $"may contain only {string.Join(", ", Placeholders)} in braces";
        }

        var hostEnd = template.IndexOf('/', template.IndexOf("://", StringComparison.Ordinal) + 3);
        return hostEnd < 0 || template.IndexOf('{', StringComparison.Ordinal) is >= 0 and var first && first < hostEnd
            ? "must have its placeholders after the host"
            : null;
    }

    /// <summary>
    /// The image of a variant as a Location value; null when there is none. An experiment that ended without a winner
    /// uses only its fallback.
    /// </summary>
    public string? Find(CatalogEntry entry, int variant, ImageFormat format)
    {
        var experiment = entry.Experiment;
        var hasEnded = experiment.Status == ExperimentStatus.Completed && entry.WinnerIndex < 0;
        var own = hasEnded ? null : Own(experiment, experiment.Variants[variant], format);
        return own ?? Check(experiment.FallbackImageUrl);
    }

    private string? Own(Experiment experiment, Variant variant, ImageFormat format)
    {
        if (
            variant.Variables is { } variables
            && variables.TryGetProperty(Variant.ImageUrl, out var url)
            && url.ValueKind == JsonValueKind.String
            && Check(url.GetString()) is { } stored
        )
        {
            return stored;
        }
        var templateUid = variant.TemplateUid ?? experiment.TemplateUid;
        if (template.Length == 0 || (templateUid is null && template.Contains(TemplateUid, StringComparison.Ordinal)))
        {
            return null;
        }

        string[] values =
        [
            templateUid ?? "",
            WireNames<ImageFormat>.Lower.Text(format),
            experiment.OutputConfig.Quality.ToString(CultureInfo.InvariantCulture),
            variant.Variables?.GetRawText() ?? "{}",
        ];
        var filled = template;
        // A value cannot be mistaken for a placeholder, because escaping leaves no braces.
        for (var i = 0; i < values.Length; i++)
        {
            filled = filled.Replace(Placeholders[i], Uri.EscapeDataString(values[i]), StringComparison.Ordinal);
        }

        return Check(filled);
    }

    private static string? Check(string? url) =>
        url is null ? null : Destination.TryParse(url, httpsOnly: false, out _, out _)?.Location;
}
