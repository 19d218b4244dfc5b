using Edge.Enrichment.UserAgents;

namespace Edge.Enrichment.Verdicts;

/// <summary>
/// Finds the rules that a user agent satisfies. One pass over the text finds every token of every rule, by a hash of
/// three lower-case characters, so the cost does not depend on the number of rules. Immutable, thread safe, allocates
/// nothing.
/// </summary>
internal sealed class AgentTokens
{
    /// <summary>Shortest token, characters; shorter ones would occur in half of all user agents.</summary>
    public const int TokenCharsMin = 3;

    /// <summary>Longest token, characters.</summary>
    public const int TokenCharsMax = 128;

    private const int Buckets = 2_048;

    private readonly Token[] _tokens;

    /// <summary>
    /// Number of the first token of each bucket; <see cref="_next"/> has the next one of each token. Numbered from 1; 0
    /// means none.
    /// </summary>
    private readonly ushort[] _first = new ushort[Buckets];
    private readonly ushort[] _next;
    private readonly (string Agent, RuleSet Rules)[] _whole;
    private readonly RuleSet _always;

    /// <param name="rules">The rules, in order of their index.</param>
    public AgentTokens(IReadOnlyList<VerdictRule> rules)
    {
        var tokens = new List<Token>();
        var whole = new Dictionary<string, RuleSet>(StringComparer.Ordinal);
        for (var number = 0; number < rules.Count; number++)
        {
            var rule = rules[number];
            if (!rule.LooksAtAgent)
            {
                _always = _always.With(number);
            }

            string[] except = [.. rule.AgentExcept.Select(Lower)];
            foreach (var text in rule.AgentContains)
            {
                tokens.Add(new Token(Lower(text), EndsWord: false, except, number));
            }

            foreach (var text in rule.AgentWordEnds)
            {
                tokens.Add(new Token(Lower(text), EndsWord: true, except, number));
            }

            foreach (var agent in rule.AgentIs)
            {
                whole[agent] = whole.GetValueOrDefault(agent).With(number);
            }
        }
        _tokens = [.. tokens];
        _whole = [.. whole.Select(pair => (pair.Key, pair.Value))];
        _next = new ushort[_tokens.Length];
        for (var i = 0; i < _tokens.Length; i++)
        {
            ref var first = ref _first[BucketOf(_tokens[i].Text)];
            (_next[i], first) = (first, checked((ushort)(i + 1)));
        }
    }

    /// <summary>
    /// The rules whose condition on the user agent is met, and those without one. The text is truncated to
    /// <see cref="UserAgentText.MaxBytes"/>.
    /// </summary>
    public RuleSet Match(ReadOnlySpan<char> agent)
    {
        agent = UserAgentText.Cut(agent);
        var found = _always;
        foreach (var (text, rules) in _whole)
        {
            if (agent.SequenceEqual(text))
            {
                found |= rules;
            }
        }

        Span<char> room = stackalloc char[UserAgentText.MaxBytes];
        var folded = room[..agent.Length];
        for (var i = 0; i < agent.Length; i++)
        {
            folded[i] = Lower(agent[i]);
        }

        for (var at = 0; at + TokenCharsMin <= folded.Length; at++)
        {
            for (var number = (int)_first[BucketOf(folded[at..])]; number != 0; number = _next[number - 1])
            {
                if (OccursAt(_tokens[number - 1], folded, at))
                {
                    found = found.With(_tokens[number - 1].Rule);
                }
            }
        }
        return found;
    }

    private static bool OccursAt(Token token, ReadOnlySpan<char> folded, int at)
    {
        if (!folded[at..].StartsWith(token.Text, StringComparison.Ordinal))
        {
            return false;
        }

        var end = at + token.Text.Length;
        if (token.EndsWord && end < folded.Length && char.IsAsciiLetterLower(folded[end]))
        {
            return false;
        }

        foreach (var word in token.Except)
        {
            if (folded[..end].EndsWith(word, StringComparison.Ordinal))
            {
                return false;
            }
        }

        return true;
    }

    private static int BucketOf(ReadOnlySpan<char> text) =>
        (int)(((uint)text[0] | (uint)text[1] << 8 | (uint)text[2] << 16) * 0x9E37_79B1u >> 21);

    private static string Lower(string text) =>
        string.Create(
            text.Length,
            text,
            static (room, source) =>
            {
                for (var i = 0; i < room.Length; i++)
                {
                    room[i] = Lower(source[i]);
                }
            }
        );

    private static char Lower(char c) => char.IsAsciiLetterUpper(c) ? (char)(c | 0x20) : c;

    /// <summary>One text that belongs to one rule.</summary>
    private sealed record Token(string Text, bool EndsWord, string[] Except, int Rule);
}
