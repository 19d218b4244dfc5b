using System.Net;
using System.Net.Sockets;

namespace Edge.Tests.BlackBox.Limits;

/// <summary>Connections that are opened and then say nothing, or only what they are told to.</summary>
internal sealed class SilentClients : IDisposable
{
    private readonly List<Socket> _sockets = [];

    /// <summary>Opens connections one after the other; one that the service refuses is an attempt like the others.</summary>
    /// <param name="to">The service.</param>
    /// <param name="count">How many.</param>
    /// <param name="from">Address they come from.</param>
    public static async Task<SilentClients> OpenAsync(Uri to, int count, string from = "127.0.0.1")
    {
        var clients = new SilentClients();
        for (var i = 0; i < count; i++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            clients._sockets.Add(socket);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
                await socket.ConnectAsync(IPAddress.Loopback, to.Port);
            }
            catch (SocketException)
            {
                // Refused.
            }
        }
        return clients;
    }

    public void Dispose() => _sockets.ForEach(socket => socket.Dispose());
}
