using System.Text;

namespace Edge.Forwarding.Postgres;

/// <summary>
/// The statements that create a table of events, or add the columns of a later version of this program.
/// </summary>
internal static class PostgresSchema
{
    /// <summary>The oldest server the statements and the sink are written for.</summary>
    public const int VersionMin = 12;

    /// <summary>The statements to execute, in order; empty when nothing is missing.</summary>
    /// <param name="table">The table.</param>
    /// <param name="present">Names of the columns it has; empty when there is no table.</param>
    /// <param name="hasLz4">Whether the server can compress with LZ4, which costs less than its default (from 14
    /// on).</param>
    public static IReadOnlyList<string> Statements(
        PostgresTable table,
        IReadOnlyCollection<string> present,
        bool hasLz4
    )
    {
        var missing = Array.FindAll(PostgresColumn.All, column => !present.Contains(column.Name));
        if (missing.Length == 0)
        {
            return [];
        }

        var definitions = Array.ConvertAll(
            missing,
            column => "  " + (present.Count == 0 ? "" : "ADD COLUMN ") + Definition(column, hasLz4)
        );
        var list = string.Join(",\n", definitions);
        return present.Count == 0
            ? [$"CREATE TABLE {table.Sql} (\n{list}\n)", Index(table)]
            : [$"ALTER TABLE {table.Sql}\n{list}"];
    }

    private static string Definition(PostgresColumn column, bool hasLz4) =>
        $"{PostgresTable.Quote(column.Name)} {column.Type}"
        + column.Kind switch
        {
            PostgresKind.Id => " PRIMARY KEY",
            PostgresKind.Time when column.Name == PostgresColumn.ReceivedAtName => " NOT NULL",
            PostgresKind.Payload when hasLz4 => " COMPRESSION lz4",
            _ => "",
        };

    /// <summary>
    /// Events arrive nearly in the order of this column, so a BRIN index is tiny and finds a period.
    /// </summary>
    private static string Index(PostgresTable table)
    {
        var name = $"{table.Text.Split('.')[^1]}_{PostgresColumn.ReceivedAtName}";
        while (Encoding.UTF8.GetByteCount(name) > PostgresTable.NameMaxBytes)
        {
            name = name[1..];
        }

        return $"CREATE INDEX {PostgresTable.Quote(name)} ON {table.Sql} USING brin ({PostgresTable.Quote(PostgresColumn.ReceivedAtName)})";
    }
}
