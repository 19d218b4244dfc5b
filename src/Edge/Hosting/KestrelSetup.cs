using System.Text;
using Edge.Settings;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using HttpProtocol = Edge.Settings.HttpProtocol;

namespace Edge.Hosting;

/// <summary>
/// Every limit of the listener, set on purpose: the framework's defaults leave connections unbounded and idle clients
/// welcome for minutes.
/// </summary>
internal static class KestrelSetup
{
    /// <summary>
    /// Body bytes of a request to a route that reads none. Some clients send <c>{}</c> there: a small body is read
    /// over, because the listener closes the connection of one that is too long, and the client's next request is lost
    /// on it.
    /// </summary>
    private const long BodyMaxBytes = 16 << 10;

    /// <summary>
    /// What is read of a connection before anybody asks for it. Kestrel's own 1 MiB would let ten thousand senders
    /// without a key fill ten gigabytes, and costs the copying of bodies that are refused at their beginning.
    /// </summary>
    private const int ReadAheadBytes = 128 << 10;

    public static void Apply(KestrelServerOptions kestrel, EdgeOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.AllowSynchronousIO = false;
        // Header bytes reach us unchanged, one char each: a Latin-1 user agent or referrer is a visitor, not a mistake.
        kestrel.RequestHeaderEncodingSelector = static _ => Encoding.Latin1;

        var limits = kestrel.Limits;
        limits.MaxConcurrentConnections = options.HttpMaxConnections;
        limits.MaxConcurrentUpgradedConnections = 0;
        limits.MaxRequestLineSize = options.HttpMaxRequestLineBytes;
        limits.MaxRequestHeadersTotalSize = options.HttpMaxHeaderBytes;
        limits.MaxRequestHeaderCount = options.HttpMaxHeaderCount;
        limits.MaxRequestBodySize = BodyMaxBytes;
        // Kestrel insists that the line fits the buffer it is read into.
        limits.MaxRequestBufferSize = Math.Max(ReadAheadBytes, options.HttpMaxRequestLineBytes);
        limits.RequestHeadersTimeout = TimeSpan.FromMilliseconds(options.HttpHeadersTimeoutMs);
        limits.KeepAliveTimeout = TimeSpan.FromMilliseconds(options.HttpKeepAliveTimeoutMs);
        limits.Http2.MaxStreamsPerConnection = options.HttpMaxStreamsPerConnection;
        kestrel.ConfigureEndpointDefaults(endpoint =>
            endpoint.Protocols = options.HttpProtocol == HttpProtocol.Http2 ? HttpProtocols.Http2 : HttpProtocols.Http1
        );
    }
}
