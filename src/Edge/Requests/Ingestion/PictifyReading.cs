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
