using Edge.Corrections;
using Edge.Enrichment.Verdicts;
using Edge.Events;

namespace Edge.Tests.Corrections;

/// <summary>A judge that reads a story, and what it finds.</summary>
internal sealed class Judged
{
    public const long WindowMs = 300_000;

    private readonly EventIds _ids = new(TimeProvider.System);
    private readonly IReadOnlyList<LateRule> _rules;
    private readonly HashSet<ulong> _decoys;
    private readonly List<Correction> _found = [];
    private readonly Dictionary<EventId, Seen> _seen = [];

    public Judged(IReadOnlyList<LateRule> rules, long bytesMax = 64 << 20, params string[] decoys)
    {
        _rules = rules;
        _decoys = [.. decoys.Select(link => ObservedEvent.ExperimentOf(System.Text.Encoding.UTF8.GetBytes("exp_" + link)))];
        Judge = new LateJudge(WindowMs, bytesMax);
    }

    public LateJudge Judge { get; }

    public IReadOnlyList<Correction> Found => _found;

    /// <summary>The built-in rules, those for bursts enforced or in shadow.</summary>
    public static IReadOnlyList<LateRule> BuiltIn(bool excludesBursts) =>
        VerdictRules.Load(VerdictRuleOptions.Default with { ExcludesBursts = excludesBursts }).Table!.Late;

    public static IReadOnlyList<LateRule> Only(string rule, bool excludesBursts = true) =>
        [.. BuiltIn(excludesBursts).Where(candidate => candidate.Id == rule || candidate.Scope == LateScope.Visit)];

    public Judged Read(params IEnumerable<Seen> events)
    {
        foreach (var e in events)
        {
            var id = _ids.Next(e.At);
            _seen[id] = e;
            Judge.Use(_rules);
            Judge.Observe(e.Encode(id), id, _decoys, e.At.ToUnixTimeMilliseconds(), _found);
        }

        return this;
    }

    public Seen Of(Correction correction) => _seen[correction.Click.Id];

    /// <summary>What is left of the corrections: the clicks that are taken back in the end.</summary>
    public HashSet<EventId> TakenBack()
    {
        var taken = new HashSet<EventId>();
        foreach (var correction in _found.Where(static correction => !correction.IsShadow))
        {
            _ = correction.Verdict.IsMachine() ? taken.Add(correction.Click.Id) : taken.Remove(correction.Click.Id);
        }

        return taken;
    }

    /// <summary>
    /// The corrections in order, for example <c>scanner a b c by link_burst; human a by visit_followed</c>; a rule in shadow
    /// stands in brackets.
    /// </summary>
    public string Text()
    {
        var parts = new List<string>();
        foreach (var correction in _found)
        {
            var verdict = VerdictNames.Of(correction.Verdict);
            var head = correction.IsShadow ? $"[{correction.Rule.Id}]" : $"{verdict} by {correction.Rule.Id}:";
            if (parts.Count > 0 && parts[^1].StartsWith(head, StringComparison.Ordinal))
            {
                parts[^1] += " " + Of(correction).Link;
            }
            else
            {
                parts.Add($"{head} {Of(correction).Link}");
            }
        }

        return string.Join("; ", parts.Select(Sorted));
    }

    /// <summary>The links of one part in order: within one decision it does not matter.</summary>
    private static string Sorted(string part)
    {
        var words = part.Split(' ');
        var at = Array.FindIndex(words, static word => word.EndsWith(':') || word.EndsWith(']')) + 1;
        return string.Join(' ', [.. words[..at], .. words[at..].Order(StringComparer.Ordinal)]);
    }
}
