using Edge.Events;

namespace Edge.Requests.Ingestion;

/// <summary>
/// What a Millimetric body says, or everything that is wrong with it in the flattened form its senders know from Zod.
/// </summary>
/// <param name="Event">The event; null when something is wrong.</param>
/// <param name="FormErrors">What is wrong with the body as a whole.</param>
/// <param name="FieldErrors">What is wrong with its members, in the order of the published fields, at least one message
/// each.</param>
internal sealed record MillimetricReading(
    ReceivedEvent? Event,
    IReadOnlyList<string> FormErrors,
    IReadOnlyList<KeyValuePair<string, IReadOnlyList<string>>> FieldErrors
);
