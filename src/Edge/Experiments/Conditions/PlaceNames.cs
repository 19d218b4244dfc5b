using Edge.Enrichment.Geo;
using Edge.Formats;

namespace Edge.Experiments.Conditions;

/// <summary>
/// Whether a condition names a place that a visitor can be in: the worst outcome is a condition that never matches
/// because of another name for the place. What is wrong is told with the value and, where there is one, the place that was
/// probably meant. Pure.
/// </summary>
internal static class PlaceNames
{
    /// <summary>The continents, as <c>geo.continent</c> gives them.</summary>
    public static readonly string[] Continents = ["NA", "EU", "AS", "AF", "SA", "OC", "AN"];

    private static readonly string[] ContinentNames =
    [
        "North America",
        "Europe",
        "Asia",
        "Africa",
        "South America",
        "Oceania",
        "Antarctica",
    ];

    /// <summary>Every place by every name; of a name that two have, the continent.</summary>
    private static readonly Dictionary<string, Place> ByName = MakeNames();

    /// <summary>What is wrong with the name of a country; null for one of ISO 3166-1 alpha-2 and Kosovo.</summary>
    public static string? CountryProblem(string text)
    {
        if (IsCountry(text))
        {
            return null;
        }

        return Meant(text) switch
        {
            null => $"must be a country of ISO 3166-1 in two letters, such as DE, GB or US{ConditionValues.Not(text)}",
            { IsContinent: true } place =>
                $"must be a country of ISO 3166-1{ConditionValues.Not(text)}; did you mean the property geo.continent with {place}?",
            { } place => $"must be a country of ISO 3166-1{ConditionValues.Not(text)}; did you mean {place}?",
        };
    }

    /// <summary>What is wrong with the name of a continent; null for one of <see cref="Continents"/>.</summary>
    public static string? ContinentProblem(string text)
    {
        if (Continents.Contains(text, StringComparer.OrdinalIgnoreCase))
        {
            return null;
        }

        return Meant(text) switch
        {
            { IsContinent: true } place => $"must be a continent{ConditionValues.Not(text)}; did you mean {place}?",
            { } place =>
                $"must be a continent{ConditionValues.Not(text)}; did you mean the property geo.country with {place}?",
            null =>
                $"must be one of {string.Join(", ", Continents.Zip(ContinentNames, static (code, name) => $"{code} ({name})"))}{ConditionValues.Not(text)}",
        };
    }

    private static bool IsCountry(string text) => CountryCode.Parse(text).Continent.Length > 0;

    /// <summary>The place that was probably meant; null when none is near. Of two letters every code is near.</summary>
    private static Place? Meant(string text)
    {
        if (text.Length > 2)
        {
            return NearestName.Probable(ByName.Keys, text) is { } name ? ByName[name] : null;
        }

        var code = text.ToUpperInvariant() switch
        {
            // Exceptionally reserved by the standard: the names of everyday use, not those of the databases.
            "UK" => "GB",
            "EL" => "GR",
            var upper => upper,
        };
        return IsCountry(code) ? new Place(code, CountryNames.ByCode[code], false)
            : Array.IndexOf(Continents, code) is var at and >= 0 ? new Place(code, ContinentNames[at], true)
            : null;
    }

    private static Dictionary<string, Place> MakeNames()
    {
        var names = new Dictionary<string, Place>(StringComparer.OrdinalIgnoreCase);
        foreach (var (code, name) in CountryNames.ByCode)
        {
            names[name] = new Place(code, name, false);
        }

        foreach (var (code, name) in CountryNames.Others)
        {
            names[name] = new Place(code, CountryNames.ByCode[code], false);
        }

        for (var i = 0; i < Continents.Length; i++)
        {
            names[ContinentNames[i]] = new Place(Continents[i], ContinentNames[i], true);
        }

        return names;
    }

    private sealed record Place(string Code, string Name, bool IsContinent)
    {
        public override string ToString() => $"{Code} ({Name})";
    }
}
