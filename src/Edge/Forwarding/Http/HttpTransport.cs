using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Edge.Machine;

namespace Edge.Forwarding.Http;

/// <summary>
/// An HTTP client for one sink, or for alerts: no redirects, no proxy, no cookies, a limited response body, a time limit for everything.
/// Addresses are checked after name resolution, and the checked address itself is connected to, so neither a name nor a
/// second DNS answer can lead to a network that is not allowed. A failure is a result, not an exception; only
/// cancellation throws. One request at a time.
/// </summary>
internal sealed class HttpTransport : IDisposable
{
    /// <summary>Room for a response body before it turns out to be longer.</summary>
    private const int ResponseBytesAtFirst = 16 << 10;

    private static readonly TimeSpan IdleConnectionKept = TimeSpan.FromSeconds(30);

    private readonly HttpTransportOptions _options;
    private readonly TimeProvider _time;
    private readonly HttpClient _client;

    public HttpTransport(HttpTransportOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
        var handler = OutgoingHttp.CreateHandler(TimeSpan.FromMilliseconds(options.ConnectTimeoutMs));
        handler.PooledConnectionIdleTimeout = IdleConnectionKept;
        handler.MaxResponseDrainSize = options.ResponseMaxBytes;
        handler.ConnectCallback = ConnectAsync;
        _client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Sends the request and reads the response. Throws only when the caller's token is cancelled.</summary>
    public async Task<HttpResult> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
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
            return new HttpResult((int)response.StatusCode, body.Text, null)
            {
                IsCut = body.IsCut,
                RetryAfter = RetryAfterOf(response.Headers.RetryAfter),
                ExceptionCode = response.Headers.TryGetValues("X-ClickHouse-Exception-Code", out var codes)
                    ? codes.First()
                    : null,
            };
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return HttpResult.Failed(
                deadline.IsCancellationRequested
                    ? $"{place} did not answer within {_options.RequestTimeoutMs} ms{Setting("requestTimeoutMs")}"
                    : $"{place} could not be connected to within {_options.ConnectTimeoutMs} ms{Setting("connectTimeoutMs")}"
            );
        }
        catch (Exception e)
            when (e is HttpRequestException or IOException or SocketException or InvalidOperationException)
        {
            cancellation.ThrowIfCancellationRequested();
            return RefusalIn(e) is { } refused
                ? HttpResult.Failed(refused.Message) with { IsAddressRefused = refused.HasAddress }
                : HttpResult.Failed(ConnectionFailure.Describe(e, place));
        }
    }

    public void Dispose() => _client.Dispose();

    private static AddressRefusedException? RefusalIn(Exception failure)
    {
        for (var cause = failure; cause is not null; cause = cause.InnerException)
        {
            if (cause is AddressRefusedException refused)
            {
                return refused;
            }
        }

        return null;
    }

    private string Setting(string name) => _options.HasTimeoutSettings ? $" ({name})" : "";

    private async Task<(string Text, bool IsCut)> ReadBodyAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        var buffer = new byte[Math.Min(_options.ResponseMaxBytes, ResponseBytesAtFirst)];
        var length = 0;
        while (true)
        {
            length += await stream
                .ReadAtLeastAsync(
                    buffer.AsMemory(length),
                    buffer.Length - length,
                    throwOnEndOfStream: false,
                    cancellation
                )
                .ConfigureAwait(false);
            if (length < buffer.Length || length == _options.ResponseMaxBytes)
            {
                return (Encoding.UTF8.GetString(buffer, 0, length), length == _options.ResponseMaxBytes);
            }

            Array.Resize(ref buffer, (int)Math.Min(_options.ResponseMaxBytes, 2L * buffer.Length));
        }
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
        )
    {
        public bool HasAddress { get; } = addresses.Length > 0;
    }
}

/// <summary>How a sink connects over HTTP, or what sends alerts.</summary>
internal sealed record HttpTransportOptions
{
    /// <summary>Whether addresses that are not public may be connected to: this machine, its networks.</summary>
    public bool AllowsPrivate { get; init; }

    /// <summary>Networks that may be connected to although they are not public.</summary>
    public IPNetwork[] AllowedNetworks { get; init; } = [];

    /// <summary>Longest time resolving and connecting may take.</summary>
    public int ConnectTimeoutMs { get; init; } = 5_000;

    /// <summary>Longest time one request may take as a whole.</summary>
    public int RequestTimeoutMs { get; init; } = 30_000;

    /// <summary>Whether operators can change these times, so that failures name the settings.</summary>
    public bool HasTimeoutSettings { get; init; } = true;

    /// <summary>Bytes of a response body that are read; a longer one closes the connection.</summary>
    public int ResponseMaxBytes { get; init; } = 16 << 10;
}

/// <summary>The result of one request: a response, or why there was none.</summary>
/// <param name="Status">The status code; 0 without a response.</param>
/// <param name="Body">The beginning of the response body, as text.</param>
/// <param name="Failure">Why there was no response, in words; null when there was one.</param>
internal sealed record HttpResult(int Status, string Body, string? Failure)
{
    /// <summary>How long the server asked to wait before a retry; zero when it did not.</summary>
    public TimeSpan RetryAfter { get; init; }

    /// <summary>ClickHouse's error code from its header; null without one.</summary>
    public string? ExceptionCode { get; init; }

    /// <summary>Whether the body is as long as may be read, so that something may be missing.</summary>
    public bool IsCut { get; init; }

    /// <summary>Whether it failed because the address is none that may be connected to.</summary>
    public bool IsAddressRefused { get; init; }

    public bool IsSuccess => Failure is null && Status is >= 200 and < 300;

    public static HttpResult Failed(string failure) => new(0, "", failure);
}
