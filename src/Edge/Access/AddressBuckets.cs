namespace Edge.Access;

/// <summary>
/// Limits requests per second with a burst, one token bucket per scope and client address: for keys that are no secret,
/// so that whoever copies one uses up no other sender's share. IPv6 counts by /64, and by the enclosing /56 and /48
/// with higher limits. The buckets are in a four-way set-associative table of fixed size; when the four of an address are
/// taken, the fullest bucket is replaced, so a flood of addresses can let requests through but never refuses others. An
/// entry holds a keyed hash, never the address. Thread safe, lock-free, allocates nothing.
/// </summary>
internal sealed class AddressBuckets
{
    /// <summary>Number of buckets: 1 MiB in total.</summary>
    public const int Entries = 1 << 17;

    private const int Ways = 4;

    // Layout of an entry: 20 bits of the hash, and the instant at which the bucket is full again, 44 bits of
    // microseconds, which come round in half a year.
    private const int TimeBits = 44;
    private const int TagBits = 64 - TimeBits;
    private const ulong TimeMask = (1UL << TimeBits) - 1;

    private readonly ulong[] _entries = new ulong[Entries];
    private readonly AddressHash _hash = new();
    private readonly TimeProvider _time;
    private readonly long _startedAt;
    private readonly long _interval;
    private readonly long _depth;

    /// <param name="perSecond">Sustained requests per second; 0 means unlimited.</param>
    /// <param name="burst">Requests allowed at once, at least 1.</param>
    /// <param name="time">The clock.</param>
    public AddressBuckets(int perSecond, int burst, TimeProvider time)
    {
        _time = time;
        _startedAt = time.GetTimestamp();
        _interval = perSecond > 0 ? Math.Max(1, (long)TimeSpan.FromSeconds(1).TotalMicroseconds / perSecond) : 0;
        _depth = _interval * burst;
    }

    /// <summary>
    /// Takes one token. When a bucket is empty, returns false and the number of seconds to wait, at least 1.
    /// </summary>
    /// <param name="scope">What has buckets of its own, such as a project.</param>
    /// <param name="address">IPv4 in the low 32 bits, or IPv6.</param>
    /// <param name="isV4">Whether the address is IPv4.</param>
    /// <param name="retryAfter">Seconds to wait.</param>
    public bool TryTake(string scope, UInt128 address, bool isV4, out int retryAfter)
    {
        retryAfter = 0;
        if (_interval == 0)
        {
            return true;
        }

        var now = _time.GetElapsedTime(_startedAt).Ticks / TimeSpan.TicksPerMicrosecond;
        var scopeHash = (ulong)(uint)scope.GetHashCode(StringComparison.Ordinal) << 32;
        if (isV4)
        {
            return TryTake(_hash.OfV4((uint)address, scopeHash), _interval, now, out retryAfter);
        }

        foreach (var (bits, factor) in AddressHash.Prefixes)
        {
            if (!TryTake(_hash.OfV6(address, bits, scopeHash), Math.Max(1, _interval / factor), now, out retryAfter))
            {
                return false;
            }
        }

        return true;
    }

    private bool TryTake(ulong hash, long interval, long now, out int retryAfter)
    {
        retryAfter = 0;
        var set = _entries.AsSpan((int)(hash % (Entries / Ways)) * Ways, Ways);
        var tag = hash >> TimeBits;
        while (true)
        {
            ref var entry = ref Find(set, tag, now);
            var current = Volatile.Read(ref entry);
            var wait = current >> TimeBits == tag ? UntilFull(current, now) : 0;
            var excess = wait + interval - _depth;
            if (excess > 0)
            {
                retryAfter = (int)Math.Max(1, (excess + 999_999) / 1_000_000);
                return false;
            }

            var next = tag << TimeBits | (ulong)(now + wait + interval) & TimeMask;
            if (Interlocked.CompareExchange(ref entry, next, current) == current)
            {
                return true;
            }
        }
    }

    /// <summary>Microseconds until a bucket is full; 0 for one that is, or that was left long ago.</summary>
    private long UntilFull(ulong entry, long now)
    {
        var wait = (long)((entry - (ulong)now) << TagBits) >> TagBits;
        return wait > 0 && wait <= _depth ? wait : 0;
    }

    /// <summary>The bucket of a hash, else the fullest one.</summary>
    private ref ulong Find(Span<ulong> set, ulong tag, long now)
    {
        var best = 0;
        var bestWait = long.MaxValue;
        for (var i = 0; i < set.Length; i++)
        {
            var current = Volatile.Read(ref set[i]);
            if (current >> TimeBits == tag)
            {
                return ref set[i];
            }

            var wait = UntilFull(current, now);
            if (wait < bestWait)
            {
                (best, bestWait) = (i, wait);
            }
        }
        return ref set[best];
    }
}
