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
