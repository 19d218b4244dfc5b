namespace Edge.Enrichment;

/// <summary>
/// Remembers the facts of user agents seen lately. A fixed table with one place per hash: a newcomer replaces whoever stands there,
/// so nobody can make it grow, and a flood of invented user agents costs their own parse and no more. Thread safe without locks:
/// an entry is immutable and its place is one reference; a lost race only costs a second parse.
/// </summary>
internal sealed class UserAgentCache
{
    /// <summary>Places in the table, a power of two; real traffic has far fewer distinct user agents at any time.</summary>
    private const int Places = 8_192;

    /// <summary>Characters of a user agent that are looked at; longer ones are cut, so that no input costs more.</summary>
    public const int UserAgentMaxChars = 512;

    private readonly Entry?[] _entries = new Entry?[Places];

    /// <summary>The facts of one user agent, given as the header's text.</summary>
    public UserAgentFacts Lookup(string? userAgent)
    {
        var text = userAgent.AsSpan();
        if (text.Length > UserAgentMaxChars) text = text[..UserAgentMaxChars];
        // string.GetHashCode is seeded per process, so places cannot be chosen from outside.
        ref var place = ref _entries[string.GetHashCode(text) & (Places - 1)];
        if (Volatile.Read(ref place) is { } known && text.SequenceEqual(known.UserAgent)) return known.Facts;

        var facts = UserAgentFacts.Read(text);
        Volatile.Write(ref place, new Entry(text.ToString(), facts));
        return facts;
    }

    private sealed record Entry(string UserAgent, UserAgentFacts Facts);
}
