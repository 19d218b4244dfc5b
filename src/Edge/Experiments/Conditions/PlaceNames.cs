using Edge.Enrichment.Geo;

namespace Edge.Experiments.Conditions;

/// <summary>
/// Whether a condition names a place that a visitor can be in: the worst outcome is a condition that never matches
/// because of another name for the place. Pure.
/// </summary>
internal static class PlaceNames
{
    /// <summary>The continents, as <c>geo.continent</c> gives them.</summary>
    public static readonly string[] Continents = ["NA", "EU", "AS", "AF", "SA", "OC", "AN"];

    /// <summary>What is wrong with the name of a country; null for one of ISO 3166-1 alpha-2 and Kosovo.</summary>
    public static string? CountryProblem(string text)
    {
        if (CountryCode.Parse(text).Continent.Length > 0)
        {
            return null;
        }

        return text.ToUpperInvariant() switch
        {
            // Exceptionally reserved by the standard: the names of everyday use, not those of the databases.
            "UK" => "must be a country of ISO 3166-1; did you mean GB?",
            "EL" => "must be a country of ISO 3166-1; did you mean GR?",
            "EU" => "must be a country of ISO 3166-1; did you mean the property geo.continent?",
            _ => "must be a country of ISO 3166-1 in two letters, such as DE, GB or US",
        };
    }

    /// <summary>What is wrong with the name of a continent; null for one of <see cref="Continents"/>.</summary>
    public static string? ContinentProblem(string text) =>
        Continents.Contains(text, StringComparer.OrdinalIgnoreCase)
            ? null
            : $"must be one of {string.Join(", ", Continents)}";
}
