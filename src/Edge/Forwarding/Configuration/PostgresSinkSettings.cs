using Edge.Forwarding.Postgres;

namespace Edge.Forwarding.Configuration;

/// <summary>The settings of sinks of type <c>postgres</c>.</summary>
internal static class PostgresSinkSettings
{
    public static IEnumerable<SinkSetting> All() =>
    [
        SinkSetting.Text(SinkType.Postgres, "connection",
            "Where the server is, as Npgsql writes it: Host, Port, Database, Username, SSL Mode, Root Certificate. Required.",
            o => o.Connection, (o, v) => o.Connection = v, PostgresSession.Problem),
        SinkSetting.Secret(SinkType.Postgres, "password", "Password of the user; better in the environment or in a file.",
            o => o.Password, (o, v) => o.Password = v),
        SinkSetting.Text(SinkType.Postgres, "passwordFile", "File with the password, read at every connect.",
            o => o.PasswordFile, (o, v) => o.PasswordFile = v),
        SinkSetting.Text(SinkType.Postgres, "table", "Table of the events, table or schema.table; edge sink init makes it.",
            o => o.Table, (o, v) => o.Table = v, PostgresTable.Problem),
        SinkSetting.Number(SinkType.Postgres, "connectTimeoutMs", 1_000, 60_000, "Longest time a connect may take, whole seconds.",
            o => o.ConnectTimeoutMs, (o, v) => o.ConnectTimeoutMs = (int)v),
        SinkSetting.Number(SinkType.Postgres, "statementTimeoutMs", 100, 600_000,
            "Longest time the server may work on one statement, waiting for locks included.",
            o => o.StatementTimeoutMs, (o, v) => o.StatementTimeoutMs = (int)v),
    ];
}
