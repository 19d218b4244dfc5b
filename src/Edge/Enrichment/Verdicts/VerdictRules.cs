using Edge.Formats;
using Edge.Storage;

namespace Edge.Enrichment.Verdicts;

/// <summary>Which rules are loaded and enforced.</summary>
/// <param name="File">Path of the operator's own rules; empty for none.</param>
/// <param name="ExcludesTools">Whether the rules for tools are enforced (setting automation.excludeTools).</param>
/// <param name="ExcludesApplePrivacy">Whether the rules for Apple's privacy proxy are enforced (setting
/// automation.excludeApplePrivacy).</param>
/// <param name="ExcludesBursts">Whether the late rules for bursts of clicks are enforced (setting
/// automation.excludeBursts).</param>
internal readonly record struct VerdictRuleOptions(
    string File,
    bool ExcludesTools,
    bool ExcludesApplePrivacy,
    bool ExcludesBursts = false
)
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
            IsSwitchedOn(rule.EnforcedBy, options) ? rule with { IsEnforced = true } : rule
        );
        var late = reader.Late.ConvertAll(rule =>
            IsSwitchedOn(rule.EnforcedBy, options) ? rule with { IsEnforced = true } : rule
        );
        if (options.File.Length > 0 && ReadOwn(options, reader, problems) is { } own)
        {
            foreach (var (id, mode) in own.Modes)
            {
                var at = rules.FindIndex(rule => rule.Id == id);
                if (at < 0)
                {
                    SetMode(late, late.FindIndex(rule => rule.Id == id), mode);
                }
                else if (mode == "off")
                {
                    rules.RemoveAt(at);
                }
                else
                {
                    rules[at] = rules[at] with { IsEnforced = mode == "enforced" };
                }
            }
            rules.InsertRange(0, own.Rules);
            late.InsertRange(0, own.Late);
        }
        return new VerdictLoadResult(new VerdictTable(rules) { Late = late }, problems);
    }

    private static void SetMode(List<LateRule> rules, int at, string mode)
    {
        if (mode == "off")
        {
            rules.RemoveAt(at);
        }
        else
        {
            rules[at] = rules[at] with { IsEnforced = mode == "enforced" };
        }
    }

    private static bool IsSwitchedOn(string setting, in VerdictRuleOptions options) =>
        setting switch
        {
            "automation.excludeBursts" => options.ExcludesBursts,
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
            if (!builtIn.Rules.Exists(rule => rule.Id == id) && !builtIn.Late.Exists(rule => rule.Id == id))
            {
                own.Problems.Add(
                    $"there is no built-in rule '{id}', and a custom rule needs verdict, scope, certainty and a condition"
                );
            }
        }

        foreach (var id in own.Rules.Select(static rule => rule.Id).Concat(own.Late.Select(static rule => rule.Id)))
        {
            if (builtIn.Rules.Exists(known => known.Id == id) || builtIn.Late.Exists(known => known.Id == id))
            {
                own.Problems.Add($"'{id}' is the id of a built-in rule: give only its mode, or choose another id");
            }
        }

        foreach (var rule in own.Late)
        {
            foreach (var id in rule.AfterRules)
            {
                if (!own.Rules.Exists(known => known.Id == id) && !builtIn.Rules.Exists(known => known.Id == id))
                {
                    own.Problems.Add($"late rule '{rule.Id}' has afterRules '{id}', and there is no such rule");
                }
            }
        }

        if (own.Late.Count + builtIn.Late.Count > LateRule.CountMax)
        {
            own.Problems.Add($"has more than {LateRule.CountMax - builtIn.Late.Count} late rules");
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
