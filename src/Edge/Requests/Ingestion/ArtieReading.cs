using Edge.Events;

namespace Edge.Requests.Ingestion;

/// <summary>What an Artie body says: all its events, or the first thing wrong with it.</summary>
/// <param name="Events">In the order they were sent; empty when something is wrong.</param>
/// <param name="ProblemIndex">Position of the event that is wrong, from 0; null when it is the body itself.</param>
/// <param name="ProblemDetail">What is wrong; null when nothing is. Never repeats what was sent.</param>
internal sealed record ArtieReading(IReadOnlyList<ReceivedEvent> Events, int? ProblemIndex, string? ProblemDetail);
