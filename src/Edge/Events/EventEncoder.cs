using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Edge.Formats;

namespace Edge.Events;

/// <summary>
/// The only writer of events: one JSON object without a line feed, members in the documented order, never re-serialised
/// afterwards. Changing a name, the order or a format is a new schema version (<c>docs/event-schema.md</c>, golden
/// tests). Every thread has a buffer and a writer of its own; allocates nothing once they are warm.
/// </summary>
internal static class EventEncoder
{
    /// <summary>Version written as <c>v</c>.</summary>
    public const int SchemaVersion = 1;

    private const int TimestampChars = 24;

    // The output is data, never spliced into HTML, so only what JSON itself requires is escaped.
    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    [ThreadStatic]
    private static RecordBuffer? _bufferOfThread;

    [ThreadStatic]
    private static Utf8JsonWriter? _writerOfThread;

    /// <summary>
    /// Encodes the event after <paramref name="room"/> free bytes. The span is valid until the next call on this
    /// thread.
    /// </summary>
    public static Span<byte> Encode(scoped in TrackedEvent e, int room)
    {
        var buffer = _bufferOfThread ??= new RecordBuffer();
        var writer = _writerOfThread ??= new Utf8JsonWriter(buffer, WriterOptions);
        buffer.Reset(room);
        writer.Reset(buffer);
        writer.WriteStartObject();
        writer.WriteNumber(Names.Version, SchemaVersion);
        WriteId(writer, e.Id);
        WriteText(writer, Names.SenderId, e.SenderId);
        WriteText(writer, Names.Node, e.Node);
        WriteTime(writer, Names.ReceivedAt, e.ReceivedAt);
        if (e.Timestamp is { } timestamp)
        {
            WriteTime(writer, Names.Timestamp, timestamp);
        }

        WriteText(writer, Names.Api, e.Api);
        WriteText(writer, Names.Project, e.Project);
        WriteText(writer, Names.Environment, e.Environment);
        WriteText(writer, Names.Type, e.Type);
        WriteText(writer, Names.Event, e.Event);
        WriteText(writer, Names.Experiment, e.Experiment);
        WriteText(writer, Names.ExperimentUid, e.ExperimentUid);
        WriteText(writer, Names.Variant, e.Variant);
        if (e.ProbabilityBasisPoints > 0)
        {
            writer.WriteNumber(Names.Probability, e.ProbabilityBasisPoints / 10_000m);
        }

        if (e.WeightsVersion > 0)
        {
            writer.WriteNumber(Names.WeightsVersion, e.WeightsVersion);
        }

        WriteText(writer, Names.UnitHash, e.UnitHash);
        WriteText(writer, Names.UnitHashPrevious, e.UnitHashPrevious);
        WriteText(writer, Names.Channel, e.Channel);
        WriteText(writer, Names.UnitKey, e.UnitKey);
        WriteText(writer, Names.AnonymousId, e.AnonymousId);
        WriteText(writer, Names.UserId, e.UserId);
        WriteText(writer, Names.SessionId, e.SessionId);
        WriteText(writer, Names.DecisionId, e.DecisionId);
        WriteRaw(writer, Names.Layers, e.Layers);
        WriteText(writer, Names.Url, e.Url);
        WriteText(writer, Names.Path, e.Path);
        WriteForeignText(writer, Names.Referrer, e.Referrer);
        WriteText(writer, Names.Source, e.Source);
        WriteText(writer, Names.Medium, e.Medium);
        WriteText(writer, Names.Campaign, e.Campaign);
        WriteText(writer, Names.SourceConfidence, e.SourceConfidence);
        WriteText(writer, Names.SourceRuleId, e.SourceRuleId);
        WriteText(writer, Names.Country, e.Country);
        WriteText(writer, Names.Region, e.Region);
        WriteText(writer, Names.City, e.City);
        WriteText(writer, Names.TimeZone, e.TimeZone);
        WriteText(writer, Names.DeviceType, e.DeviceType);
        WriteText(writer, Names.Browser, e.Browser);
        WriteText(writer, Names.BrowserVersion, e.BrowserVersion);
        WriteText(writer, Names.Os, e.Os);
        WriteText(writer, Names.OsVersion, e.OsVersion);
        WriteText(writer, Names.DeviceBrand, e.DeviceBrand);
        WriteText(writer, Names.DeviceModel, e.DeviceModel);
        WriteText(writer, Names.AddressHash, e.AddressHash);
        WriteText(writer, Names.Verdict, e.Verdict);
        WriteText(writer, Names.VerdictReason, e.VerdictReason);
        WriteText(writer, Names.VerdictShadow, e.VerdictShadow);
        writer.WriteBoolean(Names.Authenticated, e.IsAuthenticated);
        WriteRaw(writer, Names.Properties, e.Properties);
        WriteRaw(writer, Names.Extra, e.Extra);
        writer.WriteEndObject();
        writer.Flush();
        return buffer.Record;
    }

    private static void WriteId(Utf8JsonWriter writer, EventId id)
    {
        Span<byte> text = stackalloc byte[EventId.TextChars];
        id.WriteText(text);
        writer.WriteString(Names.Id, text);
    }

    private static void WriteTime(Utf8JsonWriter writer, JsonEncodedText name, DateTimeOffset time)
    {
        Span<byte> text = stackalloc byte[TimestampChars];
        time.UtcDateTime.TryFormat(text, out var written, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        writer.WriteString(name, text[..written]);
    }

    private static void WriteText(Utf8JsonWriter writer, JsonEncodedText name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            writer.WriteString(name, value);
        }
    }

