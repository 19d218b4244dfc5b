using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Edge.Tests.Support;

/// <summary>What a <see cref="TcpProxy"/> does with the bytes that pass.</summary>
public enum TcpFault
{
    /// <summary>Passes everything on.</summary>
    None,

    /// <summary>Takes connections and closes them.</summary>
    Refuse,

    /// <summary>Takes connections and bytes and passes nothing on.</summary>
    BlackHole,

    /// <summary>Breaks the connection instead of passing on what holds the marked text.</summary>
    BreakBefore,

    /// <summary>
    /// Passes on what holds the marked text, waits for the answer, and breaks the connection instead of passing that
    /// on.
    /// </summary>
    BreakAfter,

    /// <summary>Passes every piece on a moment late.</summary>
    Slow,

    /// <summary>Answers <see cref="TcpProxy.Answer"/> in the server's place and passes nothing on.</summary>
    Answer,
}

/// <summary>A small TCP proxy in front of a server on loopback, with faults. Thread safe.</summary>
internal sealed class TcpProxy : IAsyncDisposable
{
    private const int BufferBytes = 64 << 10;
    private const int SlowMs = 100;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentDictionary<Socket, bool> _sockets = [];
    private readonly int _targetPort;
    private readonly byte[] _mark;
    private readonly Task _accepting;
    private int _broken;

    /// <param name="targetPort">Where the server is.</param>
    /// <param name="mark">The text the breaking faults look for in what the client sends.</param>
    public TcpProxy(int targetPort, ReadOnlySpan<byte> mark)
    {
        _targetPort = targetPort;
        _mark = mark.ToArray();
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>What happens from now on; breaking faults happen once and are over then.</summary>
    public TcpFault Fault { get; set; }

    /// <summary>What <see cref="TcpFault.Answer"/> answers; it should end the connection.</summary>
    public byte[] Answer { get; set; } = [];

    /// <summary>Connections the breaking faults have broken.</summary>
    public int Broken => Volatile.Read(ref _broken);

    /// <summary>Closes every connection there is.</summary>
    public void BreakAll()
    {
        foreach (var socket in _sockets.Keys)
        {
            Close(socket);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        // Before the listener goes: the loop may be about to ask it for the next connection.
        await _accepting;
        _listener.Dispose();
        BreakAll();
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                _ = ServeAsync(await _listener.AcceptSocketAsync(_end.Token));
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(Socket client)
    {
        _sockets[client] = true;
        if (Fault == TcpFault.Refuse)
        {
            Close(client);
            return;
        }
        var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        _sockets[server] = true;
        var link = new Link();
        try
        {
            await server.ConnectAsync(IPAddress.Loopback, _targetPort, _end.Token);
            await Task.WhenAny(
                PassAsync(client, server, link, isFromClient: true),
                PassAsync(server, client, link, isFromClient: false)
            );
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // The server is down; the client sees a closed connection.
        }
        Close(client);
        Close(server);
    }

    private async Task PassAsync(Socket from, Socket to, Link link, bool isFromClient)
    {
        var buffer = new byte[BufferBytes];
        try
        {
            while (await from.ReceiveAsync(buffer, _end.Token) is > 0 and var count)
            {
                var fault = Fault;
                if (fault == TcpFault.BlackHole || link.IsAnswered)
                {
                    continue;
                }

                if (fault == TcpFault.Slow)
                {
                    await Task.Delay(SlowMs, _end.Token);
                }

                if (isFromClient && fault == TcpFault.Answer)
                {
                    link.IsAnswered = true;
                    await from.SendAsync(Answer, _end.Token);
                    continue;
                }
                if (
                    isFromClient
                    && fault is TcpFault.BreakBefore or TcpFault.BreakAfter
                    && buffer.AsSpan(0, count).IndexOf(_mark) >= 0
                )
                {
                    Fault = TcpFault.None;
                    Interlocked.Increment(ref _broken);
                    if (fault == TcpFault.BreakBefore)
                    {
                        return;
                    }

                    link.BreaksAtAnswer = true;
                }
                if (!isFromClient && link.BreaksAtAnswer)
                {
                    return;
                }

                await to.SendAsync(buffer.AsMemory(0, count), _end.Token);
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Broken by one of the ends, which is what the other is told.
        }
    }

    private void Close(Socket socket)
    {
        if (!_sockets.TryRemove(socket, out _))
        {
            return;
        }
        // A reset and not an orderly end, as when a machine goes away.
        socket.Close(timeout: 0);
    }

    private sealed class Link
    {
        public volatile bool BreaksAtAnswer;
        public volatile bool IsAnswered;
    }
}
