using Edge.Events;

namespace Edge.Requests.Ingestion;

/// <summary>What the key of a Traffical request is bound to.</summary>
/// <param name="Organization">Null when the key is bound to none, so events may name any.</param>
/// <param name="Project">The project events belong to.</param>
/// <param name="Environment">Null when the key is bound to none, so events may name any.</param>
/// <param name="BucketCount">Buckets of the project; 0 when they are not enforced.</param>
internal sealed record TrafficalScope(string? Organization, string Project, string? Environment, int BucketCount);

/// <summary>What a Traffical body says.</summary>
/// <param name="Refusal">Why the whole body is refused; null when it is not.</param>
/// <param name="Events">The valid events, in the order they were sent.</param>
/// <param name="Errors">The invalid ones, in the same order.</param>
internal sealed record TrafficalReading(
    string? Refusal,
    IReadOnlyList<ReceivedEvent> Events,
    IReadOnlyList<EventError> Errors
);
