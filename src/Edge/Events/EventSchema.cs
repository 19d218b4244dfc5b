using System.Text;
using System.Text.Json;

namespace Edge.Events;

/// <summary>What the values of a member are, for tables that have a column for it.</summary>
internal enum EventMemberKind
{
    /// <summary>The event's identity.</summary>
    Id,

    Text,

    /// <summary>A text with few different values.</summary>
    Word,

    /// <summary>A point in time every event has, to the millisecond.</summary>
    Time,

    /// <summary>A point in time some events have.</summary>
    OptionalTime,

    /// <summary>A whole number that is not negative.</summary>
    Number,

    /// <summary>A number from 0 to 1; absent when no chance was involved.</summary>
    Probability,

    Flag,

    /// <summary>An object or array as the sender sent it.</summary>
    Json,
}

/// <summary>One member of an event.</summary>
/// <param name="name">Name in the JSON object, and of the column in a table.</param>
/// <param name="kind">What its values are.</param>
/// <param name="isFirst">Whether it is the first of the object.</param>
internal sealed class EventMember(string name, EventMemberKind kind, bool isFirst)
{
    private readonly byte[] _nameAndColon = Encoding.UTF8.GetBytes((isFirst ? "{\"" : ",\"") + name + "\":");

    public string Name { get; } = name;

    public EventMemberKind Kind { get; } = kind;

    /// <summary>The name as it is written into JSON, escaped once.</summary>
    public JsonEncodedText Encoded { get; } = JsonEncodedText.Encode(name);

    /// <summary>
    /// The same with what stands around it in an event; the first member begins the object, the others follow another.
    /// </summary>
    public ReadOnlySpan<byte> NameAndColon => _nameAndColon;

    /// <summary>Whether a name read from an event is this member's.</summary>
    public bool Is(ReadOnlySpan<byte> nameUtf8) => nameUtf8.SequenceEqual(Encoded.EncodedUtf8Bytes);
}

/// <summary>
/// The members of an event, in the order they are written. The encoder, the readers and the tables of ClickHouse and
/// PostgreSQL take names, kinds and order from here; meanings are in <c>docs/event-schema.md</c>. Changing a name, the
/// order or a kind is a new <see cref="Version"/>; a new member is added where it belongs and has to be written by
/// <see cref="EventEncoder"/>.
/// </summary>
internal static class EventSchema
{
    /// <summary>Version written as <c>v</c>.</summary>
    public const int Version = 1;

    /// <summary>The values of <c>type</c>.</summary>
    public static readonly string[] Types =
    [
        "impression",
        "view",
        "click",
        "conversion",
        "exposure",
        "decision",
        "track",
        "verdict",
    ];

    // Before the members, because each adds itself.
    private static readonly List<EventMember> Members = [];

