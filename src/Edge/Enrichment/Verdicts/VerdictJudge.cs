using Edge.Requests;

namespace Edge.Enrichment.Verdicts;

/// <summary>
/// Gives the verdict on requests and counts the matches of each rule. Never fails an event: when the rules could not be
/// loaded, or evaluation throws, the event gets no verdict and the failure is counted. Thread safe, allocates nothing.
/// The address is not stored.
/// </summary>
internal sealed class VerdictJudge(VerdictTable? table, int problems, EnrichmentFaults faults)
{
    /// <summary>Longs per counter: one cache line of 64 bytes, which avoids false sharing.</summary>
    private const int Stride = 8;

    private readonly long[] _enforced = new long[(table?.Rules.Count ?? 0) * Stride];
    private readonly long[] _shadow = new long[(table?.Rules.Count ?? 0) * Stride];

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
    /// <param name="headers">The headers.</param>
    /// <param name="scope">What is requested.</param>
    public Judgement Judge(RuleSet? agent, in ClientAddress address, IHeaderDictionary headers, VerdictScope scope)
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
            Interlocked.Increment(ref _enforced[rule.Index * Stride]);
        }

        if (judgement.Shadow is { } shadow)
        {
            Interlocked.Increment(ref _shadow[shadow.Index * Stride]);
        }
    }

    /// <summary>Number of events whose verdict a rule gave.</summary>
    public long Enforced(VerdictRule rule) => Volatile.Read(ref _enforced[rule.Index * Stride]);

    /// <summary>Number of events whose verdict a rule in shadow would have given.</summary>
    public long Shadowed(VerdictRule rule) => Volatile.Read(ref _shadow[rule.Index * Stride]);
}
