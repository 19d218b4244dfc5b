namespace Edge.Enrichment.UserAgents;

/// <summary>
/// Versions, brand and model for an event, out of what the rules say. A version is given only when the rules mean the
/// same browser or system as the normalised word: the version of an in-app browser is not that of the engine it is
/// built on. Pure.
/// </summary>
internal static class UserAgentDetails
{
    /// <summary>Characters of a value; no real version, brand or model is longer.</summary>
    public const int ValueMaxChars = 128;

    /// <summary>Brands by which the rules say that they do not know one.</summary>
    private static readonly string[] NoBrands =
    [
        "Generic",
        "Generic_Android",
        "Generic_Android_Tablet",
        "Generic_Inettv",
        "Spider",
    ];

    /// <summary>The facts with what the rules add to them.</summary>
    public static UserAgentFacts AddTo(UserAgentFacts facts, ParsedUserAgent parsed)
    {
        var isSameBrowser =
            facts.Browser.Length > 0
            && parsed.Browser.Family.Contains(facts.Browser, StringComparison.OrdinalIgnoreCase);
        var hasBrand = parsed.Device.Brand is not null && !NoBrands.Contains(parsed.Device.Brand);
        return facts with
        {
            BrowserVersion = isSameBrowser ? VersionOf(parsed.Browser) : "",
            OsVersion = IsSameSystem(facts.Os, parsed.Os.Family) ? VersionOf(parsed.Os) : "",
            DeviceBrand = hasBrand ? Bound(parsed.Device.Brand) : "",
            DeviceModel = hasBrand ? Bound(parsed.Device.Model) : "",
        };
    }

    private static bool IsSameSystem(string os, string family) =>
        os switch
        {
            "windows" => family == "Windows",
            "macos" => family is "Mac OS X" or "macOS",
            "ios" => family == "iOS",
            "android" => family == "Android",
            "chromeos" => family == "Chrome OS",
            "linux" => family == "Linux",
            _ => false,
        };

    /// <summary>Up to three numbers, as far as they are known.</summary>
    private static string VersionOf(VersionedFamily family) =>
        Bound(
            family switch
            {
                { Major: null } => "",
                { Minor: null } => family.Major,
                { Patch: null } => $"{family.Major}.{family.Minor}",
                _ => $"{family.Major}.{family.Minor}.{family.Patch}",
            }
        );

    private static string Bound(string? value) => value is { Length: <= ValueMaxChars } ? value : "";
}
