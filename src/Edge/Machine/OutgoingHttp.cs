using System.Net;

namespace Edge.Machine;

/// <summary>
/// How the service asks other servers: one connection, no redirects, no proxy, no cookies, nothing inflated unasked, no
/// headers of its own for traces, a bounded response head.
/// </summary>
internal static class OutgoingHttp
{
    // A change of the name's address takes effect within this time.
    private static readonly TimeSpan ConnectionKept = TimeSpan.FromMinutes(5);

    /// <summary>A handler for one client, which disposes of it. What is special to that client is set by the caller.</summary>
    public static SocketsHttpHandler CreateHandler(TimeSpan connectTimeout) =>
        new()
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            MaxConnectionsPerServer = 1,
            MaxResponseHeadersLength = 16,
            PooledConnectionLifetime = ConnectionKept,
            ConnectTimeout = connectTimeout,
        };
}
