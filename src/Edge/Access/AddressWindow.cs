namespace Edge.Access;

/// <summary>
/// Limits requests per client address in fixed windows of one minute (spec 1.9). IPv4 counts by address; IPv6 counts by
/// /64, and by the enclosing /56 and /48 with higher limits, because a subscriber is assigned such a prefix. The
/// counters are in a four-way set-associative table of fixed size; when the four entries of an address are taken, the
/// one with the lowest count is replaced. An entry holds a keyed hash, never the address. A flood of addresses can
/// therefore evict counters, which lets requests through, but never causes other clients to be refused. Thread safe,
/// lock-free, allocates nothing.
/// </summary>
internal sealed class AddressWindow(int perMinute, TimeProvider time)
{
    /// <summary>Number of entries: 2 MiB in total.</summary>
    public const int Entries = 1 << 18;

    private const int Ways = 4;
    private const int WindowSeconds = 60;

    private const int CountBits = 24;
    private const int WindowBits = 12;
    private const ulong CountMask = (1UL << CountBits) - 1;
    private const ulong WindowMask = (1UL << WindowBits) - 1;

    // Layout of an entry: 28 bits of the hash, 12 of the window, 24 of the count.
    private readonly ulong[] _entries = new ulong[Entries];
    private readonly AddressHash _hash = new();

    /// <summary>Counts one request from an address.</summary>
    /// <param name="address">IPv4 in the low 32 bits, or IPv6.</param>
    /// <param name="isV4">Whether the address is IPv4.</param>
    public RateDecision Count(UInt128 address, bool isV4)
    {
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        var window = now / WindowSeconds;
        var resetAt = (window + 1) * WindowSeconds;
        var remaining = perMinute;
        if (isV4)
        {
            remaining -= Add(_hash.OfV4((uint)address), window);
        }
        else
        {
            foreach (var (bits, factor) in AddressHash.Prefixes)
            {
                remaining = Math.Min(remaining, perMinute * factor - Add(_hash.OfV6(address, bits), window));
                // Requests that are refused must not use up the limit that a subscriber shares with neighbours.
                if (remaining < 0)
                {
                    break;
                }
            }
        }
        return new RateDecision(remaining >= 0, perMinute, Math.Max(0, remaining), resetAt, (int)(resetAt - now));
    }

    /// <summary>Counts one request and returns the count in this window.</summary>
    private int Add(ulong hash, long window)
    {
        var set = _entries.AsSpan((int)(hash % (Entries / Ways)) * Ways, Ways);
        var tag = hash >> (CountBits + WindowBits);
        var stamp = (ulong)window & WindowMask;
        while (true)
        {
            ref var entry = ref Find(set, tag, stamp);
            var current = Volatile.Read(ref entry);
            var isOurs = current >> (CountBits + WindowBits) == tag && (current >> CountBits & WindowMask) == stamp;
            var count = isOurs ? Math.Min((current & CountMask) + 1, CountMask) : 1;
            var next = tag << (CountBits + WindowBits) | stamp << CountBits | count;
            if (Interlocked.CompareExchange(ref entry, next, current) == current)
            {
                return (int)count;
            }
        }
    }

    /// <summary>
    /// The entry for a hash: its own, else one from an earlier window, else the one with the lowest count.
    /// </summary>
    private static ref ulong Find(Span<ulong> set, ulong tag, ulong stamp)
    {
        var best = 0;
        var bestCount = ulong.MaxValue;
        for (var i = 0; i < set.Length; i++)
        {
            var current = Volatile.Read(ref set[i]);
            var isNow = (current >> CountBits & WindowMask) == stamp && current != 0;
            if (isNow && current >> (CountBits + WindowBits) == tag)
            {
                return ref set[i];
            }

            var count = isNow ? current & CountMask : 0;
            if (count < bestCount)
            {
                (best, bestCount) = (i, count);
            }
        }
        return ref set[best];
    }
}
