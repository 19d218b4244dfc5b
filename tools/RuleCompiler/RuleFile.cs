namespace Edge.RuleCompiler;

/// <summary>One rule as written: the pattern, whether case is ignored, the replacement templates by name.</summary>
/// <param name="Line">Line of the pattern, for messages.</param>
internal sealed record Rule(int Line, string Pattern, Dictionary<string, string> Fields)
{
    public bool IgnoresCase => Fields.ContainsKey("regex_flag");

    public string? Template(string name) => Fields.GetValueOrDefault(name);
}

/// <summary>
/// Reads <c>regexes.yaml</c> of uap-core: three named lists of items with single-quoted scalars, one per line. It is a
/// small part of YAML and anything outside it is refused with its line, so that a new release cannot be half
/// understood.
/// </summary>
internal static class RuleFile
{
    public static readonly string[] BrowserFields =
    [
        "family_replacement",
        "v1_replacement",
        "v2_replacement",
        "v3_replacement",
        "v4_replacement",
    ];

    public static readonly string[] OsFields =
    [
        "os_replacement",
        "os_v1_replacement",
        "os_v2_replacement",
        "os_v3_replacement",
        "os_v4_replacement",
    ];

    public static readonly string[] DeviceFields = ["device_replacement", "brand_replacement", "model_replacement"];

    private static readonly Dictionary<string, string[]> Sections = new()
    {
        ["user_agent_parsers"] = BrowserFields,
        ["os_parsers"] = OsFields,
        ["device_parsers"] = [.. DeviceFields, "regex_flag"],
    };

    /// <summary>The rules of each section in order. Throws <see cref="FormatException"/> on anything unknown.</summary>
    public static Dictionary<string, List<Rule>> Read(IEnumerable<string> lines)
    {
        var read = new Dictionary<string, List<Rule>>();
        var (section, number) = ("", 0);
        foreach (var line in lines)
        {
            number++;
            var text = line.Trim();
            if (text.Length == 0 || text[0] == '#')
            {
                continue;
            }

            if (line[0] != ' ')
            {
                section = text.TrimEnd(':');
                if (!Sections.ContainsKey(section) || !read.TryAdd(section, []))
                {
                    throw Wrong(number, $"unexpected section {text}");
                }
            }
            else if (line.StartsWith("  - regex: ", StringComparison.Ordinal) && section.Length > 0)
            {
                read[section].Add(new Rule(number, Scalar(text["- regex: ".Length..], number), []));
            }
            else if (line.StartsWith("    ", StringComparison.Ordinal) && section.Length > 0 && read[section].Count > 0)
            {
                var colon = text.IndexOf(':', StringComparison.Ordinal);
                if (colon < 0 || !Sections[section].Contains(text[..colon]))
                {
                    throw Wrong(number, $"unexpected field {text}");
                }

                var value = Scalar(text[(colon + 1)..].Trim(), number);
                if (text.StartsWith("regex_flag", StringComparison.Ordinal) && value != "i")
                {
                    throw Wrong(number, $"unknown flag {value}");
                }

                if (!read[section][^1].Fields.TryAdd(text[..colon], value))
                {
                    throw Wrong(number, "field given twice");
                }
            }
            else
            {
                throw Wrong(number, $"unexpected line {text}");
            }
        }
        foreach (var name in Sections.Keys)
        {
            if (!read.ContainsKey(name))
            {
                throw new FormatException($"no section {name}");
            }
        }

        return read;
    }

    private static string Scalar(string text, int line)
    {
        if (text.Length < 2 || text[0] != '\'' || text[^1] != '\'')
        {
            throw Wrong(line, "a value must stand in single quotes");
        }

        var value = text[1..^1].Replace("''", "\0", StringComparison.Ordinal);
        if (value.Contains('\'', StringComparison.Ordinal))
        {
            throw Wrong(line, "a lone quote within a value");
        }

        return value.Replace('\0', '\'');
    }

    private static FormatException Wrong(int line, string what) => new($"line {line}: {what}");
}
