namespace Edge.Enrichment.UserAgents;

/// <summary>
/// Derives versions, brand and model for an event from the result of the rules. A version is used only when the rules
/// name the same browser or system as the normalised one, because the version of an in-app browser is not that of its
/// engine. Pure.
/// </summary>
internal static class UserAgentDetails
{
    /// <summary>Longest value, characters; no real version, brand or model is longer.</summary>
    public const int ValueMaxChars = 128;

    /// <summary>Placeholder brands that the rules use for unknown brands.</summary>
    private static readonly string[] NoBrands =
    [
        "Generic",
        "Generic_Android",
        "Generic_Android_Tablet",
        "Generic_Inettv",
        "Spider",
    ];

    /// <summary>The facts with the details added.</summary>
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

    /// <summary>Up to three version numbers, as far as known.</summary>
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
