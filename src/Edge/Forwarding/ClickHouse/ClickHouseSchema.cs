using System.Text;
using Edge.Events;

namespace Edge.Forwarding.ClickHouse;

/// <summary>
/// The table of the events, one column per member, by what the server can do. The floor is 18.16; what came later is
/// used where it is: short repeated texts as LowCardinality from 19.4, milliseconds from 20.3, syncs of inserted parts
/// from 20.12, the window in which repeated inserts are dropped from 21.4.
/// </summary>
internal static class ClickHouseSchema
{
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

        foreach (var (name, type) in Columns(server))
        {
            if (!present.Contains(name))
            {
                statements.Add($"ALTER TABLE {table.Sql} ADD COLUMN {name} {type}");
            }
        }

        return statements;
    }

    private static string CreateTable(ClickHouseTable table, ClickHouseVersion server)
    {
        var sql = new StringBuilder($"CREATE TABLE IF NOT EXISTS {table.Sql}\n(\n");
        foreach (var (name, type) in Columns(server))
        {
            sql.Append($"    {name} {type},\n");
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

    private static IEnumerable<(string Name, string Type)> Columns(ClickHouseVersion server)
    {
        foreach (var member in EventSchema.All)
        {
            yield return (member.Name, TypeOf(member.Kind, server));
        }

        yield return (ClickHouseRows.TimestampText, TypeOf(EventMemberKind.Text, server));
    }

    private static string TypeOf(EventMemberKind kind, ClickHouseVersion server)
    {
        var time = server.IsAtLeast(20, 3) ? "DateTime64(3, 'UTC')" : "DateTime('UTC')";
        return kind switch
        {
            EventMemberKind.Word => server.IsAtLeast(19, 4) ? "LowCardinality(String)" : "String",
            EventMemberKind.Time => time,
            EventMemberKind.OptionalTime => $"Nullable({time})",
            EventMemberKind.Number => "UInt32",
            EventMemberKind.Probability => "Nullable(Float64)",
            EventMemberKind.Flag => "UInt8",
            _ => "String",
        };
    }
}
