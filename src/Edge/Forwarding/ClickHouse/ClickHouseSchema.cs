using System.Text;

namespace Edge.Forwarding.ClickHouse;

/// <summary>
/// The table of the events, by what the server can do. The floor is 18.16; what came later is used where it is: short
/// repeated texts as LowCardinality from 19.4, milliseconds from 20.3, syncs of inserted parts from 20.12, the window
/// in which repeated inserts are dropped from 21.4.
/// </summary>
internal static class ClickHouseSchema
{
    private enum Kind
    {
        Text,

        /// <summary>A text with few different values.</summary>
        Word,
        Time,
        OptionalTime,
        Number,
        Chance,
        Flag,
    }

    // In the order of docs/event-schema.md.
    private static readonly (string Name, Kind Kind)[] Columns =
    [
        ("v", Kind.Number),
        ("id", Kind.Text),
        ("event_id", Kind.Text),
        ("node", Kind.Word),
        ("received_at", Kind.Time),
        ("timestamp", Kind.OptionalTime),
        ("api", Kind.Word),
        ("project", Kind.Word),
        ("environment", Kind.Word),
        ("type", Kind.Word),
        ("event", Kind.Word),
        ("experiment", Kind.Word),
        ("experiment_uid", Kind.Word),
        ("variant", Kind.Word),
        ("probability", Kind.Chance),
        ("weights_version", Kind.Number),
        ("unit_hash", Kind.Text),
        ("unit_hash_prev", Kind.Text),
        ("channel", Kind.Word),
        ("unit_key", Kind.Text),
        ("anonymous_id", Kind.Text),
        ("user_id", Kind.Text),
        ("session_id", Kind.Text),
        ("decision_id", Kind.Text),
        ("layers", Kind.Text),
        ("url", Kind.Text),
        ("path", Kind.Text),
        ("referrer", Kind.Text),
        ("source", Kind.Word),
        ("medium", Kind.Word),
        ("campaign", Kind.Word),
        ("source_confidence", Kind.Word),
        ("source_rule_id", Kind.Word),
        ("country", Kind.Word),
        ("region", Kind.Word),
        ("city", Kind.Word),
        ("time_zone", Kind.Word),
        ("device_type", Kind.Word),
        ("browser", Kind.Word),
        ("browser_version", Kind.Word),
        ("os", Kind.Word),
        ("os_version", Kind.Word),
        ("device_brand", Kind.Word),
        ("device_model", Kind.Word),
        ("ip_hash", Kind.Text),
        ("verdict", Kind.Word),
        ("verdict_reason", Kind.Word),
        ("verdict_shadow", Kind.Word),
        ("authenticated", Kind.Flag),
        ("properties", Kind.Text),
        ("extra", Kind.Text),
    ];

    /// <summary>What has to be executed, in order.</summary>
    /// <param name="table">The table.</param>
    /// <param name="server">What the server can do.</param>
    /// <param name="present">Columns the table has; empty when there is no table.</param>
    public static List<string> Statements(
        ClickHouseTable table,
        ClickHouseVersion server,
        IReadOnlyCollection<string> present
    )
    {
        var statements = new List<string>();
        if (present.Count == 0)
        {
            if (table.Database.Length > 0)
            {
                statements.Add($"CREATE DATABASE IF NOT EXISTS `{table.Database}`");
            }

            statements.Add(CreateTable(table, server));
            return statements;
        }

        foreach (var (name, kind) in Columns)
        {
            if (!present.Contains(name))
            {
                statements.Add($"ALTER TABLE {table.Sql} ADD COLUMN {name} {TypeOf(kind, server)}");
            }
        }

        return statements;
    }

    private static string CreateTable(ClickHouseTable table, ClickHouseVersion server)
    {
        var sql = new StringBuilder($"CREATE TABLE IF NOT EXISTS {table.Sql}\n(\n");
        foreach (var (name, kind) in Columns)
        {
            sql.Append($"    {name} {TypeOf(kind, server)},\n");
        }

        // The day is part of the key, and must be the same for the same event.
        sql.Append("    day Date MATERIALIZED toDate(received_at),\n");
        // The first 48 bits of an id are its milliseconds.
        sql.Append(
            "    received_ms UInt64 ALIAS reinterpretAsUInt64(reverse(unhex(concat(substring(id, 1, 8), substring(id, 10, 4)))))\n"
        );
        sql.Append(")\nENGINE = ReplacingMergeTree()\nPARTITION BY toYYYYMM(day)\nORDER BY (project, day, id)");
        if (server.IsAtLeast(19, 11))
        {
            sql.Append("\n-- TTL day + INTERVAL 13 MONTH");
        }

        if (server.IsAtLeast(20, 12))
        {
            sql.Append("\nSETTINGS fsync_after_insert = 1, fsync_part_directory = 1");
            if (server.IsAtLeast(21, 4))
            {
                sql.Append(", non_replicated_deduplication_window = 1000");
            }
        }

        return sql.ToString();
    }

    private static string TypeOf(Kind kind, ClickHouseVersion server)
    {
        var time = server.IsAtLeast(20, 3) ? "DateTime64(3, 'UTC')" : "DateTime('UTC')";
        return kind switch
        {
            Kind.Word => server.IsAtLeast(19, 4) ? "LowCardinality(String)" : "String",
            Kind.Time => time,
            Kind.OptionalTime => $"Nullable({time})",
            Kind.Number => "UInt32",
            Kind.Chance => "Nullable(Float64)",
            Kind.Flag => "UInt8",
            _ => "String",
        };
    }
}
