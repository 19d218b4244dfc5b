using System.Collections.Concurrent;

namespace Edge.Access;

/// <summary>
/// Limits requests per second with a burst, one token bucket per name (spec 1.9). Names are projects or ids of issued
/// keys, so their number is bounded. A bucket is stored as the instant at which it will be full again (generic cell
/// rate algorithm). Thread safe, lock-free.
/// </summary>
internal sealed class TokenBuckets
{
    private readonly ConcurrentDictionary<string, Bucket> _buckets = new(StringComparer.Ordinal);
    private readonly TimeProvider _time;
    private readonly long _interval;
    private readonly long _depth;

    /// <param name="perSecond">Sustained requests per second; 0 means unlimited.</param>
    /// <param name="burst">Requests allowed at once, at least 1.</param>
    /// <param name="time">The clock.</param>
    public TokenBuckets(int perSecond, int burst, TimeProvider time)
    {
        _time = time;
        _interval = perSecond > 0 ? Math.Max(1, time.TimestampFrequency / perSecond) : 0;
        _depth = _interval * burst;
    }

    /// <summary>
    /// Takes one token. When the bucket is empty, returns false and the number of seconds to wait, at least 1.
    /// </summary>
    public bool TryTake(string name, out int retryAfter)
    {
        retryAfter = 0;
        if (_interval == 0)
        {
            return true;
        }

        var bucket = _buckets.GetOrAdd(name, static _ => new Bucket());
        var now = _time.GetTimestamp();
        while (true)
        {
            var fullAt = Volatile.Read(ref bucket.FullAt);
            var next = Math.Max(fullAt, now) + _interval;
            var excess = next - now - _depth;
            if (excess > 0)
            {
                retryAfter = (int)Math.Max(1, (excess + _time.TimestampFrequency - 1) / _time.TimestampFrequency);
                return false;
            }
            if (Interlocked.CompareExchange(ref bucket.FullAt, next, fullAt) == fullAt)
            {
                return true;
            }
        }
    }

    private sealed class Bucket
    {
        public long FullAt;
    }
}
