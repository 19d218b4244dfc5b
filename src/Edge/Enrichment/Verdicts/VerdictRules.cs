using Edge.Formats;
using Edge.Storage;

namespace Edge.Enrichment.Verdicts;

/// <summary>Which rules are loaded and enforced.</summary>
/// <param name="File">Path of the operator's own rules; empty for none.</param>
/// <param name="ExcludesTools">Whether the rules for tools are enforced (setting automation.excludeTools).</param>
/// <param name="ExcludesApplePrivacy">Whether the rules for Apple's privacy proxy are enforced (setting
/// automation.excludeApplePrivacy).</param>
internal readonly record struct VerdictRuleOptions(string File, bool ExcludesTools, bool ExcludesApplePrivacy)
{
    /// <summary>The built-in rules, unchanged.</summary>
    public static readonly VerdictRuleOptions Default = new("", false, false);

    /// <summary>The rules themselves, where somebody else has read the file; empty to read it here.</summary>
    public ReadOnlyMemory<byte> Content { get; init; }
}

/// <summary>The result of loading the rules.</summary>
/// <param name="Table">The table; null when the built-in rules could not be read.</param>
/// <param name="Problems">Problems in the files, one line each.</param>
internal readonly record struct VerdictLoadResult(VerdictTable? Table, IReadOnlyList<string> Problems);

/// <summary>
/// Loads the built-in rules, which are embedded, and the operator's own rules, which precede them. A file with a
/// mistake is ignored as a whole; without the built-in file no verdicts are given.
/// </summary>
internal static class VerdictRules
{
    private const string ResourceName = "verdict-rules.json";

    /// <summary>
    /// The operator's own rules as they stand in their file; empty without one. Throws <see cref="IOException"/>,
    /// <see cref="UnauthorizedAccessException"/>, <see cref="ArgumentException"/> or
    /// <see cref="NotSupportedException"/> when it cannot be read.
    /// </summary>
    public static ReadOnlyMemory<byte> ReadFile(in VerdictRuleOptions options) =>
        options.File.Length == 0 ? default
        : options.Content.IsEmpty
            ? JsonProblem.WithoutMark(DiskFile.ReadWhole(options.File, VerdictRuleReader.FileMaxBytes))
        : options.Content;

    /// <summary>Loads both files.</summary>
    /// <param name="options">Names the custom file and says which rules in shadow are enforced.</param>
    public static VerdictLoadResult Load(in VerdictRuleOptions options)
    {
        using var resource = typeof(VerdictRules).Assembly.GetManifestResourceStream(ResourceName);
        return Load(resource is null ? [] : ReadAll(resource), options);
    }

    /// <summary>Loads the custom file together with given built-in rules.</summary>
    public static VerdictLoadResult Load(ReadOnlyMemory<byte> builtIn, VerdictRuleOptions options)
    {
        var problems = new List<string>();
        var reader = new VerdictRuleReader(isBuiltIn: true);
        reader.Read(builtIn);
        foreach (var problem in reader.Problems)
        {
            problems.Add($"built-in rules: {problem}");
        }

        if (problems.Count > 0)
        {
            return new VerdictLoadResult(null, problems);
        }

        var rules = reader.Rules.ConvertAll(rule =>
            IsSwitchedOn(rule, options) ? rule with { IsEnforced = true } : rule
        );
        if (options.File.Length > 0 && ReadOwn(options, reader, problems) is { } own)
        {
            foreach (var (id, mode) in own.Modes)
            {
                var at = rules.FindIndex(rule => rule.Id == id);
                if (mode == "off")
                {
                    rules.RemoveAt(at);
                }
                else
                {
                    rules[at] = rules[at] with { IsEnforced = mode == "enforced" };
                }
            }
            rules.InsertRange(0, own.Rules);
        }
        return new VerdictLoadResult(new VerdictTable(rules), problems);
    }

    private static bool IsSwitchedOn(VerdictRule rule, in VerdictRuleOptions options) =>
        rule.EnforcedBy switch
        {
            "automation.excludeTools" => options.ExcludesTools,
            "automation.excludeApplePrivacy" => options.ExcludesApplePrivacy,
            _ => false,
        };

    private static VerdictRuleReader? ReadOwn(
        in VerdictRuleOptions options,
        VerdictRuleReader builtIn,
        List<string> problems
    )
    {
        var own = new VerdictRuleReader(isBuiltIn: false, builtIn);
        try
        {
            own.Read(ReadFile(options));
        }
        catch (Exception e)
            when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            own.Problems.Add(e.Message.ReplaceLineEndings(" "));
        }
        foreach (var (id, _) in own.Modes)
        {
            if (!builtIn.Rules.Exists(rule => rule.Id == id))
            {
                own.Problems.Add(
                    $"there is no built-in rule '{id}', and a custom rule needs verdict, scope, certainty and a condition"
                );
            }
        }

        foreach (var rule in own.Rules)
        {
            if (builtIn.Rules.Exists(known => known.Id == rule.Id))
            {
                own.Problems.Add($"'{rule.Id}' is the id of a built-in rule: give only its mode, or choose another id");
            }
        }

        if (own.Rules.Count + builtIn.Rules.Count > RuleSet.Capacity)
        {
            own.Problems.Add($"has more than {RuleSet.Capacity - builtIn.Rules.Count} rules");
        }

        if (own.Modes.DistinctBy(mode => mode.Id).Count() < own.Modes.Count)
        {
            own.Problems.Add("sets the mode of a built-in rule twice");
        }

        foreach (var problem in own.Problems)
        {
            problems.Add($"{options.File}: {problem}");
        }

        return own.Problems.Count == 0 ? own : null;
    }

    private static byte[] ReadAll(Stream stream)
    {
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
