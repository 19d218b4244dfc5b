namespace Edge.Enrichment.UserAgents;

/// <summary>A browser or operating system as named by the rules; null means unknown.</summary>
/// <param name="Family">Never null: <see cref="ParsedUserAgent.Unknown"/> when no rule matches.</param>
internal sealed record VersionedFamily(string Family, string? Major, string? Minor, string? Patch, string? PatchMinor);

/// <summary>A device as named by the rules; null means unknown.</summary>
/// <param name="Family">Never null: <see cref="ParsedUserAgent.Unknown"/> when no rule matches.</param>
internal sealed record DeviceFamily(string Family, string? Brand, string? Model);

/// <summary>The result of the uap-core rules for one user agent.</summary>
internal sealed record ParsedUserAgent(VersionedFamily Browser, VersionedFamily Os, DeviceFamily Device)
{
    /// <summary>The family when no rule matches (uap-core specification).</summary>
    public const string Unknown = "Other";
}
