using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace Edge.Commands;

/// <summary>Asks the running service, straight and in the protocol it serves.</summary>
internal sealed class ServiceClient : IDisposable
{
    private readonly HttpClient _http;
    private readonly TimeSpan _deadline;

    /// <param name="address">Where the service is.</param>
    /// <param name="protocol">What the listener speaks.</param>
    /// <param name="deadline">Longest time for one answer.</param>
    /// <param name="answerBytesMax">Most bytes of an answer that are read; a longer one is refused.</param>
    public ServiceClient(
        ServiceAddress address,
        Settings.HttpProtocol protocol,
        TimeSpan deadline,
        int answerBytesMax
    )
    {
        _deadline = deadline;
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            // A proxy of the environment must not be asked about this machine.
            UseProxy = false,
        };
        if (address.SocketPath is { } path)
        {
            handler.ConnectCallback = (_, cancellation) => ConnectAsync(path, cancellation);
        }

        var isTls = address.Uri.Scheme == Uri.UriSchemeHttps;
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, errors) =>
            errors == SslPolicyErrors.None || address.IsThisMachine;

        _http = new HttpClient(handler)
        {
            DefaultRequestVersion =
                isTls || protocol == Settings.HttpProtocol.Http2 ? HttpVersion.Version20 : HttpVersion.Version11,
            // With TLS both sides agree on one.
            DefaultVersionPolicy = isTls
                ? HttpVersionPolicy.RequestVersionOrLower
                : HttpVersionPolicy.RequestVersionExact,
            MaxResponseContentBufferSize = answerBytesMax,
            Timeout = deadline,
        };
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Status and body. Throws <see cref="ServiceUnreachableException"/> when there is no answer.</summary>
    public async Task<(HttpStatusCode Status, string Body)> GetAsync(Uri target, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, target);
        using var answer = await SendAsync(request, cancellation);
        return (answer.StatusCode, (await answer.Content.ReadAsStringAsync(cancellation)).Trim());
    }

    /// <summary>The answer, whole. Throws <see cref="ServiceUnreachableException"/> when there is none.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation) =>
        SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellation);

    /// <summary>
    /// The answer as soon as its header is there, for one that goes on. Throws <see
    /// cref="ServiceUnreachableException"/> when there is none.
    /// </summary>
    public Task<HttpResponseMessage> OpenAsync(HttpRequestMessage request, CancellationToken cancellation) =>
        SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);

    private async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request,
        HttpCompletionOption completion,
        CancellationToken cancellation
    )
    {
        request.Version = _http.DefaultRequestVersion;
        request.VersionPolicy = _http.DefaultVersionPolicy;
        try
        {
            return await _http.SendAsync(request, completion, cancellation);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new ServiceUnreachableException($"no answer within {_deadline.TotalSeconds} s", isNobody: false, e);
        }
        catch (HttpRequestException e)
        {
            var socket = e.InnerException as SocketException;
            throw new ServiceUnreachableException(
                socket?.Message ?? e.InnerException?.Message ?? e.Message,
                isNobody: socket is not null,
                e
            );
        }
    }

    private static async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancellation)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

/// <summary>The service gave no answer.</summary>
/// <param name="reason">Why, in words.</param>
/// <param name="isNobody">Whether nobody listens at the address.</param>
/// <param name="cause">What the platform said.</param>
internal sealed class ServiceUnreachableException(string reason, bool isNobody, Exception cause)
    : Exception(reason.ReplaceLineEndings(" "), cause)
{
    public bool IsNobody { get; } = isNobody;
}
