namespace Edge.Tests.Support;

/// <summary>The statements of docs/forwarding.md, as people copy them.</summary>
internal static class Recipes
{
    public static string Text(string name)
    {
        var guide = File.ReadAllText(Path.Combine(Repository.Root, "docs", "forwarding.md"));
        var mark = guide.IndexOf($"<!-- recipe: {name} -->", StringComparison.Ordinal);
        var start = guide.IndexOf("```sql\n", mark, StringComparison.Ordinal) + "```sql\n".Length;
        return guide[start..guide.IndexOf("```", start, StringComparison.Ordinal)].TrimEnd();
    }

    public static string[] Statements(string name) =>
        Text(name).Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
