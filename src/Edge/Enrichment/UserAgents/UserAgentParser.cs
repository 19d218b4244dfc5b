using System.Text;

namespace Edge.Enrichment.UserAgents;

/// <summary>
/// Evaluates the rules of uap-core according to its specification: in each section the first matching rule decides, its
/// templates, or else its groups in order, give the values, values from templates and of devices are trimmed, and empty
/// values are unknown. Only rules whose required literals occur in the text are tried. Thread safe; every thread gets
/// about 100 KB of working memory.
/// </summary>
internal sealed class UserAgentParser : IDisposable
{
    private const int WordBits = 64;

    private readonly RuleTable _table;
    private readonly ThreadLocal<Work> _work;

    public UserAgentParser(RuleTable table)
    {
        _table = table;
        _work = new ThreadLocal<Work>(() => new Work(_table));
    }

    /// <summary>Parses a text, of which at most <see cref="UserAgentText.MaxBytes"/> characters are used.</summary>
    public ParsedUserAgent Parse(ReadOnlySpan<char> text)
    {
        text = UserAgentText.Cut(text);
        var work = _work.Value!;
        work.Matcher.Text.Load(text);
        _table.Literals.Scan(work.Matcher.Text.Symbols, work.Matcher.Text.Folded, work.Found, work.Candidates);
        return new ParsedUserAgent(
            ParseVersioned(work, _table.Browsers, text),
            ParseVersioned(work, _table.Systems, text),
            ParseDevice(work, text)
        );
    }

    public void Dispose() => _work.Dispose();

    private static VersionedFamily ParseVersioned(Work work, RuleSection section, ReadOnlySpan<char> text)
    {
        if (FirstMatch(work, section) is not { } rule)
        {
            return new(ParsedUserAgent.Unknown, null, null, null, null);
        }

        var family = Value(work, rule, 0, text) ?? ParsedUserAgent.Unknown;
        return new(
            family,
            Value(work, rule, 1, text),
            Value(work, rule, 2, text),
            Value(work, rule, 3, text),
            Value(work, rule, 4, text)
        );
    }

    private DeviceFamily ParseDevice(Work work, ReadOnlySpan<char> text)
    {
        if (FirstMatch(work, _table.Devices) is not { } rule)
        {
            return new(ParsedUserAgent.Unknown, null, null);
        }

        var first = Group(work, 1, text) is { } group ? NullIfEmpty(group.Trim()) : null;
        var family = rule.Templates[0] is null ? first : Value(work, rule, 0, text);
        var brand = rule.Templates[1] is null ? null : Value(work, rule, 1, text);
        var model = rule.Templates[2] is null ? first : Value(work, rule, 2, text);
        return new(family ?? ParsedUserAgent.Unknown, brand, model);
    }

    private static UserAgentRule? FirstMatch(Work work, RuleSection section)
    {
        for (var word = section.First / WordBits; word < section.End / WordBits; word++)
        {
            for (var bits = work.Candidates[word]; bits != 0; bits &= bits - 1)
            {
                var rule = section.Rules[(word * WordBits) + (int)ulong.TrailingZeroCount(bits) - section.First];
                if (HasLiterals(rule, work.Found) && work.Matcher.Matches(rule))
                {
                    return rule;
                }
            }
        }
        return null;
    }

    private static bool HasLiterals(UserAgentRule rule, ulong[] found)
    {
        foreach (var list in rule.Further)
        {
            var any = false;
            foreach (var literal in list)
            {
                any |= LiteralScanner.Has(found, literal);
            }

            if (!any)
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>
    /// The value of one member: from the rule's template, else from the group with the same position.
    /// </summary>
    private static string? Value(Work work, UserAgentRule rule, int member, ReadOnlySpan<char> text)
    {
        var template = rule.Templates[member];
        if (template is null)
        {
            return NullIfEmpty(Group(work, member + 1, text));
        }

        if (!template.Contains('$', StringComparison.Ordinal))
        {
            return NullIfEmpty(template.Trim());
        }

        var value = new StringBuilder();
        for (var i = 0; i < template.Length; i++)
        {
            var isGroup = template[i] == '$' && i + 1 < template.Length && template[i + 1] is >= '1' and <= '9';
            if (!isGroup)
            {
                value.Append(template[i]);
            }
            else if (work.Matcher.Group(template[++i] - '0', out var range))
            {
                value.Append(text[range]);
            }
        }
        return NullIfEmpty(value.ToString().Trim());
    }

    private static string? Group(Work work, int number, ReadOnlySpan<char> text) =>
        work.Matcher.Group(number, out var range) ? text[range].ToString() : null;

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    /// <summary>The working memory of one thread.</summary>
    private sealed class Work(RuleTable table)
    {
        public RuleMatcher Matcher { get; } = new(table);

        public ulong[] Found { get; } = new ulong[table.Literals.LiteralWords];

        public ulong[] Candidates { get; } = new ulong[table.Literals.RuleWords];
    }
}

/// <summary>A browser or operating system as named by the rules; null means unknown.</summary>
/// <param name="Family">Never null: <see cref="ParsedUserAgent.Unknown"/> when no rule matches.</param>
internal sealed record VersionedFamily(string Family, string? Major, string? Minor, string? Patch, string? PatchMinor);

/// <summary>A device as named by the rules; null means unknown.</summary>
/// <param name="Family">Never null: <see cref="ParsedUserAgent.Unknown"/> when no rule matches.</param>
internal sealed record DeviceFamily(string Family, string? Brand, string? Model);

/// <summary>The result of the uap-core rules for one user agent.</summary>
internal sealed record ParsedUserAgent(VersionedFamily Browser, VersionedFamily Os, DeviceFamily Device)
{
    /// <summary>The family when no rule matches (uap-core specification).</summary>
    public const string Unknown = "Other";
}
