using Edge.Events;
using Edge.Formats;
using Edge.Requests;
using Edge.Telemetry;

namespace Edge.Enrichment.Verdicts;

/// <summary>
/// Gives the verdict on requests and counts the matches of each rule. Never fails an event: when the rules could not be
/// loaded, or evaluation throws, the event gets no verdict and the failure is counted. Thread safe, allocates nothing.
/// The address is not stored.
/// </summary>
internal sealed class VerdictJudge(VerdictTable? table, int problems, EnrichmentFaults faults)
{
    private readonly PaddedCounters _enforced = new(table?.Rules.Count ?? 0);
    private readonly PaddedCounters _shadow = new(table?.Rules.Count ?? 0);

    /// <summary>Number of mistakes in the rule files.</summary>
    public int Problems => problems;

    /// <summary>The rules in force; empty when they could not be loaded.</summary>
    public IReadOnlyList<VerdictRule> Rules => table?.Rules ?? [];

    /// <summary>Names of the headers that rules use.</summary>
    public IEnumerable<string> HeaderNames => table?.HeaderNames ?? [];

    /// <summary>The rules that a user agent satisfies; null when the rules could not be loaded or failed.</summary>
    public RuleSet? MatchAgent(ReadOnlySpan<char> agent)
    {
        try
        {
            return table?.MatchAgent(agent);
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
        RuleSet? agent,
        in ClientAddress address,
        ReadOnlySpan<HeaderLine> headers,
        VerdictScope scope
    )
    {
        try
        {
            if (table is not null && agent is { } matched)
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
        if (judgement.Rule is { } rule)
        {
            _enforced.Increment(rule.Index);
        }

        if (judgement.Shadow is { } shadow)
        {
            _shadow.Increment(shadow.Index);
        }
    }

    /// <summary>Number of events whose verdict a rule gave.</summary>
    public long Enforced(VerdictRule rule) => _enforced[rule.Index];

    /// <summary>Number of events whose verdict a rule in shadow would have given.</summary>
    public long Shadowed(VerdictRule rule) => _shadow[rule.Index];
}
