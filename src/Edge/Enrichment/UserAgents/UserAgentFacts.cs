using Edge.Enrichment.Verdicts;

namespace Edge.Enrichment.UserAgents;

/// <summary>
/// The facts derived from the user agent alone, normalised (spec 6.6). Empty text means unknown and is omitted from the
/// event. Immutable; shared by all requests with the same user agent.
/// </summary>
internal sealed record UserAgentFacts(string DeviceType, string Browser, string Os)
{
    /// <summary>The verdict rules that the user agent satisfies; null when that could not be determined.</summary>
    public AgentRules? VerdictRules { get; init; }

    public string BrowserVersion { get; init; } = "";

    public string OsVersion { get; init; } = "";

    public string DeviceBrand { get; init; } = "";

    public string DeviceModel { get; init; } = "";

    /// <summary>Derives the facts from a user agent, given as the header with one byte per char.</summary>
    public static UserAgentFacts Read(ReadOnlySpan<char> userAgent) =>
        userAgent.IsEmpty ? new("", "", "") : new(DeviceOf(userAgent), BrowserOf(userAgent), OsOf(userAgent));

    // The order matters: later browsers are named in the user agents of earlier ones.
    private static string BrowserOf(ReadOnlySpan<char> ua) =>
        Has(ua, "Edg/") || Has(ua, "EdgA") || Has(ua, "EdgiOS") || Has(ua, "Edge/") ? "edge"
        : Has(ua, "OPR/") || Has(ua, "Opera") ? "opera"
        : Has(ua, "Firefox/") || Has(ua, "FxiOS") ? "firefox"
        : Has(ua, "Chrome/") || Has(ua, "CriOS") ? "chrome"
        : Has(ua, "Safari/") && Has(ua, "Version/") ? "safari"
        : "";

    private static string OsOf(ReadOnlySpan<char> ua) =>
        Has(ua, "Android") ? "android"
        : Has(ua, "iPhone") || Has(ua, "iPad") || Has(ua, "iPod") ? "ios"
        : Has(ua, "Windows") ? "windows"
        : Has(ua, "Mac OS X") || Has(ua, "Macintosh") ? "macos"
        : Has(ua, "CrOS") ? "chromeos"
        : Has(ua, "Linux") ? "linux"
        : "";

    private static string DeviceOf(ReadOnlySpan<char> ua) =>
        Has(ua, "iPad")
        || Has(ua, "Tablet")
        || Has(ua, "Kindle")
        || Has(ua, "Silk")
        || (Has(ua, "Android") && !Has(ua, "Mobile"))
            ? "tablet"
        : Has(ua, "Mobile") || Has(ua, "iPhone") || Has(ua, "iPod") ? "mobile"
        : "desktop";

    private static bool Has(ReadOnlySpan<char> ua, string token) => ua.Contains(token, StringComparison.Ordinal);
}
