namespace Edge.Events;

/// <summary>
/// One accepted fact with everything the server adds, as spans over the request's own memory: it is encoded on the spot
/// and never kept. Text members are UTF-8. An empty span, an empty string or null means unknown, and the member is left
/// out. Meanings: <c>docs/event-schema.md</c>.
/// </summary>
internal ref struct TrackedEvent
{
    public EventId Id;

    /// <summary>The sender's identity of the event, by which a repetition is recognised.</summary>
    public ReadOnlySpan<byte> SenderId;

    /// <summary>The event that this one corrects; null when it corrects none.</summary>
    public EventId? Corrects;

    public string Node;
    public DateTimeOffset ReceivedAt;

    /// <summary>When it happened by the sender's clock.</summary>
    public DateTimeOffset? Timestamp;

    /// <summary>When its link was sent, by the link's token.</summary>
    public DateTimeOffset? SentAt;

    public string Api;
    public string Project;

    /// <summary>The part of the project the sender's key belongs to, such as test or production.</summary>
    public string? Environment;

    /// <summary>Name of the test that it is of; empty for what people and machines do of themselves.</summary>
    public ReadOnlySpan<byte> Synthetic;

    public string Type;
    public ReadOnlySpan<byte> Event;
    public ReadOnlySpan<byte> Experiment;
    public ReadOnlySpan<byte> ExperimentUid;
    public ReadOnlySpan<byte> Variant;

    /// <summary>Basis points the variant had when it was chosen; 0 when no chance was involved.</summary>
    public int ProbabilityBasisPoints;

    /// <summary>Version of the weights the choice was made with; 0 when no chance was involved.</summary>
    public int WeightsVersion;

    public ReadOnlySpan<byte> UnitHash;
    public ReadOnlySpan<byte> UnitHashPrevious;
    public ReadOnlySpan<byte> UnitHashStable;

    /// <summary>The message that its signed link stands in: the same for all links of one message to one unit.</summary>
    public ReadOnlySpan<byte> MessageHash;

    /// <summary>
    /// Why the unit is not the one that the sender named, or why there is none; empty when it is, or none was named.
    /// </summary>
    public ReadOnlySpan<byte> UnitIgnored;

    /// <summary>Raw JSON: the experiments whose goal it reaches by its name, with the hashes of its unit in each.</summary>
    public ReadOnlySpan<byte> Goals;

    /// <summary>Where it happened: web, email, ad, in-app, social, other.</summary>
    public string? Channel;

    public ReadOnlySpan<byte> UnitKey;
    public ReadOnlySpan<byte> AnonymousId;
    public ReadOnlySpan<byte> UserId;
    public ReadOnlySpan<byte> SessionId;
    public ReadOnlySpan<byte> DecisionId;

    /// <summary>The trace that the request belongs to.</summary>
    public ReadOnlySpan<byte> TraceId;

    /// <summary>
    /// Raw JSON as it was sent, valid and without a byte order mark; written without the whitespace between its tokens.
    /// </summary>
    public ReadOnlySpan<byte> Layers;

    public ReadOnlySpan<byte> Url;
    public ReadOnlySpan<byte> Path;

    /// <summary>The referrer the sender states, or the Referer header.</summary>
    public ReadOnlySpan<byte> Referrer;

    /// <summary>
    /// Where the visit came from; not raw client text but words of the cascade or decoded parameters.
    /// </summary>
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

    /// <summary>The verdict that a correction replaces; null when it corrects none.</summary>
    public string? VerdictBefore;

    public string Verdict;
    public string VerdictReason;

    /// <summary>How sure the rule of a correction is; null when it corrects none.</summary>
    public string? VerdictCertainty;

    /// <summary>What a rule in shadow would have made of it, as <c>verdict:rule</c>.</summary>
    public string? VerdictShadow;

    public bool IsAuthenticated;

    /// <summary>Raw JSON as it was sent, like <see cref="Layers"/>.</summary>
    public ReadOnlySpan<byte> Properties;

    /// <summary>Raw JSON object of the members that have no field here, like <see cref="Layers"/>.</summary>
    public ReadOnlySpan<byte> Extra;
}
