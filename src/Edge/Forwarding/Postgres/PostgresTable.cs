using System.Text;

namespace Edge.Forwarding.Postgres;

/// <summary>The name of the table as configured, and quoted for SQL.</summary>
/// <param name="Text">As configured: <c>table</c> or <c>schema.table</c>.</param>
/// <param name="Sql">Quoted, so that it cannot be read as anything but a name.</param>
internal readonly record struct PostgresTable(string Text, string Sql)
{
    /// <summary>Longest name the server does not truncate.</summary>
    public const int NameMaxBytes = 63;

    /// <summary>What is wrong with a configured name; null when it can be a table's.</summary>
    public static string? Problem(string text)
    {
        var parts = text.Split('.');
        return parts.Length <= 2 && Array.TrueForAll(parts, IsName)
            ? null
            : $"must be a table or schema.table, each of 1 to {NameMaxBytes} bytes";
    }

    /// <summary>The table of a name without a <see cref="Problem"/>.</summary>
    public static PostgresTable Of(string text) =>
        new(text, string.Join('.', Array.ConvertAll(text.Split('.'), static part => Quote(part))));

    public static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static bool IsName(string part) =>
        part.Length > 0
        && !part.Contains('\0', StringComparison.Ordinal)
        && Encoding.UTF8.GetByteCount(part) <= NameMaxBytes;
}
