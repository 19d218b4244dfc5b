using System.Text.RegularExpressions;
using Edge.Enrichment.UserAgents;
using Edge.RuleCompiler;

namespace Edge.Tests.Enrichment.UserAgents;

/// <summary>
/// The uap-core specification word for word: every rule of a section in order with the platform's regular expressions,
/// the first match decides. Slow; what the parser is compared with.
/// </summary>
internal sealed partial class NaiveParser
{
    private readonly (Regex Regex, Rule Rule)[] _browsers;
    private readonly (Regex Regex, Rule Rule)[] _systems;
    private readonly (Regex Regex, Rule Rule)[] _devices;

    public NaiveParser(Dictionary<string, List<Rule>> rules)
    {
        _browsers = Compile(rules["user_agent_parsers"]);
        _systems = Compile(rules["os_parsers"]);
        _devices = Compile(rules["device_parsers"]);
    }

    public ParsedUserAgent Parse(string text) =>
        new(
            Versioned(_browsers, RuleFile.BrowserFields, text),
            Versioned(_systems, RuleFile.OsFields, text),
            Device(text)
        );

    private static (Regex Regex, Rule Rule)[] Compile(List<Rule> rules) =>
        [
            .. rules.Select(rule =>
                (
                    new Regex(
                        rule.Pattern,
                        RegexOptions.CultureInvariant | (rule.IgnoresCase ? RegexOptions.IgnoreCase : RegexOptions.None)
                    ),
                    rule
                )
            ),
        ];

    private static (Match Match, Rule Rule)? First((Regex Regex, Rule Rule)[] section, string text)
    {
        foreach (var (regex, rule) in section)
        {
            if (regex.Match(text) is { Success: true } match)
            {
                return (match, rule);
            }
        }

        return null;
    }

    private static VersionedFamily Versioned((Regex Regex, Rule Rule)[] section, string[] fields, string text)
    {
        if (First(section, text) is not var (match, rule))
        {
            return new("Other", null, null, null, null);
        }

        var values = fields
            .Select(
                (field, index) =>
                    NullIfEmpty(
                        rule.Template(field) is { } template ? Expand(template, match) : match.Groups[index + 1].Value
                    )
            )
            .ToArray();
        return new(values[0] ?? "Other", values[1], values[2], values[3], values[4]);
    }

    private DeviceFamily Device(string text)
    {
        if (First(_devices, text) is not var (match, rule))
        {
            return new("Other", null, null);
        }

        var first = NullIfEmpty(match.Groups[1].Value.Trim());
        var family = rule.Template("device_replacement") is { } device ? NullIfEmpty(Expand(device, match)) : first;
        var brand = rule.Template("brand_replacement") is { } maker ? NullIfEmpty(Expand(maker, match)) : null;
        var model = rule.Template("model_replacement") is { } name ? NullIfEmpty(Expand(name, match)) : first;
        return new(family ?? "Other", brand, model);
    }

    private static string Expand(string template, Match match) =>
        Place().Replace(template, place => match.Groups[place.Value[1] - '0'].Value).Trim();

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;

    [GeneratedRegex(@"\$[1-9]")]
    private static partial Regex Place();
}
