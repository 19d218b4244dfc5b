using Edge.Forwarding;
using Edge.Hosting;
using Edge.Journal;
using Edge.Settings;

namespace Edge.Commands;

/// <summary><c>edge serve</c>: runs the service until a signal or a journal fault.</summary>
internal static class ServeCommand
{
    /// <summary>This switch of the framework makes it believe the forwarded headers of everybody.</summary>
    private const string ForwardedHeadersSwitch = "ASPNETCORE_FORWARDEDHEADERS_ENABLED";

    /// <summary>What in the environment keeps the service from starting; null when nothing does.</summary>
    public static string? EnvironmentProblem() =>
        Environment.GetEnvironmentVariable(ForwardedHeadersSwitch) is null
            ? null
            : $"{ForwardedHeadersSwitch} is set and would believe anybody's address; unset it and use clientAddress.trustedProxies";

    public static async Task<int> RunAsync(EdgeOptions options, TextWriter output, TextWriter error)
    {
        if (EnvironmentProblem() is { } problem)
        {
            await error.WriteLineAsync($"edge serve: {problem}");
            return ExitCode.Failure;
        }
        try
        {
            Directory.CreateDirectory(options.DataDir);
            await using var service = EdgeService.Open(options, TimeProvider.System);
            var key = service.IssueFirstKey();
            await service.StartAsync();
            // What is said to a person must not stand among the events.
            if (options.Sinks.Any(static sink => sink is { Type: SinkType.Stdout, Enabled: true }))
            {
                output = error;
            }

            if (key is not null)
            {
                await output.WriteLineAsync($"API key, shown this once: {key}");
            }

            if (options.Demo)
            {
                await WriteDemoHintsAsync(service, options, key ?? "KEY", output);
            }

            var stop = Task.Delay(Timeout.Infinite, service.StopRequested)
                .ContinueWith(_ => { }, TaskScheduler.Default);
            if (await Task.WhenAny(stop, service.JournalFaulted) == stop)
            {
                await service.StopAsync();
            }

            if (!service.JournalFaulted.IsCompleted)
            {
                return ExitCode.Success;
            }

            service.ReportFault();
            return ExitCode.JournalFault;
        }
        catch (Exception e) when (e is JournalException or IOException or UnauthorizedAccessException)
        {
            await error.WriteLineAsync($"edge serve: {e.Message.ReplaceLineEndings(" ")}");
            return ExitCode.Failure;
        }
    }

    private static async Task WriteDemoHintsAsync(
        EdgeService service,
        EdgeOptions options,
        string key,
        TextWriter output
    )
    {
        var url = service.Addresses[0];
        await output.WriteLineAsync(
            $"""

            Edge is ready. Try, in another terminal:
              pixel             curl -i {url}/s/demo-ab/pixel.gif
              click             curl -i {url}/s/demo-ab/click
              smart link        curl -i {url}/s/demo-smart/click
              your variant      curl {url}/s/demo-ab/resolve
              experiments       curl -H "Authorization: Bearer {key}" {url}/experiments/api
              metrics           curl {url}/metrics
            Experiments         {Path.GetFullPath(
                options.ExperimentsDir
            )}/*.json (edit one: it is served within a second)
            Forwarded events    {Path.GetFullPath(options.ForwardedDir)}/*.ndjson
            Ctrl+C stops it.

            """
        );
    }
}
