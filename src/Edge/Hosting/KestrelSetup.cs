using System.Text;
using Edge.Settings;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Net.Http.Headers;
using HttpProtocol = Edge.Settings.HttpProtocol;

namespace Edge.Hosting;

/// <summary>
/// Sets every limit of the listener explicitly: by default the framework does not limit connections and keeps idle ones
/// open for minutes.
/// </summary>
internal static class KestrelSetup
{
    /// <summary>
    /// Largest body sent to a route that reads none. Some clients send <c>{}</c> there. A small body is skipped; for a
    /// larger one the listener closes the connection, and the client's next request on it is lost.
    /// </summary>
    private const long BodyMaxBytes = 16 << 10;

    /// <summary>
    /// Bytes read ahead per connection. Kestrel's default of 1 MiB would let ten thousand unauthenticated senders
    /// occupy ten gigabytes, and copies bodies that are refused before they are read.
    /// </summary>
    private const int ReadAheadBytes = 16 << 10;

    /// <summary>Bytes that the transport reads ahead of what the server has taken.</summary>
    public static void Apply(SocketTransportOptions transport, EdgeOptions options) =>
        transport.MaxReadBufferSize = Math.Max(ReadAheadBytes, options.HttpMaxRequestLineBytes);

    public static void Apply(KestrelServerOptions kestrel, EdgeOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.AllowSynchronousIO = false;
        // Header bytes are kept unchanged, one per char: a Latin-1 user agent or referrer is a visitor, not an error.
        kestrel.RequestHeaderEncodingSelector = static name =>
            name == HeaderNames.ContentLength ? ContentLengthEncoding.Instance : Encoding.Latin1;

        var limits = kestrel.Limits;
        // The connection table limits them before the server sees them.
        limits.MaxConcurrentConnections = null;
        limits.MaxConcurrentUpgradedConnections = 0;
        limits.MaxRequestLineSize = options.HttpMaxRequestLineBytes;
        limits.MaxRequestHeadersTotalSize = options.HttpMaxHeaderBytes;
        limits.Http2.MaxRequestHeaderFieldSize = options.HttpMaxHeaderBytes;
        limits.MaxRequestHeaderCount = options.HttpMaxHeaderCount;
        limits.MaxRequestBodySize = BodyMaxBytes;
        // A body may stall: the deadline of the whole request ends it, and a sender who sees no answer tries again.
        limits.MinRequestBodyDataRate = null;
        // Kestrel requires request line and headers to fit into this buffer.
        limits.MaxRequestBufferSize = Math.Max(
            ReadAheadBytes,
            Math.Max(options.HttpMaxRequestLineBytes, options.HttpMaxHeaderBytes)
        );
        limits.RequestHeadersTimeout = TimeSpan.FromMilliseconds(options.HttpHeadersTimeoutMs);
        limits.KeepAliveTimeout = TimeSpan.FromMilliseconds(options.HttpKeepAliveTimeoutMs);
        limits.Http2.MaxStreamsPerConnection = options.HttpMaxStreamsPerConnection;
        kestrel.ConfigureEndpointDefaults(endpoint =>
            endpoint.Protocols = options.HttpProtocol == HttpProtocol.Http2 ? HttpProtocols.Http2 : HttpProtocols.Http1
        );
    }
}
