using Edge.Forwarding;
using Edge.Forwarding.Postgres;
using Edge.Postgres;
using static Edge.Settings.Setting<Edge.Forwarding.SinkOptions>;

namespace Edge.Settings.Sinks;

/// <summary>The settings of sinks of type <c>postgres</c>.</summary>
internal static class PostgresSinkSettings
{
    public static IEnumerable<SinkSetting> All() =>
        [
            new(
                SinkType.Postgres,
                Text(
                    "connection",
                    "Connection string in Npgsql's format: Host, Port, Database, Username, SSL Mode, Root Certificate. Required.",
                    o => PostgresConnection.WithoutPasswords(o.Connection),
                    (o, v) => o.Connection = v,
                    PostgresConnection.Problem
                )
            ),
            new(
                SinkType.Postgres | SinkType.ClickHouse | SinkType.Kafka,
                Secret(
                    "password",
                    "Password of the user; better set by environment variable or file.",
                    o => o.Password,
                    (o, v) => o.Password = v
                )
            ),
            new(
                SinkType.Postgres | SinkType.ClickHouse | SinkType.Kafka,
                Text(
                    "passwordFile",
                    "File with the password, read whenever the password is needed.",
                    o => o.PasswordFile,
                    (o, v) => o.PasswordFile = v
                )
            ),
            new(
                SinkType.Postgres | SinkType.ClickHouse,
                Text(
                    "table",
                    "Table of the events: table, schema.table (PostgreSQL) or database.table (ClickHouse); created by edge sink init.",
                    o => o.Table,
                    (o, v) => o.Table = v,
                    PostgresTable.Problem
                )
            ),
            new(
                SinkType.Postgres | SinkType.ClickHouse | SinkType.Http | SinkType.Kafka,
                Number(
                    "connectTimeoutMs",
                    1_000,
                    60_000,
                    "Timeout for connecting, to each broker of Kafka; rounded down to whole seconds for PostgreSQL.",
                    o => o.ConnectTimeoutMs,
                    (o, v) => o.ConnectTimeoutMs = (int)v
                )
            ),
            new(
                SinkType.Postgres,
                Number(
                    "statementTimeoutMs",
                    100,
                    600_000,
                    "Timeout of a statement on the server, including waits for locks.",
                    o => o.StatementTimeoutMs,
                    (o, v) => o.StatementTimeoutMs = (int)v
                )
            ),
        ];
}
