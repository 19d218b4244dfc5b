using System.Text.Json;
using Edge.Events;

namespace Edge.Requests.Ingestion;

/// <summary>What the key of a Traffical request is bound to.</summary>
/// <param name="Organization">Null when the key is bound to none, so events may name any.</param>
/// <param name="Project">The project events belong to.</param>
/// <param name="Environment">Null when the key is bound to none, so events may name any.</param>
/// <param name="BucketCount">Buckets of the project; 0 when they are not enforced.</param>
/// <param name="StatesFacts">Whether its events may state facts of their visitors.</param>
internal sealed record TrafficalScope(
    string? Organization,
    string Project,
    string? Environment,
    int BucketCount,
    bool StatesFacts = false
);

/// <summary>What a Traffical body says.</summary>
/// <param name="Refusal">Why the whole body is refused; null when it is not.</param>
/// <param name="Events">The valid events, in the order they were sent.</param>
/// <param name="Errors">The invalid ones, in the same order.</param>
internal sealed record TrafficalReading(
    string? Refusal,
    IReadOnlyList<ReceivedEvent> Events,
    IReadOnlyList<EventError> Errors
);

/// <summary>
/// Reads the body of Traffical (spec 5.3): an object whose <c>events</c> holds 1 to 1000 events. An invalid event is
/// reported and leaves those around it alone; what an event must be is <see cref="TrafficalEvent"/>. Pure; never throws
/// for input.
/// </summary>
internal static class TrafficalBody
{
    /// <summary>Most events of one body.</summary>
    public const int EventsMax = 1_000;

    /// <summary>The published sentence for every body that is JSON but not what it must be.</summary>
    public const string NoEvents = "events must be a non-empty array (max 1000)";

    public const string InvalidJson = "Invalid JSON body";

    private static readonly MemberNames BodyNames = new("events");

    /// <param name="body">The body.</param>
    /// <param name="scope">What its key is bound to.</param>
    /// <param name="ignored">Where members of events are noted that the API does not know.</param>
    public static TrafficalReading Read(
        ReadOnlyMemory<byte> body,
        TrafficalScope scope,
        IgnoredMembers? ignored = null
    )
    {
        if (!BodyReader.TryTrim(ref body))
        {
            return Refuse(InvalidJson);
        }

        try
        {
            // First the place of the array, because of two members called events the last wins; then its elements,
            // once.
            var envelope = new BodyReader(body, BodyNames, stackalloc RawValue[1]);
            envelope.Next();
            var isObject = envelope.Token == JsonTokenType.StartObject;
            if (isObject)
            {
                envelope.ReadObject();
            }
            else
            {
                envelope.ReadValue();
            }

            envelope.ReadEnd();
            ignored ??= new IgnoredMembers(TrafficalEvent.Names);
            if (envelope.HasRepeated)
            {
                ignored.NoteRepeated(BodyNames[0]);
            }

            return isObject && envelope[0].IsArray
                ? ReadEvents(envelope.Raw(envelope[0]), scope, ignored)
                : Refuse(NoEvents);
        }
        catch (JsonException)
        {
            return Refuse(InvalidJson);
        }
    }

    private static TrafficalReading ReadEvents(
        ReadOnlyMemory<byte> array,
        TrafficalScope scope,
        IgnoredMembers ignored
    )
    {
        var reader = new BodyReader(
            array,
            TrafficalEvent.Names,
            stackalloc RawValue[TrafficalEvent.Members],
            new OtherMembers(TrafficalEvent.Placed, TrafficalEvent.Context),
            ignored
        );
        var events = new List<ReceivedEvent>();
        List<EventError>? errors = null;
        reader.Next();
        for (var index = 0; reader.NextElement(); index++)
        {
            if (index == EventsMax)
            {
                return Refuse(NoEvents);
            }

            if (TrafficalEvent.Read(ref reader, scope, out var e) is { } error)
            {
                (errors ??= []).Add(new EventError(index, error));
            }
            else
            {
                events.Add(e!);
            }
        }
        return events.Count == 0 && errors is null
            ? Refuse(NoEvents)
            : new TrafficalReading(null, events, errors is null ? [] : errors);
    }

    private static TrafficalReading Refuse(string message) => new(message, [], []);
}
