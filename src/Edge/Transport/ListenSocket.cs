using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Edge.Transport;

/// <summary>Opens listening sockets.</summary>
internal static class ListenSocket
{
    // socket(7); the same on x86-64 and arm64.
    private const int SOL_SOCKET = 1;
    private const int SO_REUSEPORT = 15;

    private const int PauseMaxMs = 20;

    /// <summary>
    /// How long somebody else may be about to listen there: he gives up as soon as he is refused, but on a busy machine it
    /// takes until he has the processor.
    /// </summary>
    private static readonly TimeSpan ContestDeadline = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Opens one; throws <see cref="AddressInUseException"/> when somebody listens there, else <see
    /// cref="SocketException"/>.
    /// </summary>
    public static Socket Open(EndPoint endpoint, SocketTransportOptions options) =>
        Listen(() => options.CreateBoundListenSocket(endpoint), options, isOurs: false);

    /// <summary>Opens several that share an address, among which the kernel deals out the connections.</summary>
    /// <param name="endpoint">The address.</param>
    /// <param name="options">Settings of the sockets.</param>
    /// <param name="count">How many.</param>
    /// <inheritdoc cref="Open" path="/exception"/>
    public static Socket[] OpenShared(IPEndPoint endpoint, SocketTransportOptions options, int count)
    {
        if (count == 1)
        {
            return [Open(endpoint, options)];
        }

        var sockets = new List<Socket>(count) { Open(endpoint, options) };
        try
        {
            // It listens alone first: sockets that share from the beginning would share with another process, too.
            Share(sockets[0]);
            endpoint = (IPEndPoint)sockets[0].LocalEndPoint!;
            while (sockets.Count < count)
            {
                sockets.Add(Listen(() => BindShared(endpoint), options, isOurs: true));
            }

            return [.. sockets];
        }
        catch
        {
            sockets.ForEach(static socket => socket.Dispose());
            throw;
        }
    }

    private static Socket BindShared(IPEndPoint endpoint)
    {
        var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endpoint.Address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            Share(socket);
            socket.Bind(endpoint);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static void Share(Socket socket) =>
        socket.SetRawSocketOption(SOL_SOCKET, SO_REUSEPORT, BitConverter.GetBytes(1));

    /// <param name="bind">Makes a socket that is bound.</param>
    /// <param name="options">Settings of the socket.</param>
    /// <param name="isOurs">Whether another socket of ours listens there already, so that nobody else can.</param>
    private static Socket Listen(Func<Socket> bind, SocketTransportOptions options, bool isOurs)
    {
        for (var began = TimeProvider.System.GetTimestamp(); ;)
        {
            Socket? socket = null;
            try
            {
                socket = bind();
                socket.Listen(options.Backlog);
                return socket;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                socket?.Dispose();
                // What could bind had the address for itself a moment ago: somebody else begins to listen there just now, and of two
                // who do so at once the kernel may refuse both. Who is bound and about to be refused is in the way of the
                // other's second socket, too.
                if ((socket is null && !isOurs) || TimeProvider.System.GetElapsedTime(began) > ContestDeadline)
                {
                    throw new AddressInUseException(e.Message, e);
                }

                Thread.Sleep(Random.Shared.Next(PauseMaxMs));
            }
            catch
            {
                socket?.Dispose();
                throw;
            }
        }
    }
}
