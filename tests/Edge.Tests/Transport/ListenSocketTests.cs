using System.Net;
using System.Net.Sockets;
using Edge.Tests.Support;
using Edge.Transport;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Xunit;

namespace Edge.Tests.Transport;

public class ListenSocketTests
{
    private const int Rounds = 1_000;

    /// <summary>
    /// Another test that starts a program has, between fork and exec, a copy of what listened in the round before; then
    /// nobody can listen for that moment.
    /// </summary>
    private const int RoundsDisturbedMax = 50;

    /// <summary>However close together two ask for a port, one has it.</summary>
    [Fact]
    public void SharedSockets_OfTwoWhoAskAtOnce_AreOneOwnersAlone()
    {
        // An address of its own: on the usual one another test may take the port between two rounds.
        var endpoint = new IPEndPoint(IPAddress.Parse("127.0.7.1"), EdgeProcess.FreePort());
        using var start = new Barrier(2);
        var disturbed = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var opened = new Socket[]?[2];
            Parallel.Invoke(Enumerable.Range(0, 2).Select(i => (Action)(() => opened[i] = Open(start, endpoint))).ToArray());

            foreach (var socket in opened.SelectMany(static sockets => sockets ?? []))
            {
                socket.Dispose();
            }

            if (Array.TrueForAll(opened, static sockets => sockets is null))
            {
                Assert.InRange(++disturbed, 1, RoundsDisturbedMax);
                continue;
            }

            Assert.Single(opened, static sockets => sockets is not null);
        }
    }

    /// <summary>Every one of them gets connections.</summary>
    [Fact]
    public void SharedSockets_OfOneOwner_AreAllConnectedTo()
    {
        var sockets = ListenSocket.OpenShared(new IPEndPoint(IPAddress.Loopback, 0), new SocketTransportOptions(), 3);
        var clients = new List<TcpClient>();
        try
        {
            while (clients.Count < 500 && !sockets.All(static socket => socket.Poll(0, SelectMode.SelectRead)))
            {
                var client = new TcpClient();
                client.Connect((IPEndPoint)sockets[0].LocalEndPoint!);
                clients.Add(client);
            }

            Assert.All(sockets, static socket => Assert.True(socket.Poll(0, SelectMode.SelectRead)));
        }
        finally
        {
            clients.ForEach(static client => client.Dispose());
            Array.ForEach(sockets, static socket => socket.Dispose());
        }
    }

    private static Socket[]? Open(Barrier start, IPEndPoint endpoint)
    {
        start.SignalAndWait();
        try
        {
            return ListenSocket.OpenShared(endpoint, new SocketTransportOptions(), 2);
        }
        catch (AddressInUseException)
        {
            return null;
        }
    }
}
