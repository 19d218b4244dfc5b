using Edge.Requests;
using Edge.Telemetry;

namespace Edge.Transport;

/// <summary>
/// The open connections, and who may open another one. When as many are open as may be, or one address has its share of
/// them, those that have been idle longest are closed to make room; the new one is refused only when none is idle. A
/// connection that has sent nothing within the header timeout of its accept is closed, and one whose header has not
/// come whole within twice that, so silent ones cannot keep a place. IPv4 counts by address, IPv6 by /64; trusted
/// proxies and Unix sockets have no share, because they bring everybody. Thread safe.
/// </summary>
internal sealed class ConnectionTable : IDisposable
{
    private static readonly TimeSpan CheckInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Part of the connections that is closed at once to make room: finding the idle ones looks at all, so that must
    /// not be done for every accept of a flood.
    /// </summary>
    private const int ShedPart = 64;

    private static readonly TimeSpan LingerPause = TimeSpan.FromMilliseconds(5);

    /// <summary>Most connections that are closed at once.</summary>
    private const int ShedMax = 64;

    private readonly Lock _lock = new();
    private readonly LinkedList<ConnectionPlace> _open = [];
    private readonly Dictionary<UInt128, int> _byNetwork = [];
    private readonly int _max;
    private readonly int _maxPerNetwork;
    private readonly TimeSpan _headersTimeout;
    private readonly TrustedNetwork[] _trusted;
    private readonly TimeProvider _time;
    private readonly ConnectionCounts _counts;
    private readonly ITimer _check;
    private readonly TaskCompletionSource<Exception> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _closing = new();
    private volatile bool _isDraining;
    private int _held;

    /// <param name="perAddressPercent">Share of the connections that one address may have.</param>
    /// <param name="headersTimeout">Time from the accept to the end of the first request's header.</param>
    /// <param name="trustedProxies">Networks without a share.</param>
    /// <param name="counts">The most connections there may be, and where what becomes of them is counted.</param>
    /// <param name="time">The clock.</param>
    public ConnectionTable(
        int perAddressPercent,
        TimeSpan headersTimeout,
        IEnumerable<string> trustedProxies,
        ConnectionCounts counts,
        TimeProvider time
    )
    {
        _max = counts.Max;
        _maxPerNetwork = (int)Math.Max(1, (long)_max * perAddressPercent / 100);
        _headersTimeout = headersTimeout;
        _trusted = TrustedNetwork.ParseAll(trustedProxies);
        _counts = counts;
        _time = time;
        _check = time.CreateTimer(_ => CloseSilent(), null, CheckInterval, CheckInterval);
    }

    /// <summary>Cancelled when no more connections are to be accepted.</summary>
    public CancellationToken Closing => _closing.Token;

    /// <summary>
    /// From now on every answer asks its client to leave, by <c>Connection: close</c> or GOAWAY, while new connections
    /// are still taken: a client that is told so loses nothing.
    /// </summary>
    public void Drain() => _isDraining = true;

    /// <summary>
    /// Accepts no more connections, and completes when those that are open have gone or the time is over: a request
    /// that is under way on one of them is still answered.
    /// </summary>
    public async Task CloseAsync(TimeSpan linger)
    {
        await _closing.CancelAsync();
        var since = _time.GetTimestamp();
        while (_counts.Open > 0 && _time.GetElapsedTime(since) < linger)
        {
            await Task.Delay(LingerPause, _time);
        }
    }

    /// <summary>Completes with the cause when connections can no longer be accepted.</summary>
    public Task<Exception> Failed => _failed.Task;

    /// <summary>Reports that a listener has ended although nobody closed it.</summary>
    public void Fail(Exception cause) => _failed.TrySetResult(cause);

    /// <summary>Whether clients are asked to leave.</summary>
    public bool IsDraining => _isDraining;

    /// <summary>Finds a place for a connection; null when there is none.</summary>
    /// <param name="peer">Where it comes from; null when it has no address.</param>
    public ConnectionPlace? TryAdmit(ClientAddress? peer)
    {
        var network = NetworkOf(peer);
        var place = new ConnectionPlace(network, _time.GetTimestamp());
        List<ConnectionPlace>? shed = null;
        ConnectionLoss? loss;
        lock (_lock)
        {
            loss = TryMakeRoom(network, ref shed);
            if (loss is null)
            {
                Hold(network, 1);
                _open.AddLast(place.Node);
            }
        }

        Close(shed);
        if (loss is not { } reason)
        {
            _counts.CountAccepted();
            return place;
        }

        _counts.Count(reason);
        return null;
    }