    private static void WriteText(Utf8JsonWriter writer, JsonEncodedText name, ReadOnlySpan<char> value)
    {
        if (!value.IsEmpty)
        {
            writer.WriteString(name, value);
        }
    }

    private static void WriteText(Utf8JsonWriter writer, JsonEncodedText name, ReadOnlySpan<byte> value)
    {
        if (!value.IsEmpty)
        {
            writer.WriteString(name, value);
        }
    }

    /// <summary>
    /// JSON a client sent, its numbers and escapes byte for byte. A line feed can stand only between its tokens, so
    /// none is left.
    /// </summary>
    private static void WriteRaw(Utf8JsonWriter writer, JsonEncodedText name, ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty)
        {
            return;
        }

        writer.WritePropertyName(name);
        writer.WriteRawValue(CompactJson.Of(json), skipInputValidation: true);
    }

    /// <summary>
    /// Bytes a client sent: UTF-8 when they are valid UTF-8, else each byte is the Latin-1 character it would have
    /// meant.
    /// </summary>
    private static void WriteForeignText(Utf8JsonWriter writer, JsonEncodedText name, ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty || Utf8.IsValid(value))
        {
            WriteText(writer, name, value);
            return;
        }
        Span<char> latin1 = stackalloc char[ForeignTextMaxBytes];
        value = value[..Math.Min(value.Length, ForeignTextMaxBytes)];
        for (var i = 0; i < value.Length; i++)
        {
            latin1[i] = (char)value[i];
        }

        writer.WriteString(name, latin1[..value.Length]);
    }

    /// <summary>Longest client text that is kept; the reader of the header cuts at the same length.</summary>
    public const int ForeignTextMaxBytes = 2_048;

    /// <summary>Member names, escaped once.</summary>
    private static class Names
    {
        public static readonly JsonEncodedText Version = Name("v");
        public static readonly JsonEncodedText Id = Name("id");
        public static readonly JsonEncodedText SenderId = Name("event_id");
        public static readonly JsonEncodedText Node = Name("node");
        public static readonly JsonEncodedText ReceivedAt = Name("received_at");
        public static readonly JsonEncodedText Timestamp = Name("timestamp");
        public static readonly JsonEncodedText Api = Name("api");
        public static readonly JsonEncodedText Project = Name("project");
        public static readonly JsonEncodedText Environment = Name("environment");
        public static readonly JsonEncodedText Type = Name("type");
        public static readonly JsonEncodedText Event = Name("event");
        public static readonly JsonEncodedText Experiment = Name("experiment");
        public static readonly JsonEncodedText ExperimentUid = Name("experiment_uid");
        public static readonly JsonEncodedText Variant = Name("variant");
        public static readonly JsonEncodedText Probability = Name("probability");
        public static readonly JsonEncodedText WeightsVersion = Name("weights_version");
        public static readonly JsonEncodedText UnitHash = Name("unit_hash");
        public static readonly JsonEncodedText UnitHashPrevious = Name("unit_hash_prev");
        public static readonly JsonEncodedText Channel = Name("channel");
        public static readonly JsonEncodedText UnitKey = Name("unit_key");
        public static readonly JsonEncodedText AnonymousId = Name("anonymous_id");
        public static readonly JsonEncodedText UserId = Name("user_id");
        public static readonly JsonEncodedText SessionId = Name("session_id");
        public static readonly JsonEncodedText DecisionId = Name("decision_id");
        public static readonly JsonEncodedText Layers = Name("layers");
        public static readonly JsonEncodedText Url = Name("url");
        public static readonly JsonEncodedText Path = Name("path");
        public static readonly JsonEncodedText Referrer = Name("referrer");
        public static readonly JsonEncodedText Source = Name("source");
        public static readonly JsonEncodedText Medium = Name("medium");
        public static readonly JsonEncodedText Campaign = Name("campaign");
        public static readonly JsonEncodedText SourceConfidence = Name("source_confidence");
        public static readonly JsonEncodedText SourceRuleId = Name("source_rule_id");
        public static readonly JsonEncodedText Country = Name("country");
        public static readonly JsonEncodedText Region = Name("region");
        public static readonly JsonEncodedText City = Name("city");
        public static readonly JsonEncodedText TimeZone = Name("time_zone");
        public static readonly JsonEncodedText DeviceType = Name("device_type");
        public static readonly JsonEncodedText Browser = Name("browser");
        public static readonly JsonEncodedText BrowserVersion = Name("browser_version");
        public static readonly JsonEncodedText Os = Name("os");
        public static readonly JsonEncodedText OsVersion = Name("os_version");
        public static readonly JsonEncodedText DeviceBrand = Name("device_brand");
        public static readonly JsonEncodedText DeviceModel = Name("device_model");
        public static readonly JsonEncodedText AddressHash = Name("ip_hash");
        public static readonly JsonEncodedText Verdict = Name("verdict");
        public static readonly JsonEncodedText VerdictReason = Name("verdict_reason");
        public static readonly JsonEncodedText VerdictShadow = Name("verdict_shadow");
        public static readonly JsonEncodedText Authenticated = Name("authenticated");
        public static readonly JsonEncodedText Properties = Name("properties");
        public static readonly JsonEncodedText Extra = Name("extra");

        private static JsonEncodedText Name(string text) => JsonEncodedText.Encode(text);
    }
}
