using Edge.Events;

namespace Edge.Requests.Ingestion;

/// <summary>
/// What can be wrong with a body of any API, in words; an API that publishes its own words uses those.
/// </summary>
internal static class BodyProblem
{
    public const string NotUtf8 = "the body is not valid UTF-8";

    public const string NotJson = "the body is not one JSON value, or is nested deeper than 64 levels";

    /// <summary>Of an event: <see cref="ReceivedEvent.BytesMax"/>.</summary>
    public const string EventTooLarge = "the event must be at most 524288 bytes";
}

/// <summary>An event of a batch that is refused while those around it are not.</summary>
/// <param name="Index">Its position in the batch, from 0.</param>
/// <param name="Error">What is wrong with it, as a sentence's end.</param>
internal readonly record struct EventError(int Index, string Error);