    /// <summary>Closes those that have been idle longest: descriptors or memory are short.</summary>
    public void Relieve()
    {
        List<ConnectionPlace>? shed = null;
        lock (_lock)
        {
            TryShed(null, _held, ref shed);
        }

        Close(shed);
    }

    /// <summary>The socket of a connection has been closed.</summary>
    public void Remove(ConnectionPlace connection)
    {
        lock (_lock)
        {
            if (connection.Node.List is null)
            {
                return;
            }

            _open.Remove(connection.Node);
            if (!connection.IsShed)
            {
                Hold(connection.Network, -1);
            }
        }
    }

    public void Dispose()
    {
        _check.Dispose();
        _closing.Dispose();
    }

    /// <summary>Null when there is a place, made if need be by closing others; otherwise why there is none.</summary>
    private ConnectionLoss? TryMakeRoom(UInt128? network, ref List<ConnectionPlace>? shed)
    {
        if (
            network is { } key
            && _byNetwork.GetValueOrDefault(key) >= _maxPerNetwork
            && !TryShed(network, _maxPerNetwork, ref shed)
        )
        {
            return ConnectionLoss.AddressShare;
        }

        return _held < _max || TryShed(null, _max, ref shed) ? null : ConnectionLoss.Full;
    }

    /// <summary>
    /// Takes the places of those that have been idle longest, of one network or of all; false when there are none.
    /// </summary>
    private bool TryShed(UInt128? network, int of, ref List<ConnectionPlace>? shed)
    {
        var most = Math.Clamp(of / ShedPart, 1, ShedMax);
        var untilBegun = (long)(_headersTimeout.TotalSeconds * _time.TimestampFrequency);
        var now = _time.GetTimestamp();
        var oldest = new PriorityQueue<ConnectionPlace, long>(most + 1);
        foreach (var connection in _open)
        {
            if (!connection.IsIdle || connection.IsShed || (network is not null && connection.Network != network))
            {
                continue;
            }

            // One that has not been served yet goes after those that have. If it has sent something, a request is about
            // to begin, or only just delayed by the load: closing it for a newcomer would gain nothing.
            var since = connection.IdleSince + (connection.HasBegun ? 0 : untilBegun);
            if (!connection.HasBegun && now - connection.AcceptedAt < untilBegun / 2 && connection.HasSpoken)
            {
                continue;
            }

            // The queue's first is the one that stays: of those found so far, the one idle for the shortest time.
            oldest.Enqueue(connection, -since);
            if (oldest.Count > most)
            {
                oldest.Dequeue();
            }
        }
        if (oldest.Count == 0)
        {
            return false;
        }

        shed ??= [];
        foreach (var (connection, _) in oldest.UnorderedItems)
        {
            connection.IsShed = true;
            Hold(connection.Network, -1);
            shed.Add(connection);
        }
        return true;
    }

    private void Close(List<ConnectionPlace>? shed)
    {
        foreach (var connection in shed ?? [])
        {
            _counts.Count(ConnectionLoss.Shed);
            connection.Abort();
        }
    }

    private void CloseSilent()
    {
        List<ConnectionPlace>? silent = null;
        var now = _time.GetTimestamp();
        lock (_lock)
        {
            // In order of accept, so the first that has time left ends it.
            for (var place = _open.First; place is not null; place = place.Next)
            {
                var connection = place.Value;
                var elapsed = _time.GetElapsedTime(connection.AcceptedAt, now);
                if (elapsed < _headersTimeout)
                {
                    break;
                }

                // What has come may still wait for a thread; then the server's own timeout of the header follows.
                if (
                    !connection.HasBegun
                    && !connection.IsShed
                    && (elapsed >= 2 * _headersTimeout || !connection.HasSpoken)
                )
                {
                    (silent ??= []).Add(connection);
                }
            }
        }
        foreach (var connection in silent ?? [])
        {
            _counts.Count(ConnectionLoss.Silent);
            connection.Abort();
        }
    }

    private void Hold(UInt128? network, int change)
    {
        _held += change;
        _counts.Open = _held;
        if (network is not { } key)
        {
            return;
        }

        var count = _byNetwork.GetValueOrDefault(key) + change;
        if (count == 0)
        {
            _byNetwork.Remove(key);
        }
        else
        {
            _byNetwork[key] = count;
        }
    }

    private UInt128? NetworkOf(ClientAddress? peer)
    {
        if (peer is not { } address)
        {
            return null;
        }

        foreach (ref readonly var network in _trusted.AsSpan())
        {
            if (address.IsIn(network))
            {
                return null;
            }
        }

        var bits = address.ToBits(out var isV4);
        // The upper half of an IPv6 address, moved out of the way of IPv4.
        return isV4 ? bits : (bits >> 64 << 64) | uint.MaxValue;
    }
}
