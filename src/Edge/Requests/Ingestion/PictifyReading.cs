using Edge.Events;

namespace Edge.Requests.Ingestion;

/// <summary>A rule a body breaks, as an answer lists it.</summary>
/// <param name="Field">The member; empty for the body itself.</param>
/// <param name="Message">What is wrong, as a sentence's end behind the name of the member.</param>
/// <param name="Code">The kind of rule, a word from the set that answers about experiments use too.</param>
internal readonly record struct FieldProblem(string Field, string Message, string Code);

/// <summary>One element of a Pictify body; exactly one of event and error is there.</summary>
/// <param name="Index">Its position, from 0.</param>
/// <param name="Event">What it says.</param>
/// <param name="Error">What is wrong with it.</param>
/// <param name="WriteKey">The key it carries, a secret that must reach no event and no message; null without one.</param>
/// <param name="IsFromSdk">Whether it says that it comes from the SDK of a browser.</param>
internal sealed record PictifyItem(int Index, ReceivedEvent? Event, string? Error, string? WriteKey, bool IsFromSdk);

/// <summary>What a Pictify body says.</summary>
/// <param name="IsArray">Whether the events were sent in an array.</param>
/// <param name="Problems">Why the whole body is refused, every reason at once; empty when it is not.</param>
/// <param name="Items">Its elements, in order; empty when it is refused.</param>
internal sealed record PictifyReading(bool IsArray, IReadOnlyList<FieldProblem> Problems, IReadOnlyList<PictifyItem> Items);
