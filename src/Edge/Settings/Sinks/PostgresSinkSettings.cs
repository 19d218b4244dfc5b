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
                "Where the server is, as Npgsql writes it: Host, Port, Database, Username, SSL Mode, Root Certificate. Required.",
                o => o.Connection,
                (o, v) => o.Connection = v,
                PostgresSession.Problem
            ),
            SinkSetting.Secret(
                SinkType.Postgres | SinkType.ClickHouse,
                "password",
                "Password of the user; better in the environment or in a file.",
                o => o.Password,
                (o, v) => o.Password = v
            ),
            SinkSetting.Text(
                SinkType.Postgres | SinkType.ClickHouse,
                "passwordFile",
                "File with the password, read whenever it is needed.",
                o => o.PasswordFile,
                (o, v) => o.PasswordFile = v
            ),
            SinkSetting.Text(
                SinkType.Postgres | SinkType.ClickHouse,
                "table",
                "Table of the events: table, schema.table (PostgreSQL) or database.table (ClickHouse); edge sink init makes it.",
                o => o.Table,
                (o, v) => o.Table = v,
                PostgresTable.Problem
            ),
            SinkSetting.Number(
                SinkType.Postgres | SinkType.ClickHouse | SinkType.Http,
                "connectTimeoutMs",
                1_000,
                60_000,
                "Longest time a connect may take; whole seconds for PostgreSQL.",
                o => o.ConnectTimeoutMs,
                (o, v) => o.ConnectTimeoutMs = (int)v
            ),
            SinkSetting.Number(
                SinkType.Postgres,
                "statementTimeoutMs",
                100,
                600_000,
                "Longest time the server may work on one statement, waiting for locks included.",
                o => o.StatementTimeoutMs,
                (o, v) => o.StatementTimeoutMs = (int)v
            ),
        ];
}
