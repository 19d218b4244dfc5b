using System.Text.Encodings.Web;
using System.Text.Json;
using Edge.Formats;

namespace Edge.Events;

/// <summary>
/// The only writer of events: one JSON object without a line feed, members in the order of <see cref="EventSchema"/>,
/// never re-serialised afterwards. Changing a name, the order or a format is a new schema version
/// (<c>docs/event-schema.md</c>, golden tests). Every thread has a buffer and a writer of its own; allocates nothing
/// once they are warm.
/// </summary>
internal static class EventEncoder
{
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
        writer.WriteNumber(EventSchema.SchemaVersion.Encoded, EventSchema.Version);
        WriteId(writer, e.Id);
        WriteText(writer, EventSchema.SenderId, e.SenderId);
        WriteText(writer, EventSchema.Node, e.Node);
        WriteTime(writer, EventSchema.ReceivedAt, e.ReceivedAt);
        if (e.Timestamp is { } timestamp)
        {
            WriteTime(writer, EventSchema.Timestamp, timestamp);
        }

        WriteText(writer, EventSchema.Api, e.Api);
        WriteText(writer, EventSchema.Project, e.Project);
        WriteText(writer, EventSchema.Environment, e.Environment);
        WriteText(writer, EventSchema.Type, e.Type);
        WriteText(writer, EventSchema.Event, e.Event);
        WriteText(writer, EventSchema.Experiment, e.Experiment);
        WriteText(writer, EventSchema.ExperimentUid, e.ExperimentUid);
        WriteText(writer, EventSchema.Variant, e.Variant);
        if (e.ProbabilityBasisPoints > 0)
        {
            writer.WriteNumber(EventSchema.Probability.Encoded, e.ProbabilityBasisPoints / (decimal)BasisPoints.Whole);
        }

        if (e.WeightsVersion > 0)
        {
            writer.WriteNumber(EventSchema.WeightsVersion.Encoded, e.WeightsVersion);
        }

        WriteText(writer, EventSchema.UnitHash, e.UnitHash);
        WriteText(writer, EventSchema.UnitHashPrevious, e.UnitHashPrevious);
        WriteText(writer, EventSchema.UnitHashStable, e.UnitHashStable);
        WriteText(writer, EventSchema.UnitIgnored, e.UnitIgnored);
        WriteRaw(writer, EventSchema.Goals, e.Goals);
        WriteText(writer, EventSchema.Channel, e.Channel);
        WriteText(writer, EventSchema.UnitKey, e.UnitKey);
        WriteText(writer, EventSchema.AnonymousId, e.AnonymousId);
        WriteText(writer, EventSchema.UserId, e.UserId);
        WriteText(writer, EventSchema.SessionId, e.SessionId);
        WriteText(writer, EventSchema.DecisionId, e.DecisionId);
        WriteRaw(writer, EventSchema.Layers, e.Layers);
        WriteText(writer, EventSchema.Url, e.Url);
        WriteText(writer, EventSchema.Path, e.Path);
        WriteText(writer, EventSchema.Referrer, e.Referrer);
        WriteText(writer, EventSchema.Source, e.Source);
        WriteText(writer, EventSchema.Medium, e.Medium);
        WriteText(writer, EventSchema.Campaign, e.Campaign);
        WriteText(writer, EventSchema.SourceConfidence, e.SourceConfidence);
        WriteText(writer, EventSchema.SourceRuleId, e.SourceRuleId);
        WriteText(writer, EventSchema.Country, e.Country);
        WriteText(writer, EventSchema.Region, e.Region);
        WriteText(writer, EventSchema.City, e.City);
        WriteText(writer, EventSchema.TimeZone, e.TimeZone);
        WriteText(writer, EventSchema.DeviceType, e.DeviceType);
        WriteText(writer, EventSchema.Browser, e.Browser);
        WriteText(writer, EventSchema.BrowserVersion, e.BrowserVersion);
        WriteText(writer, EventSchema.Os, e.Os);
        WriteText(writer, EventSchema.OsVersion, e.OsVersion);
        WriteText(writer, EventSchema.DeviceBrand, e.DeviceBrand);
        WriteText(writer, EventSchema.DeviceModel, e.DeviceModel);
        WriteText(writer, EventSchema.AddressHash, e.AddressHash);
        WriteText(writer, EventSchema.Verdict, e.Verdict);
        WriteText(writer, EventSchema.VerdictReason, e.VerdictReason);
        WriteText(writer, EventSchema.VerdictShadow, e.VerdictShadow);
        writer.WriteBoolean(EventSchema.Authenticated.Encoded, e.IsAuthenticated);
        WriteRaw(writer, EventSchema.Properties, e.Properties);
        WriteRaw(writer, EventSchema.Extra, e.Extra);
        writer.WriteEndObject();
        writer.Flush();
        return buffer.Record;
    }

    private static void WriteId(Utf8JsonWriter writer, EventId id)
    {
        Span<byte> text = stackalloc byte[EventId.TextChars];
        id.WriteText(text);
        writer.WriteString(EventSchema.Id.Encoded, text);
    }

    private static void WriteTime(Utf8JsonWriter writer, EventMember member, DateTimeOffset time)
    {
        Span<byte> text = stackalloc byte[Timestamp.OutputChars];
        Timestamp.Write(time, text);
        writer.WriteString(member.Encoded, text);
    }

    private static void WriteText(Utf8JsonWriter writer, EventMember member, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            writer.WriteString(member.Encoded, value);
        }
    }

    private static void WriteText(Utf8JsonWriter writer, EventMember member, ReadOnlySpan<char> value)
    {
        if (!value.IsEmpty)
        {
            writer.WriteString(member.Encoded, value);
        }
    }

    private static void WriteText(Utf8JsonWriter writer, EventMember member, ReadOnlySpan<byte> value)
    {
        if (!value.IsEmpty)
        {
            writer.WriteString(member.Encoded, value);
        }
    }

    /// <summary>
    /// JSON a client sent, its numbers and escapes byte for byte. A line feed can stand only between its tokens, so
    /// none is left.
    /// </summary>
    private static void WriteRaw(Utf8JsonWriter writer, EventMember member, ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty)
        {
            return;
        }

        writer.WritePropertyName(member.Encoded);
        writer.WriteRawValue(CompactJson.Of(json), skipInputValidation: true);
    }
}
