using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Edge.Transport;

/// <summary>An address at which event loops answer first.</summary>
internal sealed class PublicEndPoint(IPAddress address, int port) : IPEndPoint(address, port);

/// <summary>What answers on public addresses.</summary>
/// <param name="CreateLane">Makes a lane for one event loop.</param>
/// <param name="KeepAlive">How long a connection may be idle.</param>
/// <param name="StallMax">How long a peer may not read its answers.</param>
/// <param name="Time">The clock.</param>
internal sealed record LaneSettings(
    Func<LoopLane> CreateLane,
    TimeSpan KeepAlive,
    TimeSpan StallMax,
    TimeProvider Time
);

/// <summary>
/// Listens on a public address with an event loop for each processor, which share the port (<c>SO_REUSEPORT</c>): the
/// kernel deals connections out to them. The server accepts those that the loops hand over.
/// </summary>
internal sealed class LaneListener : IConnectionListener
{
    private readonly ConnectionTable _table;
    private readonly SocketConnectionContextFactory _connections;
    private readonly EventLoop[] _loops;
    private readonly Channel<HandedOver> _handedOver = Channel.CreateUnbounded<HandedOver>();
    private readonly CancellationTokenRegistration _closing;

    private LaneListener(
        Socket[] sockets,
        LaneSettings lanes,
        ConnectionTable table,
        SocketConnectionContextFactory connections
    )
    {
        _table = table;
        _connections = connections;
        EndPoint = sockets[0].LocalEndPoint!;
        var settings = new LoopSettings(table, lanes.KeepAlive, lanes.StallMax, lanes.Time, _handedOver.Writer);
        _loops =
        [
            .. sockets.Select(
                (socket, i) => new EventLoop(settings, socket, lanes.CreateLane(), $"Event loop {i + 1}")
            ),
        ];
        _closing = table.Closing.Register(StopAccepting);
        foreach (var loop in _loops)
        {
            loop.Start();
        }
    }

    public EndPoint EndPoint { get; }

    /// <summary>
    /// Listens; throws <see cref="AddressInUseException"/>, <see cref="SocketException"/> as the framework does.
    /// </summary>
    public static LaneListener Bind(
        PublicEndPoint endpoint,
        SocketTransportOptions options,
        LaneSettings lanes,
        ConnectionTable table,
        SocketConnectionContextFactory connections
    )
    {
        var sockets = ListenSocket.OpenShared(endpoint, options, Environment.ProcessorCount);
        foreach (var socket in sockets)
        {
            // What is accepted inherits it.
            socket.NoDelay = options.NoDelay;
        }

        return new LaneListener(sockets, lanes, table, connections);
    }

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (await _handedOver.Reader.WaitToReadAsync(cancellationToken))
            {
                if (_handedOver.Reader.TryRead(out var next) && Take(next) is { } connection)
                {
                    return connection;
                }
            }

            return null;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The server would log this and never accept again.
            _table.Fail(e);
            throw;
        }
    }

    public async ValueTask UnbindAsync(CancellationToken cancellationToken)
    {
        foreach (var loop in _loops)
        {
            loop.Stop();
        }

        await Task.WhenAll(_loops.Select(loop => loop.Ended));
        _handedOver.Writer.TryComplete();
    }

    public async ValueTask DisposeAsync()
    {
        await UnbindAsync(CancellationToken.None);
        await _closing.DisposeAsync();
        foreach (var loop in _loops)
        {
            loop.Dispose();
        }

        _connections.Dispose();
    }

    private void StopAccepting()
    {
        foreach (var loop in _loops)
        {
            loop.StopAccepting();
        }
    }

    private TrackedConnection? Take(in HandedOver next)
    {
        var handle = new SafeSocketHandle(next.Socket, ownsHandle: true);
        try
        {
            return new TrackedConnection(_connections.Create(new Socket(handle)), _table, next.Place, next.Received);
        }
        catch (SocketException)
        {
            // The peer has gone meanwhile.
            handle.Dispose();
            _table.Remove(next.Place);
            return null;
        }
    }
}
