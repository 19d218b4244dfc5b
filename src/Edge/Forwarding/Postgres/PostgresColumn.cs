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

    /// <summary>The whole event, byte for byte.</summary>
    Payload,
}

/// <summary>One column of the table of events. Its name is the member's name in <c>docs/event-schema.md</c>.</summary>
/// <param name="Name">Name of the column and of the member.</param>
/// <param name="Kind">How the value is made.</param>
internal sealed record PostgresColumn(string Name, PostgresKind Kind)
{
    public const string IdName = "id";
    public const string ReceivedAtName = "received_at";

    /// <summary>
    /// Every column the sink can fill, in the order of the event's members. A table may have fewer, and more of its
    /// own.
    /// </summary>
    public static readonly PostgresColumn[] All =
    [
        new(IdName, PostgresKind.Id),
        new("node", PostgresKind.Text),
        new(ReceivedAtName, PostgresKind.Time),
        new("timestamp", PostgresKind.Time),
        new("api", PostgresKind.Text),
        new("project", PostgresKind.Text),
        new("type", PostgresKind.Text),
        new("event", PostgresKind.Text),
        new("event_id", PostgresKind.Text),
        new("experiment", PostgresKind.Text),
        new("experiment_uid", PostgresKind.Text),
        new("variant", PostgresKind.Text),
        new("probability", PostgresKind.Double),
        new("weights_version", PostgresKind.Integer),
        new("unit_hash", PostgresKind.Text),
        new("unit_hash_prev", PostgresKind.Text),
        new("channel", PostgresKind.Text),
        new("unit_key", PostgresKind.Text),
        new("anonymous_id", PostgresKind.Text),
        new("user_id", PostgresKind.Text),
        new("session_id", PostgresKind.Text),
        new("decision_id", PostgresKind.Text),
        new("url", PostgresKind.Text),
        new("path", PostgresKind.Text),
        new("referrer", PostgresKind.Text),
        new("source", PostgresKind.Text),
        new("medium", PostgresKind.Text),
        new("campaign", PostgresKind.Text),
        new("country", PostgresKind.Text),
        new("region", PostgresKind.Text),
        new("city", PostgresKind.Text),
        new("device_type", PostgresKind.Text),
        new("browser", PostgresKind.Text),
        new("os", PostgresKind.Text),
        new("ip_hash", PostgresKind.Text),
        new("verdict", PostgresKind.Text),
        new("verdict_reason", PostgresKind.Text),
        new("authenticated", PostgresKind.Flag),
        new("payload", PostgresKind.Payload),
    ];

    /// <summary>
    /// The type of the column. The payload is <c>json</c> and not <c>jsonb</c>: jsonb refuses the escape of U+0000,
    /// which is valid JSON and may stand in what a sender sent, and it rewrites numbers, order and repeated members.
    /// </summary>
    public string Type =>
        Kind switch
        {
            PostgresKind.Id => "uuid",
            PostgresKind.Time => "timestamptz",
            PostgresKind.Double => "float8",
            PostgresKind.Integer => "int4",
            PostgresKind.Flag => "boolean",
            PostgresKind.Payload => "json",
            _ => "text",
        };

    /// <summary>The name as UTF-8, to compare with the members of an event.</summary>
    public byte[] NameBytes { get; } = System.Text.Encoding.UTF8.GetBytes(Name);
}
