using System.Text;

namespace Edge.Formats;

/// <summary>One line of a table of comma-separated values (RFC 4180), whose fields do not go on in the next line. Pure.</summary>
internal static class CsvLine
{
    /// <summary>The fields; null when a quoted one does not end.</summary>
    public static List<string>? Read(string line)
    {
        var fields = new List<string>();
        var field = new StringBuilder();
        var isQuoted = false;
        for (var i = 0; i < line.Length; i++)
        {
            var c = line[i];
            if (isQuoted && c == '"' && i + 1 < line.Length && line[i + 1] == '"')
            {
                field.Append(c);
                i++;
            }
            else if (c == '"' && (isQuoted || field.Length == 0))
            {
                isQuoted = !isQuoted;
            }
            else if (c == ',' && !isQuoted)
            {
                fields.Add(field.ToString());
                field.Clear();
            }
            else
            {
                field.Append(c);
            }
        }

        fields.Add(field.ToString());
        return isQuoted ? null : fields;
    }
}
