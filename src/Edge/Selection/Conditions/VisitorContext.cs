using Edge.Enrichment.Geo;

namespace Edge.Selection.Conditions;

/// <summary>
/// The request as conditions and schedules see it. Spans are views of the caller's memory; values that take work
/// to extract (preferred language, referring host, query parameters) are extracted only when a condition needs them. An
/// empty span means unknown.
/// </summary>
internal readonly ref struct VisitorContext
{
    /// <summary>
    /// The instant of the request, taken once, so that all decisions about one request use the same hour.
    /// </summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary><c>mobile</c>, <c>desktop</c>, <c>tablet</c>.</summary>
    public ReadOnlySpan<char> DeviceType { get; init; }

    /// <summary><c>iOS</c>, <c>Android</c>, <c>Windows</c>, <c>macOS</c>, <c>Linux</c>, <c>ChromeOS</c>.</summary>
    public ReadOnlySpan<char> Os { get; init; }

    /// <summary>Browser family, such as <c>chrome</c>.</summary>
    public ReadOnlySpan<char> Browser { get; init; }

    /// <summary>ISO 3166-1 alpha-2.</summary>
    public ReadOnlySpan<char> Country { get; init; }

    /// <summary>Two letters, such as <c>EU</c>.</summary>
    public ReadOnlySpan<char> Continent { get; init; }

    /// <summary>Where the visitor's clock is; null when that is not known, or when nothing depends on it.</summary>
    public VisitorZone? Zone { get; init; }

    /// <summary>The Accept-Language header.</summary>
    public ReadOnlySpan<char> AcceptLanguage { get; init; }

    /// <summary>The Referer header.</summary>
    public ReadOnlySpan<char> Referrer { get; init; }

    /// <summary>The query string as it was sent, with or without its question mark.</summary>
    public ReadOnlySpan<char> Query { get; init; }

    /// <summary>The attributes of the evaluation context; null where there is none, as for pixel and click.</summary>
    public ContextAttributes? Attributes { get; init; }
}
