using Edge.Forwarding.Pump;

namespace Edge.Endpoints.Ingestion;

/// <summary>
/// The wait of requests with <c>Edge-Ack: forwarded</c> until the sinks have their events: bounded in time and in the
/// number of requests that wait, and it holds no thread. Thread safe.
/// </summary>
/// <param name="forwarder">The sinks.</param>
/// <param name="limit">Longest wait.</param>
/// <param name="time">The clock.</param>
/// <param name="stopping">Ends all waits, because the service stops.</param>
internal sealed class ForwardingWait(
    Forwarder forwarder,
    TimeSpan limit,
    TimeProvider time,
    CancellationToken stopping
)
{
    /// <summary>
    /// Requests that wait at the same time; further ones are answered as soon as the disk has their events.
    /// </summary>
    public const int WaitingMax = 256;

    private int _waiting;
    private long _reached;
    private long _missed;

    /// <summary>Requests whose events had come as far as they asked.</summary>
    public long Reached => Interlocked.Read(ref _reached);

    /// <summary>
    /// Requests that were answered when the disk had their events, and no sink yet, or not every one.
    /// </summary>
    public long Missed => Interlocked.Read(ref _missed);

    /// <summary>Has a request not wait: what it holds, others need.</summary>
    public static void Exclude(HttpContext context) => context.Features.Set(Excluded.Instance);

    /// <summary>
    /// Whether every sink, or the named one, has durably taken the events, except those that its filters leave out.
    /// False when that takes too long, when one of them was set aside, or when there is no such sink.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="first">Sequence of its first event.</param>
    /// <param name="last">Sequence of its last event.</param>
    /// <param name="sink">Name of the sink; null for every one.</param>
    public async ValueTask<bool> WaitAsync(HttpContext context, long first, long last, string? sink)
    {
        var hasReached = context.Features.Get<Excluded>() is null && await WaitAsync(first, last, sink);
        Interlocked.Increment(ref hasReached ? ref _reached : ref _missed);
        return hasReached;
    }

    private async ValueTask<bool> WaitAsync(long first, long last, string? sink)
    {
        var sinks = forwarder.SinksOf(sink);
        if (sinks.Count == 0)
        {
            return false;
        }
        if (Interlocked.Increment(ref _waiting) > WaitingMax)
        {
            Interlocked.Decrement(ref _waiting);
            return false;
        }
        using var deadline = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, stopping);
        try
        {
            foreach (var pump in sinks)
            {
                if (!await pump.WaitDurableAsync(first, last, either.Token))
                {
                    return false;
                }
            }
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    /// <summary>Marks a request that does not wait.</summary>
    private sealed class Excluded
    {
        public static readonly Excluded Instance = new();
    }
}
