using System.Collections.Frozen;
using Edge.Formats;

namespace Edge.Experiments.Conditions;

/// <summary>The source of a property's value.</summary>
internal enum PropertySource
{
    /// <summary><c>mobile</c>, <c>desktop</c> or <c>tablet</c>, from the user agent.</summary>
    DeviceType,

    /// <summary>
    /// <c>iOS</c>, <c>Android</c>, <c>Windows</c>, <c>macOS</c>, <c>Linux</c> or <c>ChromeOS</c>, from the user
    /// agent.
    /// </summary>
    DeviceOs,

    /// <summary>Family such as <c>chrome</c> or <c>safari</c>, from the user agent.</summary>
    Browser,

    /// <summary>ISO 3166-1 alpha-2.</summary>
    Country,

    /// <summary><c>NA</c>, <c>EU</c>, <c>AS</c>, <c>AF</c>, <c>SA</c>, <c>OC</c> or <c>AN</c>.</summary>
    Continent,

    /// <summary>0 to 23, UTC.</summary>
    Hour,

    /// <summary>0 (Sunday) to 6, UTC.</summary>
    DayOfWeek,

    /// <summary>The preferred language tag of the visitor, such as <c>en-US</c>.</summary>
    Language,

    /// <summary>Host of the Referer header without a leading <c>www.</c>.</summary>
    ReferrerDomain,

    /// <summary>The first value of a parameter of the request's query string.</summary>
    QueryParameter,

    /// <summary>An attribute of the evaluation context, which pixel and click do not have.</summary>
    Attribute,
}

/// <summary>
/// A property that a condition may name: the published dotted names, their short aliases, <c>url.param.NAME</c>,
/// <c>custom.NAME</c> and <c>utm_NAME</c>, which read the query string, and <c>attribute.PATH</c>, which reads the
/// evaluation context. Names are case-sensitive.
/// </summary>
/// <param name="Source">Where it is read from.</param>
/// <param name="Parameter">
/// Name of the query parameter, decoded, or path of the attribute; null for other sources.
/// </param>
internal readonly record struct ConditionProperty(PropertySource Source, string? Parameter)
{
    /// <summary>The property whose parameter name is given separately, in <c>paramName</c>.</summary>
    public const string UrlParam = "url.param";

    /// <summary>Longest name of a query parameter.</summary>
    public const int ParameterCharsMax = 64;

    /// <summary>Longest path of an attribute, characters.</summary>
    public const int AttributeCharsMax = 128;

    /// <summary>Between the names of nested attributes.</summary>
    public const char PathSeparator = '.';

    private const string AttributePrefix = "attribute.";

    /// <summary>The names that are accepted, for messages.</summary>
    private const string Known =
        "device.type, device.os, geo.country, geo.continent, time.hour, time.dayOfWeek, "
        + "browser.language, browser, referrer.domain, url.param, url.param.NAME, custom.NAME, utm_NAME, attribute.PATH";

    /// <summary>
    /// The published names of all properties except query parameters and attributes, whose names are people's own.
    /// </summary>
    public static readonly IReadOnlyList<string> Published =
    [
        "device.type",
        "device.os",
        "browser",
        "geo.country",
        "geo.continent",
        "time.hour",
        "time.dayOfWeek",
        "browser.language",
        "referrer.domain",
    ];

    private static readonly FrozenDictionary<string, PropertySource> Fixed = new Dictionary<string, PropertySource>
    {
        ["device.type"] = PropertySource.DeviceType,
        ["device"] = PropertySource.DeviceType,
        ["device.os"] = PropertySource.DeviceOs,
        ["os"] = PropertySource.DeviceOs,
        ["browser"] = PropertySource.Browser,
        ["geo.country"] = PropertySource.Country,
        ["country"] = PropertySource.Country,
        ["geo.continent"] = PropertySource.Continent,
        ["continent"] = PropertySource.Continent,
        ["time.hour"] = PropertySource.Hour,
        ["hour"] = PropertySource.Hour,
        ["time"] = PropertySource.Hour,
        ["time.dayOfWeek"] = PropertySource.DayOfWeek,
        ["dayOfWeek"] = PropertySource.DayOfWeek,
        ["browser.language"] = PropertySource.Language,
        ["language"] = PropertySource.Language,
        ["referrer.domain"] = PropertySource.ReferrerDomain,
        ["referrer"] = PropertySource.ReferrerDomain,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly string[] ParameterPrefixes = ["url.param.", "custom."];

    /// <summary>The published name, whatever alias was written.</summary>
    public string PublishedName =>
        Source switch
        {
            PropertySource.QueryParameter => $"{UrlParam}.{Parameter}",
            PropertySource.Attribute => AttributePrefix + Parameter,
            _ => Published[PublishedIndexOf(Source)],
        };

    /// <summary>
    /// Finds the property of a rule; <paramref name="paramName"/> is used only with <c>url.param</c>.
    /// </summary>
    public static bool TryParse(string name, string? paramName, out ConditionProperty property)
    {
        if (Fixed.TryGetValue(name, out var source))
        {
            property = new ConditionProperty(source, null);
            return true;
        }
        if (name.StartsWith(AttributePrefix, StringComparison.Ordinal))
        {
            property = new ConditionProperty(PropertySource.Attribute, name[AttributePrefix.Length..]);
            return IsPath(property.Parameter);
        }
        var parameter =
            name == UrlParam ? paramName
            : name.StartsWith("utm_", StringComparison.Ordinal) ? name
            : null;
        foreach (var prefix in ParameterPrefixes)
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal))
            {
                parameter = name[prefix.Length..];
            }
        }
        property = new ConditionProperty(PropertySource.QueryParameter, parameter);
        return parameter is { Length: > 0 and <= ParameterCharsMax } && parameter != "utm_";
    }

    /// <summary>What is wrong with a name that <see cref="TryParse"/> refuses.</summary>
    public static string ProblemOf(string name)
    {
        if (name.StartsWith(AttributePrefix, StringComparison.Ordinal))
        {
            return $"must name an attribute of at most {AttributeCharsMax} characters, such as attribute.plan";
        }

        if (Array.Exists([.. ParameterPrefixes, "utm_"], prefix => name.StartsWith(prefix, StringComparison.Ordinal)))
        {
            return $"must name a query parameter of at most {ParameterCharsMax} characters, such as custom.plan";
        }

        return NearestName.Probable(Fixed.Keys, name) is { } meant
            ? $"is not known; did you mean {meant}?"
            : $"must be one of {Known}";
    }

    /// <summary>Names with a separator between each two; an empty one could match nothing anybody means.</summary>
    private static bool IsPath(string? path) =>
        path is { Length: > 0 and <= AttributeCharsMax }
        && path[0] != PathSeparator
        && path[^1] != PathSeparator
        && !path.Contains("..", StringComparison.Ordinal);

    private static int PublishedIndexOf(PropertySource source)
    {
        var index = 0;
        while (Fixed[Published[index]] != source)
        {
            index++;
        }
        return index;
    }
}
