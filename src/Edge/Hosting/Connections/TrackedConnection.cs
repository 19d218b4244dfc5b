using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Edge.Hosting.Connections;

/// <summary>
/// A connection of the transport, with what the <see cref="ConnectionTable"/> has to know about it: whether a request
/// ever began, whether one runs, and since when none does. Everything else is the transport's. Requests reach it as a
/// feature. Thread safe where the transport's is.
/// </summary>
internal sealed class TrackedConnection : ConnectionContext
{
    // getsockopt(2) with TCP_INFO: struct tcp_info has tcpi_bytes_received at 128 since Linux 4.1.
    private const int TcpLevel = 6;
    private const int TcpInfo = 11;
    private const int TcpInfoReceivedAt = 128;
    private const int TcpInfoBytes = TcpInfoReceivedAt + sizeof(ulong);

    private readonly ConnectionContext _transport;
    private readonly ConnectionTable _table;
    private long _idleSince;
    private int _running;
    private volatile bool _hasBegun;

    /// <param name="transport">The connection.</param>
    /// <param name="table">Where it is removed when it is closed.</param>
    /// <param name="network">Whose it is; null when it does not count for an address.</param>
    /// <param name="now">Timestamp of its accept.</param>
    public TrackedConnection(ConnectionContext transport, ConnectionTable table, UInt128? network, long now)
    {
        _transport = transport;
        _table = table;
        Network = network;
        AcceptedAt = now;
        _idleSince = now;
        Place = new LinkedListNode<TrackedConnection>(this);
        transport.Features.Set(this);
    }

    /// <summary>Its place among the open connections, in order of accept; the table's alone.</summary>
    public LinkedListNode<TrackedConnection> Place { get; }

    public UInt128? Network { get; }

    public long AcceptedAt { get; }

    /// <summary>Whether the header of a request ever came whole.</summary>
    public bool HasBegun => _hasBegun;

    /// <summary>
    /// Whether the peer has sent anything at all, by the kernel's count: what has come may still wait for a thread. True
    /// where the kernel does not count.
    /// </summary>
    public bool HasSpoken
    {
        get
        {
            Span<byte> info = stackalloc byte[TcpInfoBytes];
            try
            {
                var socket = _transport.Features.Get<IConnectionSocketFeature>()?.Socket;
                return socket is null
                    || socket.GetRawSocketOption(TcpLevel, TcpInfo, info) < TcpInfoBytes
                    || BinaryPrimitives.ReadUInt64LittleEndian(info[TcpInfoReceivedAt..]) > 0;
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // Not TCP, or closed meanwhile.
                return true;
            }
        }
    }

    /// <summary>Whether no request runs.</summary>
    public bool IsIdle => Volatile.Read(ref _running) == 0;

    /// <summary>Timestamp of the end of the last request, or of the accept.</summary>
    public long IdleSince => Volatile.Read(ref _idleSince);

    /// <summary>Whether it was closed to make room and no longer counts; the table's alone.</summary>
    public bool IsShed { get; set; }

    public override string ConnectionId
    {
        get => _transport.ConnectionId;
        set => _transport.ConnectionId = value;
    }

    public override IFeatureCollection Features => _transport.Features;

    public override IDictionary<object, object?> Items
    {
        get => _transport.Items;
        set => _transport.Items = value;
    }

    public override IDuplexPipe Transport
    {
        get => _transport.Transport;
        set => _transport.Transport = value;
    }

    public override CancellationToken ConnectionClosed
    {
        get => _transport.ConnectionClosed;
        set => _transport.ConnectionClosed = value;
    }

    public override EndPoint? LocalEndPoint
    {
        get => _transport.LocalEndPoint;
        set => _transport.LocalEndPoint = value;
    }

    public override EndPoint? RemoteEndPoint
    {
        get => _transport.RemoteEndPoint;
        set => _transport.RemoteEndPoint = value;
    }

    /// <summary>A request begins.</summary>
    public void Begin()
    {
        Interlocked.Increment(ref _running);
        if (!_hasBegun)
        {
            _hasBegun = true;
        }
    }

    /// <summary>A request has ended.</summary>
    public void End(long now)
    {
        Volatile.Write(ref _idleSince, now);
        Interlocked.Decrement(ref _running);
    }

    public override void Abort() => _transport.Abort();

    public override void Abort(ConnectionAbortedException abortReason) => _transport.Abort(abortReason);

    /// <summary>Closes the socket; only then does the connection no longer count.</summary>
    public override async ValueTask DisposeAsync()
    {
        try
        {
            await _transport.DisposeAsync();
            await base.DisposeAsync();
        }
        finally
        {
            _table.Remove(this);
        }
    }
}
