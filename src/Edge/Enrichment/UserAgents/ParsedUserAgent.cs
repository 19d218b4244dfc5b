namespace Edge.Enrichment.UserAgents;

/// <summary>A browser or operating system as the rules name it; null where unknown.</summary>
/// <param name="Family">Never null: <see cref="ParsedUserAgent.Unknown"/> when no rule matches.</param>
internal sealed record VersionedFamily(string Family, string? Major, string? Minor, string? Patch, string? PatchMinor);

/// <summary>A device as the rules name it; null where unknown.</summary>
/// <param name="Family">Never null: <see cref="ParsedUserAgent.Unknown"/> when no rule matches.</param>
internal sealed record DeviceFamily(string Family, string? Brand, string? Model);

/// <summary>What the rules of uap-core make of one user agent.</summary>
internal sealed record ParsedUserAgent(VersionedFamily Browser, VersionedFamily Os, DeviceFamily Device)
{
    /// <summary>The family of what no rule knows (uap-core specification).</summary>
    public const string Unknown = "Other";
}
