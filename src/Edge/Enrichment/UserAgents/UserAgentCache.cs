using Edge.Enrichment.Verdicts;

namespace Edge.Enrichment.UserAgents;

/// <summary>
/// Remembers the facts of user agents seen lately. A fixed table of sets of four places: nobody can make it grow. Where
/// a user agent goes is decided by a hash that is seeded per process, and it is compared as a whole, so nobody can
/// choose whom to displace or be taken for another. Within a set, who was not asked for again is displaced first, so a
/// flood of invented user agents leaves those of real visitors in place and costs its own parse. Thread safe without
/// locks: an entry is immutable and its place is one reference; a lost race only costs a second parse. A known user
/// agent allocates nothing.
/// </summary>
internal sealed class UserAgentCache
{
    /// <summary>Sets of places, a power of two; real traffic has far fewer distinct user agents at any time.</summary>
    private const int Sets = 2_048;

    private const int Ways = 4;

    /// <summary>What the rules are loaded with ahead of the first visitor.</summary>
    private const string WarmUpAgent =
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36";

    private readonly Entry?[] _entries = new Entry?[Sets * Ways];
    private readonly Lazy<UserAgentParser> _parser;
    private readonly VerdictJudge _verdicts;
    private readonly EnrichmentFaults _faults;

    /// <summary>Spreads displacements over the places; a lost increment does no harm.</summary>
    private int _turn;

    public UserAgentCache(VerdictJudge verdicts, EnrichmentFaults faults)
        : this(verdicts, faults, () => new UserAgentParser(RuleTable.Load())) { }

    /// <param name="verdicts">Says which rules of the verdict a user agent satisfies.</param>
    /// <param name="faults">Counts what fails.</param>
    /// <param name="load">Loads the rules, once, when they are first needed; a failure costs every event the members
    /// they give.</param>
    public UserAgentCache(VerdictJudge verdicts, EnrichmentFaults faults, Func<UserAgentParser> load)
    {
        _verdicts = verdicts;
        _faults = faults;
        _parser = new Lazy<UserAgentParser>(load);
    }

    /// <summary>Loads the rules, so that no visitor waits for them.</summary>
    public void Warm() => Read(WarmUpAgent);

    /// <summary>The facts of one user agent, given as the header's text.</summary>
    public UserAgentFacts Lookup(ReadOnlySpan<char> userAgent)
    {
        var text = UserAgentText.Cut(userAgent);
        var set = _entries.AsSpan((string.GetHashCode(text) & (Sets - 1)) * Ways, Ways);
        foreach (ref var place in set)
        {
            if (Volatile.Read(ref place) is not { } known || !text.SequenceEqual(known.UserAgent))
            {
                continue;
            }
            // Written only when it changes: the line stays shared between cores.
            if (!known.WasAskedAgain)
            {
                known.WasAskedAgain = true;
            }

            return known.Facts;
        }
        var facts = Read(text);
        Volatile.Write(ref Victim(set), new Entry(text.ToString(), facts));
        return facts;
    }

    /// <summary>An empty place, else one whose holder was not asked for again, else the next in turn.</summary>
    private ref Entry? Victim(Span<Entry?> set)
    {
        foreach (ref var place in set)
        {
            if (Volatile.Read(ref place) is null)
            {
                return ref place;
            }
        }

        var turn = ++_turn;
        for (var i = 0; i < Ways; i++)
        {
            ref var place = ref set[(turn + i) & (Ways - 1)];
            if (Volatile.Read(ref place) is { WasAskedAgain: false })
            {
                return ref place;
            }
        }
        // Everyone was asked for again: all have to prove it anew.
        foreach (ref var place in set)
        {
            if (Volatile.Read(ref place) is { } entry)
            {
                entry.WasAskedAgain = false;
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
            // Whatever it was, the event is worth more than these members.
            _faults.Count(EnrichmentPart.UserAgent);
            return facts;
        }
    }

    private sealed class Entry(string userAgent, UserAgentFacts facts)
    {
        public string UserAgent { get; } = userAgent;

        public UserAgentFacts Facts { get; } = facts;

        public bool WasAskedAgain { get; set; }
    }
}
