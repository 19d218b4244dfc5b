using System.Text.Json;
using Edge.Events;

namespace Edge.Requests.Ingestion;

/// <summary>
/// Reads the bodies of Artie (spec 7): <c>event</c>, <c>properties</c> and <c>timestamp</c> are required, <c>messageId</c> is not, every
/// other member of an event is kept. One invalid event refuses the whole body. Pure; never throws for input.
/// </summary>
internal static class ArtieBody
{
    /// <summary>Longest <c>messageId</c>: the duplicate window remembers it.</summary>
    public const int MessageIdCharsMax = 256;

    private const int Event = 0;
    private const int Properties = 1;
    private const int Timestamp = 2;
    private const int MessageId = 3;
    private const int Members = 4;

    private static readonly MemberNames Names = new("event", "properties", "timestamp", "messageId");

    /// <summary>Reads an array of at least one event.</summary>
    public static ArtieReading Read(ReadOnlyMemory<byte> body)
    {
        if (!BodyReader.TryTrim(ref body)) return Refuse(null, BodyProblem.NotUtf8);
        try
        {
            var reader = new BodyReader(body, Names, stackalloc RawValue[Members], new OtherMembers(Members));
            reader.Next();
            if (reader.Token != JsonTokenType.StartArray) return Refuse(null, "the body must be an array of events");
            var events = new List<ReceivedEvent>();
            while (reader.NextElement())
            {
                if (!TryReadEvent(ref reader, out var e, out var problem)) return Refuse(events.Count, problem);
                events.Add(e);
            }
            reader.ReadEnd();
            return events.Count == 0 ? Refuse(null, "the body must hold at least one event") : new ArtieReading(events, null, null);
        }
        catch (JsonException)
        {
            return Refuse(null, BodyProblem.NotJson);
        }
    }

    /// <summary>Reads one event, not in an array.</summary>
    public static ArtieReading ReadSingle(ReadOnlyMemory<byte> body)
    {
        if (!BodyReader.TryTrim(ref body)) return Refuse(null, BodyProblem.NotUtf8);
        try
        {
            var reader = new BodyReader(body, Names, stackalloc RawValue[Members], new OtherMembers(Members));
            reader.Next();
            if (!TryReadEvent(ref reader, out var e, out var problem)) return Refuse(null, problem);
            reader.ReadEnd();
            return new ArtieReading([e], null, null);
        }
        catch (JsonException)
        {
            return Refuse(null, BodyProblem.NotJson);
        }
    }

    private static bool TryReadEvent(ref BodyReader reader, out ReceivedEvent e, out string problem)
    {
        e = null!;
        problem = "";
        if (reader.Token != JsonTokenType.StartObject)
        {
            problem = "an event must be an object";
            return false;
        }
        reader.ReadObject();
        var nameProblem = reader.ReadText(reader[Event], MemberText.Unlimited, out var name);
        var messageIdProblem = reader.ReadText(reader[MessageId], MessageIdCharsMax, out var messageId);
        var timestampProblem = reader.ReadInstant(reader[Timestamp], out var timestamp);
        var properties = reader[Properties];
        if (reader.Object.Length > ReceivedEvent.BytesMax) problem = BodyProblem.EventTooLarge;
        else if (nameProblem != TextProblem.None) problem = $"event {MemberText.Describe(nameProblem, MemberText.Unlimited)}";
        else if (properties.IsAbsent) problem = "properties is required";
        else if (!properties.IsObject) problem = "properties must be an object";
        else if (timestampProblem != TextProblem.None) problem = $"timestamp {MemberText.Describe(timestampProblem, MemberText.Unlimited)}";
        else if (!MemberText.IsOptional(messageIdProblem))
            problem = $"messageId {MemberText.Describe(messageIdProblem, MessageIdCharsMax)}";
        if (problem.Length > 0) return false;
        e = new ReceivedEvent
        {
            Type = "track",
            Event = name,
            SenderId = messageId,
            Timestamp = timestamp,
            Properties = reader.Raw(properties),
            Extra = reader.Others(),
        };
        return true;
    }

    private static ArtieReading Refuse(int? index, string detail) => new([], index, detail);
}
