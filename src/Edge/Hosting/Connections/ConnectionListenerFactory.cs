using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Edge.Hosting.Connections;

/// <summary>
/// Listens for the server: the framework's connections, and an accept loop of our own, in which every socket passes the
/// <see cref="ConnectionTable"/> before anything is made for it. The framework's loop repeats a failed accept at once,
/// which takes a whole processor while descriptors are short.
/// </summary>
internal sealed class ConnectionListenerFactory(SocketTransportOptions options, ConnectionTable table, ILogger logger)
    : IConnectionListenerFactory
{
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken)
    {
        var socket = options.CreateBoundListenSocket(endpoint);
        try
        {
            socket.Listen(options.Backlog);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            socket.Dispose();
            throw new AddressInUseException(e.Message, e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        var connections = new SocketConnectionContextFactory(
            new SocketConnectionFactoryOptions { MaxReadBufferSize = options.MaxReadBufferSize },
            logger
        );
        return ValueTask.FromResult<IConnectionListener>(new Listener(socket, connections, options.NoDelay, table));
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
            try
            {
                var peer = accepted.RemoteEndPoint;
                if (peer is IPEndPoint)
                {
                    accepted.NoDelay = noDelay;
                }

                if (table.TryAdmit(peer, () => connections.Create(accepted)) is { } connection)
                {
                    return connection;
                }
            }
            catch (SocketException)
            {
                // The peer has gone meanwhile.
            }

            accepted.Dispose();
            return null;
        }

        /// <summary>EMFILE, ENFILE, ENOBUFS, ENOMEM: other connections may end and give some back.</summary>
        private static bool IsShortage(SocketException e) =>
            e.SocketErrorCode is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable;
    }
}
