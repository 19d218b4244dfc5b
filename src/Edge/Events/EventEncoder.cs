using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;

namespace Edge.Events;

/// <summary>
/// The only writer of events: one JSON object without a line feed, members in the documented order, never re-serialised afterwards.
/// Changing a name, the order or a format is a new schema version (<c>docs/event-schema.md</c>, golden tests). One instance per
/// thread; allocates nothing once warm.
/// </summary>
internal sealed class EventEncoder
{
    /// <summary>Version written as <c>v</c>.</summary>
    public const int SchemaVersion = 1;

    private const int TimestampChars = 24;

    [ThreadStatic]
    private static EventEncoder? _ofThread;

    // The output is data, never spliced into HTML, so only what JSON itself requires is escaped.
    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    private readonly RecordBuffer _buffer = new();
    private readonly Utf8JsonWriter _writer;

    private EventEncoder() => _writer = new Utf8JsonWriter(_buffer, WriterOptions);

    /// <summary>The encoder of the calling thread.</summary>
    public static EventEncoder OfThread => _ofThread ??= new EventEncoder();

    /// <summary>
    /// Encodes the event after <paramref name="room"/> free bytes. The span is valid until the next call on this thread.
    /// </summary>
    public Span<byte> Encode(scoped in TrackedEvent e, int room)
    {
        _buffer.Reset(room);
        _writer.Reset(_buffer);
        _writer.WriteStartObject();
        _writer.WriteNumber(Names.Version, SchemaVersion);
        WriteId(e.Id);
        WriteText(Names.Node, e.Node);
        WriteTime(Names.ReceivedAt, e.ReceivedAt);
        WriteText(Names.Api, e.Api);
        WriteText(Names.Project, e.Project);
        WriteText(Names.Type, e.Type);
        WriteText(Names.Event, e.Event);
        WriteText(Names.Experiment, e.Experiment);
        WriteText(Names.ExperimentUid, e.ExperimentUid);
        WriteText(Names.Variant, e.Variant);
        if (e.ProbabilityBasisPoints > 0) _writer.WriteNumber(Names.Probability, e.ProbabilityBasisPoints / 10_000m);
        if (e.WeightsVersion > 0) _writer.WriteNumber(Names.WeightsVersion, e.WeightsVersion);
        WriteText(Names.UnitHash, e.UnitHash);
        WriteText(Names.UnitHashPrevious, e.UnitHashPrevious);
        WriteForeignText(Names.Referrer, e.Referrer);
        WriteText(Names.DeviceType, e.DeviceType);
        WriteText(Names.Browser, e.Browser);
        WriteText(Names.Os, e.Os);
        WriteText(Names.AddressHash, e.AddressHash);
        WriteText(Names.Verdict, e.Verdict);
        WriteText(Names.VerdictReason, e.VerdictReason);
        _writer.WriteBoolean(Names.Authenticated, e.IsAuthenticated);
        _writer.WriteEndObject();
        _writer.Flush();
        return _buffer.Record;
    }

    private void WriteId(EventId id)
    {
        Span<byte> text = stackalloc byte[EventId.TextChars];
        id.WriteText(text);
        _writer.WriteString(Names.Id, text);
    }

    private void WriteTime(JsonEncodedText name, DateTimeOffset time)
    {
        Span<byte> text = stackalloc byte[TimestampChars];
        time.UtcDateTime.TryFormat(text, out var written, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        _writer.WriteString(name, text[..written]);
    }

    private void WriteText(JsonEncodedText name, string? value)
    {
        if (!string.IsNullOrEmpty(value)) _writer.WriteString(name, value);
    }

    private void WriteText(JsonEncodedText name, ReadOnlySpan<byte> value)
    {
        if (!value.IsEmpty) _writer.WriteString(name, value);
    }

    /// <summary>Bytes a client sent: UTF-8 when they are valid UTF-8, else each byte is the Latin-1 character it would have meant.</summary>
    private void WriteForeignText(JsonEncodedText name, ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty || Utf8.IsValid(value))
        {
            WriteText(name, value);
            return;
        }
        Span<char> latin1 = stackalloc char[ForeignTextMaxBytes];
        value = value[..Math.Min(value.Length, ForeignTextMaxBytes)];
        for (var i = 0; i < value.Length; i++) latin1[i] = (char)value[i];
        _writer.WriteString(name, latin1[..value.Length]);
    }

    /// <summary>Longest client text that is kept; the reader of the header cuts at the same length.</summary>
    public const int ForeignTextMaxBytes = 2_048;

    /// <summary>Member names, escaped once.</summary>
    private static class Names
    {
        public static readonly JsonEncodedText Version = Name("v");
        public static readonly JsonEncodedText Id = Name("id");
        public static readonly JsonEncodedText Node = Name("node");
        public static readonly JsonEncodedText ReceivedAt = Name("received_at");
        public static readonly JsonEncodedText Api = Name("api");
        public static readonly JsonEncodedText Project = Name("project");
        public static readonly JsonEncodedText Type = Name("type");
        public static readonly JsonEncodedText Event = Name("event");
        public static readonly JsonEncodedText Experiment = Name("experiment");
        public static readonly JsonEncodedText ExperimentUid = Name("experiment_uid");
        public static readonly JsonEncodedText Variant = Name("variant");
        public static readonly JsonEncodedText Probability = Name("probability");
        public static readonly JsonEncodedText WeightsVersion = Name("weights_version");
        public static readonly JsonEncodedText UnitHash = Name("unit_hash");
        public static readonly JsonEncodedText UnitHashPrevious = Name("unit_hash_prev");
        public static readonly JsonEncodedText Referrer = Name("referrer");
        public static readonly JsonEncodedText DeviceType = Name("device_type");
        public static readonly JsonEncodedText Browser = Name("browser");
        public static readonly JsonEncodedText Os = Name("os");
        public static readonly JsonEncodedText AddressHash = Name("ip_hash");
        public static readonly JsonEncodedText Verdict = Name("verdict");
        public static readonly JsonEncodedText VerdictReason = Name("verdict_reason");
        public static readonly JsonEncodedText Authenticated = Name("authenticated");

        private static JsonEncodedText Name(string text) => JsonEncodedText.Encode(text);
    }
}
