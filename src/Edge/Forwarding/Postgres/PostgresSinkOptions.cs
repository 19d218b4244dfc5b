namespace Edge.Forwarding.Postgres;

/// <summary>Every setting of one PostgreSQL sink. Times are milliseconds.</summary>
internal sealed record PostgresSinkOptions
{
    /// <summary>
    /// Host, port, database, user, TLS as Npgsql writes them: <c>Host=db;Database=edge;SSL Mode=VerifyFull</c>.
    /// </summary>
    public required string Connection { get; init; }

    /// <summary>Password beside the connection string; empty is none.</summary>
    public string Password { get; init; } = "";

    /// <summary>
    /// File with the password, read at every connect, so that it can be changed while serving; empty is none.
    /// </summary>
    public string PasswordFile { get; init; } = "";

    /// <summary>The table, with its schema or without.</summary>
    public string Table { get; init; } = "edge_events";

    /// <summary>
    /// Longest time a connect may take; a wrong password is known by then. 1000 to 60000, whole seconds.
    /// </summary>
    public int ConnectTimeoutMs { get; init; } = 5_000;

    /// <summary>Longest time the server may work on one statement, waiting for locks included. 100 to 600000.</summary>
    public int StatementTimeoutMs { get; init; } = 30_000;
}
