namespace Edge.Commands;

/// <summary>A table for people: columns as wide as their widest cell, two blanks between them.</summary>
internal static class TextTable
{
    /// <summary>Writes the rows, each with as many cells as the first; changes their cells.</summary>
    public static void Write(TextWriter output, IReadOnlyList<string[]> rows)
    {
        foreach (var row in rows)
        {
            for (var i = 0; i < row.Length; i++)
            {
                row[i] = row[i].ReplaceLineEndings(" ").Replace('\t', ' ');
            }
        }

        var widths = new int[rows[0].Length];
        foreach (var row in rows)
        {
            for (var i = 0; i < row.Length - 1; i++)
            {
                widths[i] = Math.Max(widths[i], row[i].Length);
            }
        }

        foreach (var row in rows)
        {
            for (var i = 0; i < row.Length - 1; i++)
            {
                output.Write(row[i].PadRight(widths[i] + 2));
            }

            output.WriteLine(row[^1]);
        }
    }
}
