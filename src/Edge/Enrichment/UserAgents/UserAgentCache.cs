using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Edge.Enrichment.Verdicts;

namespace Edge.Enrichment.UserAgents;

/// <summary>
/// Caches the facts of recently seen user agents in a four-way set-associative table of fixed size. The set is chosen
/// by a hash that is seeded per process, and the whole user agent is compared, so a client can neither choose which
/// entry to evict nor be mistaken for another. Within a set, entries that were not used again are evicted first, so a
/// flood of invented user agents leaves those of real visitors in the cache. Thread safe without locks: the facts of an
/// entry are immutable and each way is one reference; a lost race only costs a second parse. A cache hit allocates
/// nothing.
/// </summary>
internal sealed class UserAgentCache
{
    /// <summary>Number of sets, a power of two; real traffic has far fewer distinct user agents at any time.</summary>
    private const int Sets = 2_048;

    private const int Ways = 4;

    /// <summary>Parsed at start, to load the rules before the first visitor.</summary>
    private const string WarmUpAgent =
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36";

    private static readonly long Seed = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long)));

    private readonly Entry?[] _entries = new Entry?[Sets * Ways];
    private readonly Lazy<UserAgentParser> _parser;
    private readonly VerdictJudge _verdicts;
    private readonly EnrichmentFaults _faults;

    /// <summary>Spreads evictions over the ways; a lost increment does no harm.</summary>
    private int _turn;

    public UserAgentCache(VerdictJudge verdicts, EnrichmentFaults faults)
        : this(verdicts, faults, () => new UserAgentParser(RuleTable.Load())) { }

    /// <param name="verdicts">Finds the verdict rules that a user agent satisfies.</param>
    /// <param name="faults">Counts failures.</param>
    /// <param name="load">
    /// Loads the rules once, when they are first needed; if it fails, every event lacks the members they provide.
    /// </param>
    public UserAgentCache(VerdictJudge verdicts, EnrichmentFaults faults, Func<UserAgentParser> load)
    {
        _verdicts = verdicts;
        _faults = faults;
        _parser = new Lazy<UserAgentParser>(load);
    }

    /// <summary>Loads the rules, so that no request waits for them.</summary>
    public void Warm() => Read(WarmUpAgent);

    /// <summary>The facts of one user agent, given as the header's text.</summary>
    public UserAgentFacts Lookup(ReadOnlySpan<char> userAgent)
    {
        var text = UserAgentText.Cut(userAgent);
        var hash = (int)XxHash3.HashToUInt64(MemoryMarshal.AsBytes(text), Seed);
        var set = _entries.AsSpan((hash & (Sets - 1)) * Ways, Ways);
        foreach (ref var way in set)
        {
            if (Volatile.Read(ref way) is not { } known || !text.SequenceEqual(known.UserAgent))
            {
                continue;
            }
            if (!_verdicts.IsCurrent(known.Facts.VerdictRules))
            {
                var judged = Read(text);
                Volatile.Write(ref way, new Entry(known.UserAgent, judged));
                return judged;
            }
            // Written only when it changes, so that the cache line stays shared between cores.
            if (!known.WasUsedAgain)
            {
                known.WasUsedAgain = true;
            }

            return known.Facts;
        }
        var facts = Read(text);
        Volatile.Write(ref Victim(set), new Entry(text.ToString(), facts));
        return facts;
    }

    /// <summary>
    /// The way to replace: an empty one, else one whose entry was not used again, else the next in turn.
    /// </summary>
    private ref Entry? Victim(Span<Entry?> set)
    {
        foreach (ref var way in set)
        {
            if (Volatile.Read(ref way) is null)
            {
                return ref way;
            }
        }

        var turn = ++_turn;
        for (var i = 0; i < Ways; i++)
        {
            ref var way = ref set[(turn + i) & (Ways - 1)];
            if (Volatile.Read(ref way) is { WasUsedAgain: false })
            {
                return ref way;
            }
        }
        // All were used again: reset the marks (second-chance replacement).
        foreach (ref var way in set)
        {
            if (Volatile.Read(ref way) is { } entry)
            {
                entry.WasUsedAgain = false;
            }
        }

        return ref set[turn & (Ways - 1)];
    }

    private UserAgentFacts Read(ReadOnlySpan<char> text)
    {
        var facts = UserAgentFacts.Read(text) with { VerdictRules = _verdicts.MatchAgent(text) };
        if (text.IsEmpty)
        {
            return facts;
        }

        try
        {
            return UserAgentDetails.AddTo(facts, _parser.Value.Parse(UserAgentText.Of(text)));
        }
        catch (Exception)
        {
            // Whatever failed, losing the event would be worse than losing these members.
            _faults.Count(EnrichmentPart.UserAgent);
            return facts;
        }
    }

    private sealed class Entry(string userAgent, UserAgentFacts facts)
    {
        public string UserAgent { get; } = userAgent;

        public UserAgentFacts Facts { get; } = facts;

        public bool WasUsedAgain { get; set; }
    }
}
