using System.Globalization;
using System.Text;
using System.Text.Json;
using Edge.Audit;

namespace Edge.Postgres;

/// <summary>The record of changes in the table <c>edge.audit</c>. Thread safe.</summary>
internal sealed class PostgresAudit(StoreConnection store) : IAuditLog
{
    public void Append(AuditEntry entry)
    {
        var json = Encoding.UTF8.GetString(JsonSerializer.SerializeToUtf8Bytes(entry, AuditJson.Default.AuditEntry));
        store.Write(connection =>
            StoreConnection.Execute(
                connection,
                "INSERT INTO edge.audit (team, entry) VALUES ($1, $2::json)",
                entry.Team,
                json
            )
        );
    }

    public IReadOnlyList<AuditEntry> ReadNewest(int count, string? team)
    {
        var rows = store.Read(connection =>
            StoreConnection.Query(
                connection,
                "SELECT entry::text FROM edge.audit WHERE team IS NOT DISTINCT FROM $1 ORDER BY number DESC LIMIT $2::int",
                team,
                count.ToString(CultureInfo.InvariantCulture)
            )
        );
        return [.. rows.Select(static row => JsonSerializer.Deserialize(row[0]!, AuditJson.Default.AuditEntry)!)];
    }
}
