using Edge.Forwarding;
using Edge.Forwarding.Postgres;

namespace Edge.Settings.Sinks;

/// <summary>The settings of sinks of type <c>postgres</c>.</summary>
internal static class PostgresSinkSettings
{
    public static IEnumerable<SinkSetting> All() =>
        [
            SinkSetting.Text(
                SinkType.Postgres,
                "connection",
                "Connection string in Npgsql's format: Host, Port, Database, Username, SSL Mode, Root Certificate. Required.",
                o => o.Connection,
                (o, v) => o.Connection = v,
                PostgresSession.Problem
            ),
            SinkSetting.Secret(
                SinkType.Postgres | SinkType.ClickHouse,
                "password",
                "Password of the user; better set by environment variable or file.",
                o => o.Password,
                (o, v) => o.Password = v
            ),
            SinkSetting.Text(
                SinkType.Postgres | SinkType.ClickHouse,
                "passwordFile",
                "File with the password, read whenever the password is needed.",
                o => o.PasswordFile,
                (o, v) => o.PasswordFile = v
            ),
            SinkSetting.Text(
                SinkType.Postgres | SinkType.ClickHouse,
                "table",
                "Table of the events: table, schema.table (PostgreSQL) or database.table (ClickHouse); created by edge sink init.",
                o => o.Table,
                (o, v) => o.Table = v,
                PostgresTable.Problem
            ),
            SinkSetting.Number(
                SinkType.Postgres | SinkType.ClickHouse | SinkType.Http,
                "connectTimeoutMs",
                1_000,
                60_000,
                "Timeout for connecting; rounded down to whole seconds for PostgreSQL.",
                o => o.ConnectTimeoutMs,
                (o, v) => o.ConnectTimeoutMs = (int)v
            ),
            SinkSetting.Number(
                SinkType.Postgres,
                "statementTimeoutMs",
                100,
                600_000,
                "Timeout of a statement on the server, including waits for locks.",
                o => o.StatementTimeoutMs,
                (o, v) => o.StatementTimeoutMs = (int)v
            ),
        ];
}
