namespace Edge.Commands;

/// <summary>
/// The options of one command: <c>--name value</c>, <c>--name=value</c> and bare flags, against a closed list of names.
/// </summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly List<(string Name, string Value)> _lists = [];

    /// <summary>What is wrong with the arguments and how to fix it; null when nothing is.</summary>
    public string? Problem { get; private init; }

    /// <summary>The value of an option, or null.</summary>
    public string? this[string name] => _values.GetValueOrDefault(name);

    /// <summary>Whether a flag or option was given.</summary>
    public bool Has(string name) => _values.ContainsKey(name);

    /// <summary>All values of an option that may be repeated.</summary>
    public string[] List(string name) => [.. _lists.Where(item => item.Name == name).Select(item => item.Value)];

    /// <summary>
    /// Reads <paramref name="args"/>; names are without the dashes. An option given twice is a mistake, unless it is
    /// one of the lists.
    /// </summary>
    public static Arguments Parse(
        string command,
        ReadOnlySpan<string> args,
        string[] options,
        string[] flags,
        params string[] lists
    )
    {
        var parsed = new Arguments();
        for (var i = 0; i < args.Length; i++)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal))
            {
                return Wrong($"unexpected argument '{args[i]}'");
            }

            var equals = args[i].IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? args[i][2..] : args[i][2..equals];
            string value;
            if (flags.Contains(name))
            {
                if (equals >= 0)
                {
                    return Wrong($"--{name} takes no value");
                }

                value = "true";
            }
            else if (!options.Contains(name) && !lists.Contains(name))
            {
                return Wrong($"unknown option '--{name}'");
            }
            else if (equals >= 0)
            {
                value = args[i][(equals + 1)..];
            }
            else if (++i < args.Length)
            {
                value = args[i];
            }
            else
            {
                return Wrong($"--{name} needs a value");
            }
            if (lists.Contains(name))
            {
                parsed._lists.Add((name, value));
            }
            else if (!parsed._values.TryAdd(name, value))
            {
                return Wrong($"--{name} is given twice");
            }
        }
        return parsed;

        Arguments Wrong(string problem) =>
            new() { Problem = $"edge {command}: {problem}; {Usage(command, options, flags, lists)}" };
    }

    private static string Usage(string command, string[] options, string[] flags, string[] lists)
    {
        var all = options
            .Select(o => $"[--{o} VALUE]")
            .Concat(lists.Select(l => $"[--{l} VALUE]..."))
            .Concat(flags.Select(f => $"[--{f}]"));
        return $"usage: edge {command} {string.Join(' ', all)}".TrimEnd();
    }
}
