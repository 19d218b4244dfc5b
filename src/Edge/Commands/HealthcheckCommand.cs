using System.Net.Sockets;
using System.Text;

namespace Edge.Commands;

/// <summary>
/// <c>edge healthcheck</c>: asks a running service whether it is ready, for containers without curl. Speaks HTTP/1.1 over a plain
/// socket, because an HTTP client would be a fifth of the binary.
/// </summary>
internal static class HealthcheckCommand
{
    private const string DefaultUrl = "http://127.0.0.1:8080/readyz";
    private const int TimeoutMs = 3_000;
    private const int ResponseMaxBytes = 4_096;

    public static async Task<int> RunAsync(string? url, TextWriter output, TextWriter error)
    {
        if (!Uri.TryCreate(url ?? DefaultUrl, UriKind.Absolute, out var target) || target.Scheme != Uri.UriSchemeHttp)
        {
            await error.WriteLineAsync($"edge healthcheck: '{url}' is not an http address; give --url {DefaultUrl}");
            return ExitCode.WrongUsage;
        }
        // An address alone means the default path.
        if (target.AbsolutePath == "/") target = new Uri(target, "/readyz");
        using var deadline = new CancellationTokenSource(TimeoutMs);
        try
        {
            var (status, body) = await AskAsync(target, deadline.Token);
            await output.WriteLineAsync(body);
            if (status == 200) return ExitCode.Success;
            await error.WriteLineAsync($"edge healthcheck: {target} answered {status}; see the reason above");
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
        {
            var reason = e is OperationCanceledException ? $"no answer within {TimeoutMs} ms" : e.Message;
            await error.WriteLineAsync($"edge healthcheck: {target}: {reason}; is the service running there?");
        }
        return ExitCode.Failure;
    }

    private static async Task<(int Status, string Body)> AskAsync(Uri target, CancellationToken cancellation)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(target.Host, target.Port, cancellation);
        var stream = client.GetStream();
        var request = $"GET {target.PathAndQuery} HTTP/1.1\r\nHost: {target.Authority}\r\nConnection: close\r\n\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request), cancellation);

        var buffer = new byte[ResponseMaxBytes];
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellation);
        var text = Encoding.UTF8.GetString(buffer, 0, length);
        var parts = text.Split(' ', 3);
        if (parts.Length < 3 || !int.TryParse(parts[1], out var status)) throw new IOException("the answer is not HTTP");
        var bodyAt = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        return (status, bodyAt < 0 ? "" : text[(bodyAt + 4)..].Trim());
    }
}
