using System.CommandLine;
using System.Net;
using Edge.Commands.Streams;
using Edge.Settings;

namespace Edge.Commands;

/// <summary>
/// <c>edge healthcheck</c>: asks a running service whether it is ready, for containers without curl. Asks where the
/// configuration says that health is served.
/// </summary>
internal static class HealthcheckCommand
{
    private const int ResponseMaxBytes = 4_096;
    private static readonly TimeSpan AnswerDeadline = TimeSpan.FromSeconds(3);

    public static Command Define(StandardStreams io)
    {
        var url = ServiceAddress.Option();
        var command = new Command("healthcheck", "Exit code 0 when the service is ready, else 1 and the reason.")
        {
            url,
        };
        var settings = SettingsArguments.AddTo(command);
        command.SetAction(
            async (result, cancellation) =>
            {
                var given = result.GetValue(url);
                return settings.LoadUnlessNamed(result, given, io.Error) is { } options
                    ? await RunAsync(options, given, io.Out, io.Error, cancellation)
                    : ExitCode.Failure;
            }
        );
        return command;
    }

    /// <param name="options">Where and how the service is served.</param>
    /// <param name="url">Its address instead; null for the configured one.</param>
    /// <param name="output">Takes the service's answer.</param>
    /// <param name="error">Takes why it is not ready.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<int> RunAsync(
        EdgeOptions options,
        string? url,
        TextWriter output,
        TextWriter error,
        CancellationToken cancellation
    )
    {
        if (ServiceAddress.Of(options, url) is not { } address)
        {
            await error.WriteLineAsync($"edge healthcheck: {ServiceAddress.Problem(url)}");
            return ExitCode.WrongUsage;
        }
        var target = address.Uri;
        // An address alone means the default path; where /readyz is closed, /healthz is what there is. Who restarts what is
        // unhealthy must not do so because of a full journal.
        if (target.AbsolutePath == "/")
        {
            var isClosed = url is null && options.AdminUrls.Length == 0 && !options.HttpPublicPages.Contains("readyz");
            target = new Uri(target, isClosed ? "/healthz" : "/readyz?visitors");
        }

        try
        {
            using var service = new ServiceClient(address, options.HttpProtocol, AnswerDeadline, ResponseMaxBytes);
            var (status, body) = await service.GetAsync(target, cancellation);
            await output.WriteLineAsync(body);
            if (status == HttpStatusCode.OK)
            {
                return ExitCode.Success;
            }

            await error.WriteLineAsync($"edge healthcheck: {target} answered {(int)status}; see the reason above");
        }
        catch (ServiceUnreachableException e)
        {
            await error.WriteLineAsync(
                $"edge healthcheck: {address}: {e.Message}; is the service running there? --url asks elsewhere"
            );
        }
        return ExitCode.Failure;
    }
}
