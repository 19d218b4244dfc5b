using Edge.Events;
using Edge.Formats;

namespace Edge.Enrichment.Verdicts;

/// <summary>
/// The compiled verdict rules. User agent, network and headers each yield the set of rules they satisfy, and the first
/// rule in all three sets and in scope decides. Rules are in file order, the operator's own rules first. Immutable,
/// thread safe, allocates nothing per request.
/// </summary>
internal sealed class VerdictTable
{
    private readonly VerdictRule[] _rules;
    private readonly AgentTokens _agents;
    private readonly NetworkTable _networks;
    private readonly HeaderRule[] _headers;
    private readonly RuleSet _withoutNetwork;
    private readonly RuleSet _withoutHeader;
    private readonly RuleSet _enforced;
    private readonly RuleSet[] _byScope = new RuleSet[(int)VerdictScope.All + 1];

    /// <param name="rules">At most <see cref="RuleSet.Capacity"/>.</param>
    public VerdictTable(IReadOnlyList<VerdictRule> rules)
    {
        _rules = new VerdictRule[rules.Count];
        for (var i = 0; i < _rules.Length; i++)
        {
            _rules[i] = rules[i].WithIndex(i);
        }

        _agents = new AgentTokens(_rules);
        _networks = new NetworkTable(_rules);
        var headers = new Dictionary<string, List<(string, int)>>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < _rules.Length; i++)
        {
            var rule = _rules[i];
            if (rule.Networks.Count == 0)
            {
                _withoutNetwork = _withoutNetwork.With(i);
            }

            if (rule.Header.Length == 0)
            {
                _withoutHeader = _withoutHeader.With(i);
            }

            if (rule.IsEnforced)
            {
                _enforced = _enforced.With(i);
            }

            for (var scope = 1; scope < _byScope.Length; scope++)
            {
                if (((int)rule.Scopes & scope) != 0)
                {
                    _byScope[scope] = _byScope[scope].With(i);
                }
            }

            if (rule.Header.Length == 0)
            {
                continue;
            }

            if (!headers.TryGetValue(rule.Header, out var needles))
            {
                headers[rule.Header] = needles = [];
            }

            foreach (var text in rule.HeaderContains)
            {
                needles.Add((text, i));
            }
        }
        _headers = [.. headers.Select(pair => new HeaderRule(pair.Key, [.. pair.Value]))];
    }

    public IReadOnlyList<VerdictRule> Rules => _rules;

    /// <summary>The rules that judge clicks later, in order; the table itself does not look at them.</summary>
    public IReadOnlyList<LateRule> Late { get; init; } = [];

    /// <summary>Names of the headers that rules use.</summary>
    public IEnumerable<string> HeaderNames => _headers.Select(header => header.Name);

    /// <summary>
    /// The rules that a user agent satisfies; depends on nothing else, so it can be cached with the user agent.
    /// </summary>
    public RuleSet MatchAgent(ReadOnlySpan<char> agent) => _agents.Match(agent);

    /// <summary>Judges a request.</summary>
    /// <param name="agent">Result of <see cref="MatchAgent"/> for its user agent.</param>
    /// <param name="address">The visitor's address as bits.</param>
    /// <param name="isV4">Whether the address is IPv4, with 32 bits.</param>
    /// <param name="headers">Its headers.</param>
    /// <param name="scope">What is requested.</param>
    public Judgement Judge(
        in RuleSet agent,
        UInt128 address,
        bool isV4,
        ReadOnlySpan<HeaderLine> headers,
        VerdictScope scope
    )
    {
        var matched = agent & (_withoutNetwork | _networks.Find(address, isV4)) & _byScope[(int)scope];
        if (!matched.IsEmpty)
        {
            matched &= MatchHeaders(headers);
        }

        if (matched.IsEmpty)
        {
            return new Judgement(Verdict.Human, null, null);
        }

        var first = matched.First;
        if (_rules[first].IsEnforced)
        {
            return new Judgement(_rules[first].Verdict, _rules[first], null);
        }

        var enforced = (matched & _enforced).First;
        var rule = enforced < _rules.Length ? _rules[enforced] : null;
        return new Judgement(rule?.Verdict ?? Verdict.Human, rule, _rules[first]);
    }

    private RuleSet MatchHeaders(ReadOnlySpan<HeaderLine> headers)
    {
        var matched = _withoutHeader;
        foreach (ref readonly var line in headers)
        {
            foreach (var header in _headers)
            {
                if (!line.Is(header.Name))
                {
                    continue;
                }

                foreach (var (text, rule) in header.Needles)
                {
                    if (line.Value.Span.Contains(text, StringComparison.OrdinalIgnoreCase))
                    {
                        matched = matched.With(rule);
                    }
                }
            }
        }
        return matched;
    }

    /// <summary>The texts that rules search for in one header.</summary>
    private sealed record HeaderRule(string Name, (string Text, int Rule)[] Needles);
}
