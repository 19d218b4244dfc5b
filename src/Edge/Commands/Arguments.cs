namespace Edge.Commands;

/// <summary>
/// The options of one command: <c>--name value</c>, <c>--name=value</c> and bare flags, against a closed list of names.
/// </summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    /// <summary>What is wrong with the arguments and how to fix it; null when nothing is.</summary>
    public string? Problem { get; private init; }

    /// <summary>The value of an option, or null.</summary>
    public string? this[string name] => _values.GetValueOrDefault(name);

    /// <summary>Whether a flag or option was given.</summary>
    public bool Has(string name) => _values.ContainsKey(name);

    /// <summary>Reads <paramref name="args"/>; names are without the dashes. An option given twice is a mistake, not a list.</summary>
    public static Arguments Parse(string command, ReadOnlySpan<string> args, string[] options, string[] flags)
    {
        var parsed = new Arguments();
        for (var i = 0; i < args.Length; i++)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal)) return Wrong($"unexpected argument '{args[i]}'");
            var equals = args[i].IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? args[i][2..] : args[i][2..equals];
            string value;
            if (flags.Contains(name))
            {
                if (equals >= 0) return Wrong($"--{name} takes no value");
                value = "true";
            }
            else if (!options.Contains(name))
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
            if (!parsed._values.TryAdd(name, value)) return Wrong($"--{name} is given twice");
        }
        return parsed;

        Arguments Wrong(string problem) => new()
        {
            Problem = $"edge {command}: {problem}; {Usage(command, options, flags)}",
        };
    }

    private static string Usage(string command, string[] options, string[] flags)
    {
        var all = options.Select(o => $"[--{o} VALUE]").Concat(flags.Select(f => $"[--{f}]"));
        return $"usage: edge {command} {string.Join(' ', all)}".TrimEnd();
    }
}
