using Edge.Events;

namespace Edge.Forwarding.Postgres;

/// <summary>How a member of an event becomes the value of a column.</summary>
internal enum PostgresKind
{
    /// <summary>The event's identity, from the journal's envelope.</summary>
    Id,

    /// <summary>A point in time; microseconds.</summary>
    Time,

    Text,
    Double,
    Integer,
    Flag,

    /// <summary>An object or array, byte for byte but for what text cannot hold.</summary>
    Json,

    /// <summary>The whole event, byte for byte but for what text cannot hold.</summary>
    Payload,
}

/// <summary>One column of the table of events. Its name is the member's name in <c>docs/event-schema.md</c>.</summary>
/// <param name="Name">Name of the column and of the member.</param>
/// <param name="Kind">How the value is made.</param>
internal sealed record PostgresColumn(string Name, PostgresKind Kind)
{
    /// <summary>The column of the event's identity.</summary>
    public static readonly string IdName = EventSchema.Id.Name;

    public static readonly string ReceivedAtName = EventSchema.ReceivedAt.Name;

    /// <summary>
    /// Every column the sink can fill: one per member, in their order, and the whole event. A table may have fewer, and
    /// more of its own.
    /// </summary>
    public static readonly PostgresColumn[] All =
    [
        .. EventSchema.All.Select(static member => new PostgresColumn(member.Name, KindOf(member.Kind))),
        new("payload", PostgresKind.Payload),
    ];

    /// <summary>
    /// The type of the column. JSON is <c>json</c> and not <c>jsonb</c>, which rewrites numbers, order and repeated
    /// members.
    /// </summary>
    public string Type =>
        Kind switch
        {
            PostgresKind.Id => "uuid",
            PostgresKind.Time => "timestamptz",
            PostgresKind.Double => "float8",
            PostgresKind.Integer => "int4",
            PostgresKind.Flag => "boolean",
            PostgresKind.Json or PostgresKind.Payload => "json",
            _ => "text",
        };

    /// <summary>The name as UTF-8, to compare with the members of an event.</summary>
    public byte[] NameBytes { get; } = System.Text.Encoding.UTF8.GetBytes(Name);

    private static PostgresKind KindOf(EventMemberKind kind) =>
        kind switch
        {
            EventMemberKind.Id => PostgresKind.Id,
            EventMemberKind.Time or EventMemberKind.OptionalTime => PostgresKind.Time,
            EventMemberKind.Number => PostgresKind.Integer,
            EventMemberKind.Probability => PostgresKind.Double,
            EventMemberKind.Flag => PostgresKind.Flag,
            EventMemberKind.Json => PostgresKind.Json,
            _ => PostgresKind.Text,
        };
}
