using System.Text.Json;
using Edge.Events;

namespace Edge.Requests.Ingestion;

/// <summary>What an Artie body says: all its events, or the first thing wrong with it.</summary>
/// <param name="Events">In the order they were sent; empty when something is wrong.</param>
/// <param name="ProblemIndex">Position of the event that is wrong, from 0; null when it is the body itself.</param>
/// <param name="ProblemDetail">What is wrong; null when nothing is. Never repeats what was sent.</param>
internal sealed record ArtieReading(IReadOnlyList<ReceivedEvent> Events, int? ProblemIndex, string? ProblemDetail)
{
    /// <summary>Nothing is wrong, but there is not enough memory for all the events.</summary>
    public static readonly ArtieReading Busy = new([], null, null);
}

/// <summary>
/// Reads the bodies of Artie (spec 7): <c>event</c>, <c>properties</c> and <c>timestamp</c> are required,
/// <c>messageId</c> is not, every other member of an event is kept, unless it is named like a key or
/// an address. One invalid event refuses the whole body. Pure; never throws for input.
/// </summary>
internal static class ArtieBody
{
    /// <summary>Longest <c>messageId</c>: the duplicate window remembers it.</summary>
    public const int MessageIdCharsMax = 256;

    private const int Event = 0;
    private const int Properties = 1;
    private const int Timestamp = 2;
    private const int MessageId = 3;

    /// <summary>The first that is kept beside the event.</summary>
    private const int Context = 4;
    private const int Members = 5;

    private static readonly MemberNames Names = new("event", "properties", "timestamp", "messageId", "context");

    /// <summary>Reads an array of at least one event.</summary>
    /// <param name="body">The body.</param>
    /// <param name="longEvent">Position of an event that is known to be too long, so that it is not read; null without
    /// one.</param>
    /// <param name="reserve">Takes the memory for the events, bytes; false when there is not enough.</param>
    /// <param name="ignored">Where members are noted that are named like keys and addresses.</param>
    /// <param name="statesFacts">Whether its key may state facts of the visitors.</param>
    public static ArtieReading Read(
        ReadOnlyMemory<byte> body,
        int? longEvent = null,
        Func<long, bool>? reserve = null,
        IgnoredMembers? ignored = null,
        bool statesFacts = false
    )
    {
        if (!BodyReader.TryTrim(ref body))
        {
            return Refuse(null, BodyProblem.NotUtf8);
        }

        try
        {
            // All is checked before anything is made: a body of countless events that is refused at its end must not
            // take memory for each.
            if (FindProblem(body, longEvent, statesFacts, out var count) is { } refusal)
            {
                return refusal;
            }

            if (reserve?.Invoke((long)count * ReceivedEvent.MemoryBytes) is false)
            {
                return ArtieReading.Busy;
            }

            var reader = new BodyReader(
                body,
                Names,
                stackalloc RawValue[Members],
                new OtherMembers(Context, Context),
                ignored ?? new IgnoredMembers(known: null)
            );
            reader.Next();
            var events = new List<ReceivedEvent>(count);
            while (reader.NextElement())
            {
                FindProblem(ref reader, statesFacts, out var stated);
                events.Add(Make(ref reader, stated));
            }
            return new ArtieReading(events, null, null);
        }
        catch (JsonException)
        {
            return Refuse(null, BodyProblem.NotJson);
        }
    }

    /// <summary>Reads one event, not in an array.</summary>
    public static ArtieReading ReadSingle(
        ReadOnlyMemory<byte> body,
        IgnoredMembers? ignored = null,
        bool statesFacts = false
    )
    {
        if (!BodyReader.TryTrim(ref body))
        {
            return Refuse(null, BodyProblem.NotUtf8);
        }

        try
        {
            var reader = new BodyReader(
                body,
                Names,
                stackalloc RawValue[Members],
                new OtherMembers(Context, Context),
                ignored ?? new IgnoredMembers(known: null)
            );
            reader.Next();
            if (FindProblem(ref reader, statesFacts, out var stated) is { } problem)
            {
                return Refuse(null, problem);
            }

            var e = Make(ref reader, stated);
            reader.ReadEnd();
            return new ArtieReading([e], null, null);
        }
        catch (JsonException)
        {
            return Refuse(null, BodyProblem.NotJson);
        }
    }

    /// <summary>The refusal of the whole body, or null and how many events it holds.</summary>
    private static ArtieReading? FindProblem(
        ReadOnlyMemory<byte> body,
        int? longEvent,
        bool statesFacts,
        out int count
    )
    {
        count = 0;
        var reader = new BodyReader(body, Names, stackalloc RawValue[Members]);
        reader.Next();
        if (reader.Token != JsonTokenType.StartArray)
        {
            return Refuse(null, "the body must be an array of events");
        }

        for (; reader.NextElement(); count++)
        {
            if (FindProblem(ref reader, statesFacts, out _, isTooLong: count == longEvent) is { } problem)
            {
                return Refuse(count, problem);
            }
        }

        reader.ReadEnd();
        return count == 0 ? Refuse(null, "the body must hold at least one event") : null;
    }

    /// <summary>Reads the current event; returns what is wrong with it, or null.</summary>
    private static string? FindProblem(
        ref BodyReader reader,
        bool statesFacts,
        out Stated stated,
        bool isTooLong = false
    )
    {
        stated = default;
        if (reader.Token != JsonTokenType.StartObject)
        {
            return "an event must be an object";
        }

        if (isTooLong || !reader.TryReadObject(ReceivedEvent.BytesMax))
        {
            return BodyProblem.EventTooLarge;
        }

        var nameProblem = reader.ReadText(reader[Event], MemberText.Unlimited, out var name);
        var messageIdProblem = reader.ReadText(reader[MessageId], MessageIdCharsMax, out var messageId);
        var timestampProblem = reader.ReadInstant(reader[Timestamp], out var timestamp);
        var properties = reader[Properties];
        var facts = statesFacts ? VisitorFacts.Read(reader.Raw(reader[Context])) : default;
        stated = new Stated(name, messageId, timestamp, facts);
        if (nameProblem != TextProblem.None)
        {
            return $"event {MemberText.Describe(nameProblem, MemberText.Unlimited)}";
        }

        if (properties.IsAbsent)
        {
            return "properties is required";
        }

        if (!properties.IsObject)
        {
            return "properties must be an object";
        }

        if (timestampProblem != TextProblem.None)
        {
            return $"timestamp {MemberText.Describe(timestampProblem, MemberText.Unlimited)}";
        }

        return MemberText.IsOptional(messageIdProblem)
            ? facts.Problem
            : $"messageId {MemberText.Describe(messageIdProblem, MessageIdCharsMax)}";
    }

    /// <summary>The event read last.</summary>
    private static ReceivedEvent Make(ref BodyReader reader, in Stated stated) =>
        new()
        {
            Type = "track",
            Event = stated.Name,
            SenderId = stated.MessageId,
            Timestamp = stated.Timestamp,
            Properties = reader.Raw(reader[Properties]),
            VisitorAddress = stated.Facts.Address,
            VisitorAgent = stated.Facts.UserAgent,
            Extra = reader.Others(),
        };

    private static ArtieReading Refuse(int? index, string detail) => new([], index, detail);

    private readonly record struct Stated(
        ReadOnlyMemory<byte> Name,
        ReadOnlyMemory<byte> MessageId,
        DateTimeOffset? Timestamp,
        VisitorFacts Facts
    );
}
