using System.Net;
using System.Net.Sockets;
using Edge.Requests;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Edge.Transport;

/// <summary>
/// Listens for the server. Public addresses get event loops with a lane (<see cref="LaneListener"/>); for the others
/// there is an accept loop of our own before the framework's connections, because every socket has to pass the
/// <see cref="ConnectionTable"/> before anything is made for it, and the framework's loop repeats a failed accept at
/// once, which takes a whole processor while descriptors are short.
/// </summary>
/// <param name="options">Settings of the sockets.</param>
/// <param name="table">Who may open a connection.</param>
/// <param name="lanes">What answers on public addresses; null when the server is to have all connections.</param>
/// <param name="logger">The log of the framework's connections.</param>
internal sealed class ConnectionListenerFactory(
    SocketTransportOptions options,
    ConnectionTable table,
    LaneSettings? lanes,
    ILogger logger
) : IConnectionListenerFactory
{
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken)
    {
        var connections = new SocketConnectionContextFactory(
            new SocketConnectionFactoryOptions { MaxReadBufferSize = options.MaxReadBufferSize },
            logger
        );
        return ValueTask.FromResult<IConnectionListener>(
            lanes is not null && endpoint is PublicEndPoint open
                ? LaneListener.Bind(open, options, lanes, table, connections)
                : new Listener(ListenSocket.Open(endpoint, options), connections, options.NoDelay, table)
        );
    }

    private sealed class Listener(
        Socket socket,
        SocketConnectionContextFactory connections,
        bool noDelay,
        ConnectionTable table
    ) : IConnectionListener
    {
        /// <summary>After a failed accept, so that one that goes on failing takes no processor.</summary>
        private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

        /// <summary>Accepts in a row that may fail, unless for want of descriptors or memory: five seconds.</summary>
        private const int FailuresMax = 100;

        private bool _isUnbound;

        public EndPoint EndPoint { get; } = socket.LocalEndPoint!;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken)
        {
            try
            {
                for (var failures = 0; ;)
                {
                    try
                    {
                        if (await NextAsync(cancellationToken) is not { } accepted)
                        {
                            socket.Dispose();
                            return null;
                        }

                        failures = 0;
                        if (Admit(accepted) is { } connection)
                        {
                            return connection;
                        }
                    }
                    catch (SocketException e) when (!IsClosing && (IsShortage(e) || ++failures < FailuresMax))
                    {
                        table.Relieve();
                        await Task.Delay(Pause, cancellationToken);
                    }
                }
            }
            catch (Exception e)
                when (IsClosing && e is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                return null;
            }
            catch (Exception e)
            {
                // The server would log this and never accept again.
                table.Fail(e);
                throw;
            }
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken)
        {
            Volatile.Write(ref _isUnbound, true);
            socket.Dispose();
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync()
        {
            Volatile.Write(ref _isUnbound, true);
            socket.Dispose();
            connections.Dispose();
            return ValueTask.CompletedTask;
        }

        /// <summary>Whether the socket is closed on purpose.</summary>
        private bool IsClosing => Volatile.Read(ref _isUnbound) || table.Closing.IsCancellationRequested;

        /// <summary>
        /// The next connection; null once no more are to be accepted and those have been whose clients already take
        /// them for open.
        /// </summary>
        private async ValueTask<Socket?> NextAsync(CancellationToken cancellationToken)
        {
            while (true)
            {
                if (table.Closing.IsCancellationRequested)
                {
                    return socket.Poll(TimeSpan.Zero, SelectMode.SelectRead)
                        ? await socket.AcceptAsync(cancellationToken)
                        : null;
                }

                try
                {
                    return await socket.AcceptAsync(table.Closing);
                }
                catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested) { }
            }
        }

        private TrackedConnection? Admit(Socket accepted)
        {
            ConnectionPlace? place = null;
            try
            {
                var peer = accepted.RemoteEndPoint as IPEndPoint;
                if (peer is not null)
                {
                    accepted.NoDelay = noDelay;
                }

                place = table.TryAdmit(peer is null ? null : ClientAddress.From(peer.Address));
                if (place is not null)
                {
                    return new TrackedConnection(connections.Create(accepted), table, place);
                }
            }
            catch (SocketException)
            {
                // The peer has gone meanwhile.
                if (place is not null)
                {
                    table.Remove(place);
                }
            }

            accepted.Dispose();
            return null;
        }

        /// <summary>EMFILE, ENFILE, ENOBUFS, ENOMEM: other connections may end and give some back.</summary>
        private static bool IsShortage(SocketException e) =>
            e.SocketErrorCode is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable;
    }
}
