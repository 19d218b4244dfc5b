namespace Edge.Events;

/// <summary>
/// One event as its sender stated it, read and checked, before the server adds anything. Text members are UTF-8 without
/// quotes and escapes; members named raw are JSON exactly as it was sent. Most are views of the request's body, so an
/// event lives no longer than its request. Empty means that the sender did not say. Immutable.
/// </summary>
internal sealed record ReceivedEvent
{
    /// <summary>
    /// Most bytes of one event, as it was sent: with what the server adds it still fits a page of the journal.
    /// </summary>
    public const int BytesMax = 512 * 1024;

    /// <summary>Memory that one takes with its place in a list, an id the server makes and its part of the answer, bytes.</summary>
    public const int MemoryBytes = 512;

    /// <summary>
    /// What happened, a word from the closed set of <c>docs/event-schema.md</c>: impression, view, click, conversion,
    /// exposure, track, decision.
    /// </summary>
    public required string Type { get; init; }

    /// <summary>The sender's name of what happened; empty where the API has only types.</summary>
    public ReadOnlyMemory<byte> Event { get; init; }

    /// <summary>
    /// The sender's identity of the event, by which a repetition is recognised (member <c>event_id</c>).
    /// </summary>
    public ReadOnlyMemory<byte> SenderId { get; init; }

    /// <summary>When it happened by the sender's clock; null when the sender did not say.</summary>
    public DateTimeOffset? Timestamp { get; init; }

    /// <summary>Slug of the experiment; Pictify only.</summary>
    public ReadOnlyMemory<byte> Experiment { get; init; }

    /// <summary>Id of the variant the sender showed; Pictify only.</summary>
    public ReadOnlyMemory<byte> Variant { get; init; }

    /// <summary>Where it happened: web, email, ad, in-app, social, other; Pictify only.</summary>
    public string Channel { get; init; } = "";

    /// <summary>
    /// The device the sender states instead of its own user agent: mobile, desktop, tablet; Pictify only.
    /// </summary>
    public string DeviceType { get; init; } = "";

    public ReadOnlyMemory<byte> UnitKey { get; init; }
    public ReadOnlyMemory<byte> AnonymousId { get; init; }
    public ReadOnlyMemory<byte> UserId { get; init; }
    public ReadOnlyMemory<byte> SessionId { get; init; }
    public ReadOnlyMemory<byte> DecisionId { get; init; }

    /// <summary>Raw array of layer assignments; Traffical only.</summary>
    public ReadOnlyMemory<byte> Layers { get; init; }

    public ReadOnlyMemory<byte> Url { get; init; }
    public ReadOnlyMemory<byte> Path { get; init; }
    public ReadOnlyMemory<byte> Referrer { get; init; }

    /// <summary>Raw object of the sender's own values (properties, or Pictify's metadata).</summary>
    public ReadOnlyMemory<byte> Properties { get; init; }

    /// <summary>
    /// Address of the visitor as a server states it; must reach no event. Only what a key with the scope for it sends is
    /// used.
    /// </summary>
    public ReadOnlyMemory<byte> VisitorAddress { get; init; }

    /// <summary>User agent of the visitor as a server states it; the same holds for it.</summary>
    public ReadOnlyMemory<byte> VisitorAgent { get; init; }

    /// <summary>
    /// Raw object of the other members the API keeps and that have no property here, such as Artie's
    /// additional ones.
    /// </summary>
    public ReadOnlyMemory<byte> Extra { get; init; }
}
