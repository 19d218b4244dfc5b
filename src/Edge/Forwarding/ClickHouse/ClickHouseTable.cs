namespace Edge.Forwarding.ClickHouse;

/// <summary>A table by name.</summary>
/// <param name="Database">Empty is the user's default database.</param>
/// <param name="Name">Without the database.</param>
internal readonly record struct ClickHouseTable(string Database, string Name)
{
    private const int NameMaxChars = 64;

    /// <summary>Quoted, for statements.</summary>
    public string Sql => Database.Length == 0 ? $"`{Name}`" : $"`{Database}`.`{Name}`";

    /// <summary>What is wrong with a configured name; null when it can be a table's.</summary>
    public static string? Problem(string text)
    {
        var parts = text.Split('.');
        return parts.Length <= 2 && Array.TrueForAll(parts, IsName)
            ? null
            : $"must be a table or database.table, each of 1 to {NameMaxChars} letters, digits and underscores";
    }

    /// <summary>The table of a name without a <see cref="Problem"/>.</summary>
    public static ClickHouseTable Of(string text)
    {
        var parts = text.Split('.');
        return parts.Length == 2 ? new ClickHouseTable(parts[0], parts[1]) : new ClickHouseTable("", text);
    }

    private static bool IsName(string part) =>
        part.Length is > 0 and <= NameMaxChars && part.All(static c => char.IsAsciiLetterOrDigit(c) || c == '_');
}
