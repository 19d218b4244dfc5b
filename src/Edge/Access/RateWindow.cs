using System.Collections.Concurrent;

namespace Edge.Access;

/// <summary>The decision of a rate limit about one request.</summary>
/// <param name="IsAllowed">Whether the request may proceed.</param>
/// <param name="Limit">Requests per window.</param>
/// <param name="Remaining">Requests left in this window.</param>
/// <param name="ResetAt">Unix seconds at which the next window begins.</param>
/// <param name="RetryAfter">Seconds until then, at least 1.</param>
internal readonly record struct RateDecision(bool IsAllowed, int Limit, int Remaining, long ResetAt, int RetryAfter);

/// <summary>
/// Counts requests in fixed windows of one minute, as reported in the published rate limit headers. One counter per
/// name; names are ids of issued keys, so their number is bounded. Thread safe.
/// </summary>
internal sealed class RateWindow(int perMinute, TimeProvider time)
{
    private const int WindowSeconds = 60;

    private readonly ConcurrentDictionary<string, Counter> _counters = new(StringComparer.Ordinal);

    /// <summary>Counts one request.</summary>
    public RateDecision Count(string name)
    {
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        var window = now / WindowSeconds;
        var used = _counters.GetOrAdd(name, static _ => new Counter()).Add(window);
        var resetAt = (window + 1) * WindowSeconds;
        return new RateDecision(
            used <= perMinute,
            perMinute,
            (int)Math.Max(0, perMinute - used),
            resetAt,
            (int)(resetAt - now)
        );
    }

    private sealed class Counter
    {
        private readonly Lock _lock = new();
        private long _window;
        private long _used;

        public long Add(long window)
        {
            lock (_lock)
            {
                if (_window != window)
                {
                    (_window, _used) = (window, 0);
                }

                return ++_used;
            }
        }
    }
}