    public static readonly EventMember SchemaVersion = Add("v", EventMemberKind.Number);
    public static readonly EventMember Id = Add("id", EventMemberKind.Id);
    public static readonly EventMember SenderId = Add("event_id", EventMemberKind.Text);
    public static readonly EventMember Corrects = Add("corrects", EventMemberKind.Text);
    public static readonly EventMember Node = Add("node", EventMemberKind.Word);
    public static readonly EventMember ReceivedAt = Add("received_at", EventMemberKind.Time);
    public static readonly EventMember Timestamp = Add("timestamp", EventMemberKind.OptionalTime);
    public static readonly EventMember SentAt = Add("sent_at", EventMemberKind.OptionalTime);
    public static readonly EventMember Api = Add("api", EventMemberKind.Word);
    public static readonly EventMember Project = Add("project", EventMemberKind.Word);
    public static readonly EventMember Environment = Add("environment", EventMemberKind.Word);
    public static readonly EventMember Synthetic = Add("synthetic", EventMemberKind.Word);
    public static readonly EventMember Type = Add("type", EventMemberKind.Word);
    public static readonly EventMember Event = Add("event", EventMemberKind.Word);
    public static readonly EventMember Experiment = Add("experiment", EventMemberKind.Word);
    public static readonly EventMember ExperimentUid = Add("experiment_uid", EventMemberKind.Word);
    public static readonly EventMember Variant = Add("variant", EventMemberKind.Word);
    public static readonly EventMember Probability = Add("probability", EventMemberKind.Probability);
    public static readonly EventMember WeightsVersion = Add("weights_version", EventMemberKind.Number);
    public static readonly EventMember UnitHash = Add("unit_hash", EventMemberKind.Text);
    public static readonly EventMember UnitHashPrevious = Add("unit_hash_prev", EventMemberKind.Text);
    public static readonly EventMember UnitHashStable = Add("unit_hash_stable", EventMemberKind.Text);
    public static readonly EventMember MessageHash = Add("message_hash", EventMemberKind.Text);
    public static readonly EventMember UnitIgnored = Add("unit_ignored", EventMemberKind.Word);
    public static readonly EventMember Goals = Add("goals", EventMemberKind.Json);
    public static readonly EventMember Channel = Add("channel", EventMemberKind.Word);
    public static readonly EventMember UnitKey = Add("unit_key", EventMemberKind.Text);
    public static readonly EventMember AnonymousId = Add("anonymous_id", EventMemberKind.Text);
    public static readonly EventMember UserId = Add("user_id", EventMemberKind.Text);
    public static readonly EventMember SessionId = Add("session_id", EventMemberKind.Text);
    public static readonly EventMember DecisionId = Add("decision_id", EventMemberKind.Text);
    public static readonly EventMember TraceId = Add("trace_id", EventMemberKind.Text);
    public static readonly EventMember Layers = Add("layers", EventMemberKind.Json);
    public static readonly EventMember Url = Add("url", EventMemberKind.Text);
    public static readonly EventMember Path = Add("path", EventMemberKind.Text);
    public static readonly EventMember Referrer = Add("referrer", EventMemberKind.Text);
    public static readonly EventMember Source = Add("source", EventMemberKind.Word);
    public static readonly EventMember Medium = Add("medium", EventMemberKind.Word);
    public static readonly EventMember Campaign = Add("campaign", EventMemberKind.Word);
    public static readonly EventMember SourceConfidence = Add("source_confidence", EventMemberKind.Word);
    public static readonly EventMember SourceRuleId = Add("source_rule_id", EventMemberKind.Word);
    public static readonly EventMember Country = Add("country", EventMemberKind.Word);
    public static readonly EventMember Region = Add("region", EventMemberKind.Word);
    public static readonly EventMember City = Add("city", EventMemberKind.Word);
    public static readonly EventMember TimeZone = Add("time_zone", EventMemberKind.Word);
    public static readonly EventMember DeviceType = Add("device_type", EventMemberKind.Word);
    public static readonly EventMember Browser = Add("browser", EventMemberKind.Word);
    public static readonly EventMember BrowserVersion = Add("browser_version", EventMemberKind.Word);
    public static readonly EventMember Os = Add("os", EventMemberKind.Word);
    public static readonly EventMember OsVersion = Add("os_version", EventMemberKind.Word);
    public static readonly EventMember DeviceBrand = Add("device_brand", EventMemberKind.Word);
    public static readonly EventMember DeviceModel = Add("device_model", EventMemberKind.Word);
    public static readonly EventMember AddressHash = Add("ip_hash", EventMemberKind.Text);
    public static readonly EventMember VerdictBefore = Add("verdict_before", EventMemberKind.Word);
    public static readonly EventMember Verdict = Add("verdict", EventMemberKind.Word);
    public static readonly EventMember VerdictReason = Add("verdict_reason", EventMemberKind.Word);
    public static readonly EventMember VerdictCertainty = Add("verdict_certainty", EventMemberKind.Word);
    public static readonly EventMember VerdictShadow = Add("verdict_shadow", EventMemberKind.Word);
    public static readonly EventMember Authenticated = Add("authenticated", EventMemberKind.Flag);
    public static readonly EventMember Properties = Add("properties", EventMemberKind.Json);
    public static readonly EventMember Extra = Add("extra", EventMemberKind.Json);

    /// <summary>All members, in order.</summary>
    public static IReadOnlyList<EventMember> All => Members;

    /// <summary>
    /// Whether an event is a test's. Looks for the bytes that the encoder writes: in a text the quote has a backslash before
    /// it, and nested JSON stands behind <c>type</c>, so they can be nothing else.
    /// </summary>
    public static bool IsSynthetic(ReadOnlySpan<byte> json)
    {
        var end = json.IndexOf(Type.NameAndColon);
        return end > 0 && json[..end].IndexOf(Synthetic.NameAndColon) >= 0;
    }

    /// <summary>Name of an event's project, as the encoder writes it; empty when it has none.</summary>
    public static ReadOnlySpan<byte> ProjectOf(ReadOnlySpan<byte> json) => TextOf(json, Project);

    /// <summary>A text of an event, as the encoder writes it, escapes included; empty when it has none.</summary>
    public static ReadOnlySpan<byte> TextOf(ReadOnlySpan<byte> json, EventMember member)
    {
        var members = new EventScanner(json);
        while (members.Next())
        {
            if (member.Is(members.Name))
            {
                return members.IsText ? json[members.ValueAt] : default;
            }
        }
        return default;
    }

    private static EventMember Add(string name, EventMemberKind kind)
    {
        var member = new EventMember(name, kind, isFirst: Members.Count == 0);
        Members.Add(member);
        return member;
    }
}
