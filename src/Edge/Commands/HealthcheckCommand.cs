using System.Net.Sockets;

namespace Edge.Commands;

/// <summary>
/// <c>edge healthcheck</c>: asks a running service whether it is ready, for containers without curl.
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
        if (target.AbsolutePath == "/")
        {
            target = new Uri(target, "/readyz");
        }

        using var deadline = new CancellationTokenSource(TimeoutMs);
        try
        {
            var (status, body) = await HttpGet.AskAsync(target, ResponseMaxBytes, deadline.Token);
            await output.WriteLineAsync(body);
            if (status == 200)
            {
                return ExitCode.Success;
            }

            await error.WriteLineAsync($"edge healthcheck: {target} answered {status}; see the reason above");
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
        {
            var reason = e is OperationCanceledException ? $"no answer within {TimeoutMs} ms" : e.Message;
            await error.WriteLineAsync($"edge healthcheck: {target}: {reason}; is the service running there?");
        }
        return ExitCode.Failure;
    }
}
