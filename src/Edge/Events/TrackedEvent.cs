namespace Edge.Events;

/// <summary>
/// One accepted fact with everything the server adds, as spans over the request's own memory: it is encoded on the spot and never
/// kept. Text members are UTF-8. An empty span, an empty string or null means unknown, and the member is left out.
/// Meanings: <c>docs/event-schema.md</c>.
/// </summary>
internal ref struct TrackedEvent
{
    public EventId Id;
    public string Node;
    public DateTimeOffset ReceivedAt;
    public string Api;
    public string Project;
    public string Type;
    public string Event;
    public ReadOnlySpan<byte> Experiment;
    public ReadOnlySpan<byte> ExperimentUid;
    public ReadOnlySpan<byte> Variant;

    /// <summary>Basis points the variant had when it was chosen; 0 when no chance was involved.</summary>
    public int ProbabilityBasisPoints;

    /// <summary>Version of the weights the choice was made with; 0 when no chance was involved.</summary>
    public int WeightsVersion;

    public ReadOnlySpan<byte> UnitHash;
    public ReadOnlySpan<byte> UnitHashPrevious;

    /// <summary>Raw bytes of the Referer header, in whatever encoding the client used.</summary>
    public ReadOnlySpan<byte> Referrer;

    /// <summary>Where the visit came from; not raw client text but words of the cascade or decoded parameters.</summary>
    public ReadOnlySpan<char> Source;

    public ReadOnlySpan<char> Medium;
    public ReadOnlySpan<char> Campaign;
    public string? SourceConfidence;
    public string? SourceRuleId;
    /// <summary>Two upper-case letters.</summary>
    public string Country;

    public ReadOnlySpan<byte> Region;
    public ReadOnlySpan<byte> City;
    public ReadOnlySpan<byte> TimeZone;
    public string DeviceType;
    public string Browser;
    public string? BrowserVersion;
    public string Os;
    public string? OsVersion;
    public string? DeviceBrand;
    public string? DeviceModel;
    public ReadOnlySpan<byte> AddressHash;
    public string Verdict;
    public string VerdictReason;
    public bool IsAuthenticated;
}
