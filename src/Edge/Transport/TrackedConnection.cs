using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Edge.Transport;

/// <summary>
/// A connection of the server's own transport with its place in the <see cref="ConnectionTable"/> and its <see
/// cref="RequestReader"/>, which requests reach as features. Everything else is the transport's. Thread safe where the
/// transport's is.
/// </summary>
internal sealed class TrackedConnection : ConnectionContext, IOpenConnection
{
    private readonly ConnectionContext _transport;
    private readonly ConnectionTable _table;
    private readonly ConnectionPlace _place;

#pragma warning disable CA2213 // It has no timer and no handle, so nothing to release, and an abort may follow the end.
    private readonly CancellationTokenSource _closed = new();
#pragma warning restore CA2213

    /// <param name="transport">The connection.</param>
    /// <param name="table">Where it is removed when it is closed.</param>
    /// <param name="place">Its place there.</param>
    /// <param name="received">What its peer had sent before the transport had it.</param>
    public TrackedConnection(
        ConnectionContext transport,
        ConnectionTable table,
        ConnectionPlace place,
        ReadOnlyMemory<byte> received = default
    )
    {
        _transport = transport;
        _table = table;
        _place = place;
        transport.Features.Set(place);
        Transport = RequestReader.Install(transport.Features, transport.Transport, received);
        place.HoldBy(this);
    }

    public bool HasSpoken
    {
        get
        {
            try
            {
                var socket = _transport.Features.Get<IConnectionSocketFeature>()?.Socket;
                return socket is null || SocketCalls.HasReceived((int)socket.SafeHandle.DangerousGetHandle());
            }
            catch (ObjectDisposedException)
            {
                return true;
            }
        }
    }

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

    public override IDuplexPipe Transport { get; set; }

    /// <summary>
    /// Cancelled when the connection is closed here. The transport cancels its own as soon as the peer has ended
    /// sending, upon which the server drops the answer; but a client that has nothing more to ask still reads.
    /// </summary>
    public override CancellationToken ConnectionClosed
    {
        get => _closed.Token;
        set => throw new NotSupportedException();
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

    public override void Abort()
    {
        _transport.Abort();
        _closed.Cancel();
    }

    public override void Abort(ConnectionAbortedException abortReason)
    {
        _transport.Abort(abortReason);
        _closed.Cancel();
    }

    /// <summary>Closes the socket; only then does the connection no longer count.</summary>
    public override async ValueTask DisposeAsync()
    {
        try
        {
            await _closed.CancelAsync();
            await _transport.DisposeAsync();
            await base.DisposeAsync();
        }
        finally
        {
            _table.Remove(_place);
        }
    }
}
