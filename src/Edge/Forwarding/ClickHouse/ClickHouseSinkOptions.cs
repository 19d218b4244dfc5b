using Edge.Forwarding.Http;

namespace Edge.Forwarding.ClickHouse;

/// <summary>Every setting of a ClickHouse sink.</summary>
internal sealed record ClickHouseSinkOptions
{
    /// <summary>The sink's name, for advice.</summary>
    public required string SinkName { get; init; }

    /// <summary>The HTTP interface.</summary>
    public required Uri Url { get; init; }
    public required HttpTransportOptions Transport { get; init; }

    /// <summary><c>table</c> or <c>database.table</c>.</summary>
    public string Table { get; init; } = "edge_events";
    public string User { get; init; } = "default";
    public string Password { get; init; } = "";

    /// <summary>Read at every batch when set, so that a changed password needs no restart.</summary>
    public string PasswordFile { get; init; } = "";
    public bool Compresses { get; init; } = true;
}
