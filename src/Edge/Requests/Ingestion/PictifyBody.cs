using System.Text.Json;
using Edge.Events;
using Edge.Formats;

namespace Edge.Requests.Ingestion;

/// <summary>One element of a Pictify body; exactly one of event and error is there.</summary>
/// <param name="Index">Its position, from 0.</param>
/// <param name="Event">What it says.</param>
/// <param name="Error">What is wrong with it.</param>
/// <param name="WriteKey">The key it carries, a secret that must reach no event and no message; null without
/// one.</param>
/// <param name="IsFromSdk">Whether it says that it comes from the SDK of a browser.</param>
internal sealed record PictifyItem(int Index, ReceivedEvent? Event, string? Error, string? WriteKey, bool IsFromSdk);

/// <summary>What a Pictify body says.</summary>
/// <param name="IsArray">Whether the events were sent in an array.</param>
/// <param name="Problems">Why the whole body is refused, every reason at once; empty when it is not.</param>
/// <param name="Items">Its elements, in order; empty when it is refused.</param>
internal sealed record PictifyReading(
    bool IsArray,
    IReadOnlyList<Violation> Problems,
    IReadOnlyList<PictifyItem> Items
);

/// <summary>
/// Reads the body of Pictify's events (spec 4.3): one object, or an array of 1 to 100 of them. A single invalid object
/// refuses the body; in an array it is an error of its own. What an event must be is <see cref="PictifyEvent"/>. Pure;
/// never throws for input.
/// </summary>
internal static class PictifyBody
{
    /// <summary>Most events of one array.</summary>
    public const int EventsMax = 100;

    /// <param name="body">The body.</param>
    /// <param name="ignored">Where members are noted that the API does not know.</param>
    /// <param name="statesFacts">Whether the request's key may state facts of the visitors.</param>
    public static PictifyReading Read(
        ReadOnlyMemory<byte> body,
        IgnoredMembers? ignored = null,
        bool statesFacts = false
    )
    {
        if (!BodyReader.TryTrim(ref body))
        {
            return Refuse(false, "must be valid UTF-8", ViolationCodes.InvalidFormat);
        }

        try
        {
            var reader = new BodyReader(
                body,
                PictifyEvent.Names,
                stackalloc RawValue[PictifyEvent.Members],
                others: null,
                ignored
            );
            reader.Next();
            if (reader.Token == JsonTokenType.StartArray)
            {
                return ReadArray(ref reader, statesFacts);
            }

            var problems = new List<Violation>();
            var item = PictifyEvent.Read(ref reader, 0, problems, statesFacts);
            reader.ReadEnd();
            return problems.Count > 0 ? new PictifyReading(false, problems, []) : new PictifyReading(false, [], [item]);
        }
        catch (JsonException)
        {
            return Refuse(false, "must be one JSON value, nested at most 64 levels deep", ViolationCodes.InvalidFormat);
        }
    }

    private static PictifyReading ReadArray(ref BodyReader reader, bool statesFacts)
    {
        var items = new List<PictifyItem>();
        var problems = new List<Violation>();
        var count = 0;
        for (; reader.NextElement(); count++)
        {
            // What is beyond the limit must still be JSON.
            if (count >= EventsMax)
            {
                reader.ReadValue();
                continue;
            }
            problems.Clear();
            var item = PictifyEvent.Read(ref reader, count, problems, statesFacts);
            items.Add(problems.Count > 0 ? item with { Event = null, Error = Describe(problems[0]) } : item);
        }
        reader.ReadEnd();
        if (count == 0)
        {
            return Refuse(true, "must hold at least one event", ViolationCodes.Required);
        }

        return count > EventsMax
            ? Refuse(true, $"must hold at most {EventsMax} events", ViolationCodes.OutOfRange)
            : new PictifyReading(true, [], items);
    }

    private static string Describe(Violation problem) =>
        problem.Field.Length == 0 ? $"event {problem.Message}" : $"{problem.Field} {problem.Message}";

    private static PictifyReading Refuse(bool isArray, string message, string code) =>
        new(isArray, [new Violation("", message, code)], []);
}
