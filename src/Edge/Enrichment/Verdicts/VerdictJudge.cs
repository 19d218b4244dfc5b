using Edge.Events;
using Edge.Formats;
using Edge.Requests;
using Edge.Telemetry;

namespace Edge.Enrichment.Verdicts;

/// <summary>The rules of a table that a user agent satisfies.</summary>
internal readonly record struct AgentRules(VerdictTable Table, RuleSet Matched);

/// <summary>
/// Gives the verdict on requests and counts the matches of each rule. Never fails an event: when the rules could not be
/// loaded, or evaluation throws, the event gets no verdict and the failure is counted. Thread safe, allocates nothing.
/// The address is not stored. The rules can be replaced while requests run; each keeps those it began with.
/// </summary>
/// <param name="table">The rules; null when they could not be loaded.</param>
/// <param name="problems">Number of mistakes in their files.</param>
/// <param name="faults">Where failures are counted.</param>
internal sealed class VerdictJudge(VerdictTable? table, int problems, EnrichmentFaults faults)
{
    private volatile CountedRules _current = new(table, problems);

    /// <summary>Number of mistakes in the rule files.</summary>
    public int Problems => _current.Problems;

    /// <summary>The rules in force; empty when they could not be loaded.</summary>
    public IReadOnlyList<VerdictRule> Rules => _current.Table?.Rules ?? [];

    /// <summary>The rules in force that judge clicks later.</summary>
    public IReadOnlyList<LateRule> LateRules => _current.Table?.Late ?? [];

    /// <summary>Names of the headers that rules use.</summary>
    public IEnumerable<string> HeaderNames => _current.Table?.HeaderNames ?? [];

    /// <summary>
    /// Puts other rules in force. Rules that were there before, by their id, go on counting from where they were.
    /// </summary>
    public void Replace(VerdictTable table)
    {
        var next = new CountedRules(table, 0);
        next.CountOnFrom(_current);
        _current = next;
    }

    /// <summary>Notes how many mistakes a file has whose rules were not put in force.</summary>
    public void Refuse(int problems) => _current = _current.With(problems);

    /// <summary>Whether these matches are of the rules in force.</summary>
    public bool IsCurrent(in AgentRules? agent) => ReferenceEquals(agent?.Table, _current.Table);

    /// <summary>The rules that a user agent satisfies; null when the rules could not be loaded or failed.</summary>
    public AgentRules? MatchAgent(ReadOnlySpan<char> agent)
    {
        try
        {
            return _current.Table is { } table ? new AgentRules(table, table.MatchAgent(agent)) : null;
        }
        catch (Exception)
        {
            faults.Count(EnrichmentPart.Verdict);
            return null;
        }
    }

    /// <summary>The verdict on a request; <see cref="Verdict.Unjudged"/> when the rules fail.</summary>
    /// <param name="agent">Result of <see cref="MatchAgent"/> for its user agent.</param>
    /// <param name="address">The visitor's address.</param>
    /// <param name="headers">The headers, including those in <see cref="HeaderNames"/>.</param>
    /// <param name="scope">What is requested.</param>
    public Judgement Judge(
        AgentRules? agent,
        in ClientAddress address,
        ReadOnlySpan<HeaderLine> headers,
        VerdictScope scope
    )
    {
        try
        {
            if (agent is var (table, matched))
            {
                return table.Judge(matched, address.ToBits(out var isV4), isV4, headers, scope);
            }
        }
        catch (Exception)
        {
            // Whatever failed, losing the event would be worse than losing its verdict.
        }
        faults.Count(EnrichmentPart.Verdict);
        return default;
    }

    /// <summary>Counts the rules that gave the verdict of one event.</summary>
    public void Count(in Judgement judgement)
    {
        var current = _current;
        if (judgement.Rule is { } rule && current.Has(rule))
        {
            current.Enforced.Increment(rule.Index);
        }

        if (judgement.Shadow is { } shadow && current.Has(shadow))
        {
            current.Shadow.Increment(shadow.Index);
        }
    }

    /// <summary>Number of events whose verdict a rule gave.</summary>
    public long Enforced(VerdictRule rule) =>
        _current is var current && current.Has(rule) ? current.Enforced[rule.Index] : 0;

    /// <summary>Number of events whose verdict a rule in shadow would have given.</summary>
    public long Shadowed(VerdictRule rule) =>
        _current is var current && current.Has(rule) ? current.Shadow[rule.Index] : 0;

    /// <summary>Rules and how often each matched.</summary>
    private sealed class CountedRules
    {
        private CountedRules(VerdictTable? table, int problems, PaddedCounters enforced, PaddedCounters shadow)
        {
            Table = table;
            Problems = problems;
            Enforced = enforced;
            Shadow = shadow;
        }

        public CountedRules(VerdictTable? table, int problems)
            : this(
                table,
                problems,
                new PaddedCounters(table?.Rules.Count ?? 0),
                new PaddedCounters(table?.Rules.Count ?? 0)
            )
        { }

        public VerdictTable? Table { get; }

        public int Problems { get; }

        public PaddedCounters Enforced { get; }

        public PaddedCounters Shadow { get; }

        public CountedRules With(int problems) => new(Table, problems, Enforced, Shadow);

        /// <summary>Whether the rule is of this table: an event that began before a change may bring another's.</summary>
        public bool Has(VerdictRule rule) =>
            Table is { } table && rule.Index < table.Rules.Count && ReferenceEquals(table.Rules[rule.Index], rule);

        public void CountOnFrom(CountedRules before)
        {
            foreach (var rule in Table?.Rules ?? [])
            {
                if (before.Table?.Rules.FirstOrDefault(known => known.Id == rule.Id) is { } known)
                {
                    Enforced.Add(rule.Index, before.Enforced[known.Index]);
                    Shadow.Add(rule.Index, before.Shadow[known.Index]);
                }
            }
        }
    }
}
