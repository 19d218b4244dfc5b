using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace Edge.Forwarding.Http;

/// <summary>
/// One sink's way to its server: no redirects, no proxy, no cookies, a capped answer, a time limit for everything.
/// Addresses are judged after the name was resolved and before the connection is made, and that very address is
/// connected to, so neither a name nor its second answer can lead to a network that is not allowed. A failure is an
/// answer, not an exception; only cancellation throws. One request at a time.
/// </summary>
internal sealed class HttpTransport : IDisposable
{
    private static readonly TimeSpan IdleConnectionKept = TimeSpan.FromSeconds(30);

    // A name that moves to another server is followed after this time.
    private static readonly TimeSpan ConnectionKept = TimeSpan.FromMinutes(5);

    private readonly HttpTransportOptions _options;
    private readonly TimeProvider _time;
    private readonly HttpClient _client;

    public HttpTransport(HttpTransportOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
        _client = new HttpClient(
            new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                UseProxy = false,
                UseCookies = false,
                AutomaticDecompression = DecompressionMethods.None,
                ActivityHeadersPropagator = null,
                MaxConnectionsPerServer = 1,
                MaxResponseHeadersLength = 16,
                PooledConnectionIdleTimeout = IdleConnectionKept,
                PooledConnectionLifetime = ConnectionKept,
                ConnectTimeout = TimeSpan.FromMilliseconds(options.ConnectTimeoutMs),
                ConnectCallback = ConnectAsync,
            }
        )
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>Sends the request and reads the answer. Throws only when the caller's token is cancelled.</summary>
    public async Task<HttpAnswer> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        var place = request.RequestUri!.Authority;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(_options.RequestTimeoutMs);
        try
        {
            using var response = await _client
                .SendAsync(request, HttpCompletionOption.ResponseHeadersRead, deadline.Token)
                .ConfigureAwait(false);
            var body = await ReadBodyAsync(response, deadline.Token).ConfigureAwait(false);
            return new HttpAnswer((int)response.StatusCode, body, null)
            {
                RetryAfter = RetryAfterOf(response.Headers.RetryAfter),
                ExceptionCode = response.Headers.TryGetValues("X-ClickHouse-Exception-Code", out var codes)
                    ? codes.First()
                    : null,
            };
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return HttpAnswer.Failed(
                deadline.IsCancellationRequested
                    ? $"{place} did not answer within {_options.RequestTimeoutMs} ms (requestTimeoutMs)"
                    : $"{place} could not be connected to within {_options.ConnectTimeoutMs} ms (connectTimeoutMs)"
            );
        }
        catch (Exception e)
            when (e is HttpRequestException or IOException or SocketException or InvalidOperationException)
        {
            cancellation.ThrowIfCancellationRequested();
            return HttpAnswer.Failed(Describe(e, place));
        }
    }

    public void Dispose() => _client.Dispose();

    private static string Describe(Exception failure, string place)
    {
        for (var cause = failure; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case AddressRefusedException refused:
                    return refused.Message;
                case SocketException
                {
                    SocketErrorCode: SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData
                }:
                    return $"the name {place} cannot be resolved";
                case SocketException socket:
                    return $"{place} cannot be reached: {socket.Message}";
                case AuthenticationException tls:
                    return $"no TLS with {place}: {tls.Message}";
            }
        }

        return $"the connection to {place} broke: {failure.Message}";
    }

    private async Task<string> ReadBodyAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        var buffer = new byte[_options.AnswerMaxBytes];
        var length = await stream
            .ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellation)
            .ConfigureAwait(false);
        return Encoding.UTF8.GetString(buffer, 0, length);
    }

    private TimeSpan RetryAfterOf(RetryConditionHeaderValue? header)
    {
        if (header is null)
        {
            return TimeSpan.Zero;
        }

        var wait = header.Delta ?? header.Date - _time.GetUtcNow() ?? TimeSpan.Zero;
        return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var endPoint = context.DnsEndPoint;
        var addresses = IPAddress.TryParse(endPoint.Host, out var literal)
            ? [literal]
            : await Dns.GetHostAddressesAsync(endPoint.Host, cancellation).ConfigureAwait(false);
        var allowed = Array.FindAll(addresses, IsAllowed);
        if (allowed.Length == 0)
        {
            throw new AddressRefusedException(endPoint.Host, addresses);
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, endPoint.Port, cancellation).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private bool IsAllowed(IPAddress address)
    {
        if (_options.AllowsPrivate || PublicAddress.Is(address))
        {
            return true;
        }

        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return Array.Exists(_options.AllowedNetworks, network => network.Contains(plain));
    }

    private sealed class AddressRefusedException(string host, IPAddress[] addresses)
        : IOException(
            addresses.Length == 0
                ? $"the name {host} has no address"
                : $"{host} leads to {addresses[0]}, which is not a public address; set allowPrivate or allowAddresses if that is meant"
        );
}
