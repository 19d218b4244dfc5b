using System.CommandLine;
using System.Net.Sockets;
using Edge.Audit;
using Edge.Catalog;
using Edge.Commands.Streams;
using Edge.Forwarding;
using Edge.Hosting;
using Edge.Journal;
using Edge.Machine;
using Edge.Settings;
using Edge.Storage;
using Edge.Transport;

namespace Edge.Commands;

/// <summary><c>edge serve</c>: runs the service until a signal or a journal fault.</summary>
internal static class ServeCommand
{
    /// <summary>This switch of the framework makes it believe the forwarded headers of everybody.</summary>
    private const string ForwardedHeadersSwitch = "ASPNETCORE_FORWARDEDHEADERS_ENABLED";

    public static Command Define(StandardStreams io)
    {
        var demo = new Option<bool>("--demo")
        {
            Arity = ArgumentArity.Zero,
            Description = "Adds example experiments when there are none, and prints what to try.",
        };
        var command = new Command("serve", "Runs the service until a signal.");
        var settings = SettingsArguments
            .AddTo(command)
            .WithDataDir(command)
            .With(command, "--urls", "URLS", "urls", "Addresses to serve on, separated by commas.")
            .With(command, "--admin-urls", "URLS", "adminUrls", "Separate addresses for health, metrics and ledger.");
        command.Add(demo);
        command.SetAction(
            async (result, _) =>
            {
                if (settings.Load(result, io.Error) is not { } options)
                {
                    return ExitCode.Failure;
                }

                options.Demo = result.GetValue(demo);
                if (options is { Demo: true, StoreKind: StoreKind.Postgres })
                {
                    await io.Error.WriteLineAsync(
                        "edge serve: --demo writes examples into files, and store.kind is postgres; leave one of them out"
                    );
                    return ExitCode.Failure;
                }

                return await RunAsync(options, () => settings.Read(result), io.Out, io.Error);
            }
        );
        return command;
    }

    /// <summary>What in the environment keeps the service from starting; null when nothing does.</summary>
    public static string? EnvironmentProblem() =>
        Environment.GetEnvironmentVariable(ForwardedHeadersSwitch) is null
            ? null
            : $"{ForwardedHeadersSwitch} is set and would believe anybody's address; unset it and use clientAddress.trustedProxies";

    /// <param name="options">The settings.</param>
    /// <param name="read">Reads them again, for SIGHUP.</param>
    /// <param name="output">Takes what is said to people.</param>
    /// <param name="error">Takes why it does not start.</param>
    public static async Task<int> RunAsync(
        EdgeOptions options,
        Func<(EdgeOptions Options, IReadOnlyList<string> Problems)> read,
        TextWriter output,
        TextWriter error
    )
    {
        if (EnvironmentProblem() is { } problem)
        {
            await error.WriteLineAsync($"edge serve: {problem}");
            return ExitCode.Failure;
        }
        var fitted = FittedSettings.Of(options);
        if (fitted.Shortage is not null)
        {
            await error.WriteLineAsync($"edge serve: {fitted.Shortage}");
            return ExitCode.Failure;
        }
        if (!options.CoreDumps)
        {
            ProcessLimits.ForbidCoreDumps();
        }
        OutOfMemory.EndsProcess(ExitCode.Exhausted);
        var reloading = new Lock();
        EdgeService? running = null;
        var isReloadDue = false;
        // From here on: a terminal that is closed must not end the process, not even while it starts.
        using var hangup = HangupSignal.OnEach(() =>
        {
            lock (reloading)
            {
                isReloadDue = running is null;
                if (running is not null)
                {
                    Reload(running, read);
                }
            }
        });
        // What is being done, for the message when it fails.
        var remedy = DataDirRemedy(options);
        try
        {
            SecretDirectory.CreateDataDir(options.DataDir);
            await using var service = EdgeService.Open(options, TimeProvider.System);
            service.ReportLowered(fitted.Lowered);
            service.ReportIgnoredVariables();
            remedy = UrlsRemedy(options);
            await service.StartAsync();
            lock (reloading)
            {
                // Requests may have been served, and a signal sent, before this is reached.
                running = service;
                if (isReloadDue)
                {
                    Reload(service, read);
                }
            }

            // Not before the listener is bound: a key that a failed start issued would never be shown.
            remedy = options.ApiFirstKeyFile.Length > 0 ? FirstKeyRemedy(options) : DataDirRemedy(options);
            var isFirst = !service.HasKeys;
            var key = service.IssueFirstKey();
            service.BecomeReady();
            // What is said to a person must not stand among the events.
            if (options.Sinks.Any(static sink => sink is { Type: SinkType.Stdout, Enabled: true }))
            {
                output = error;
            }

            if (key is not null)
            {
                await ShowKeyAsync(service, key, output);
            }

            if (isFirst && service.HasKeys)
            {
                RecordFirstKey(options, error);
            }

            // Of a fleet each node serves a part of what is named there.
            if (options is { Demo: true, Role: NodeRole.Standalone })
            {
                await WriteDemoHintsAsync(service, options, key ?? "KEY", output);
            }

            StartMemory.GiveBack();
            var stop = Task.Delay(Timeout.Infinite, service.StopRequested)
                .ContinueWith(_ => { }, TaskScheduler.Default);
            var ended = await Task.WhenAny(stop, service.JournalFaulted, service.ListenerFailed);
            if (ended == service.ListenerFailed)
            {
                service.ReportListenerFailure(await service.ListenerFailed);
                return ExitCode.Exhausted;
            }

            if (ended == stop)
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
        catch (CertificateException e)
        {
            await error.WriteLineAsync($"edge serve: {e.Message}");
            return ExitCode.Failure;
        }
        catch (JournalException e)
        {
            await error.WriteLineAsync($"edge serve: {e.Message.ReplaceLineEndings(" ")} (dataDir)");
            return ExitCode.Failure;
        }
        catch (StoreException e)
        {
            await error.WriteLineAsync($"edge serve: {e.Message.ReplaceLineEndings(" ")}");
            return ExitCode.Failure;
        }
        catch (SocketException e)
        {
            await error.WriteLineAsync($"edge serve: {SocketProblem(options, e)}");
            return ExitCode.Failure;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await error.WriteLineAsync($"edge serve: {e.Message.ReplaceLineEndings(" ").TrimEnd('.')}; {remedy}");
            return ExitCode.Failure;
        }
        catch (OutputException e)
        {
            await error.WriteLineAsync(
                $"edge serve: {e.Message}; api.firstKeyFile keeps the first key out of it"
            );
            return ExitCode.Failure;
        }
    }

    private static void RecordFirstKey(EdgeOptions options, TextWriter error)
    {
        var key = StoreFactory.Keys(options).Read()[0];
        LocalAudit.Record(
            options,
            LocalAudit.Entry(TimeProvider.System, AuditAction.CreateKey, key.Id) with { Detail = "the first" },
            error
        );
    }

    private static void Reload(
        EdgeService service,
        Func<(EdgeOptions Options, IReadOnlyList<string> Problems)> read
    )
    {
        var (options, problems) = read();
        var shortage = FittedSettings.Of(options).Shortage;
        service.Reload(options, shortage is null ? problems : [.. problems, shortage]);
    }

    private static async Task ShowKeyAsync(EdgeService service, string key, TextWriter output)
    {
        try
        {
            await output.WriteLineAsync($"API key, shown this once: {key}");
            await output.FlushAsync();
        }
        catch (OutputException)
        {
            // The next start shows one.
            service.WithdrawFirstKey(key);
            throw;
        }
    }

    private static string DataDirRemedy(EdgeOptions options) =>
        $"check owner, mode and free space of dataDir {Path.GetFullPath(options.DataDir)}, or choose another directory with --data-dir";

    private static string FirstKeyRemedy(EdgeOptions options) =>
        $"check {Path.GetFullPath(options.ApiFirstKeyFile)}, its directory and their owners, or name another file in"
        + " api.firstKeyFile";

    private static string UrlsRemedy(EdgeOptions options) =>
        options.AdminUrls.Length == 0
            ? $"urls is {options.Urls}; choose an address of this machine and a free port with --urls"
            : $"urls is {options.Urls}, adminUrls is {options.AdminUrls}; choose addresses of this machine and free ports"
                + " with --urls and --admin-urls";

    /// <summary>What the kernel said of an address, and of which one.</summary>
    private static string SocketProblem(EdgeOptions options, SocketException e)
    {
        var failed = options.ListenAddresses.FirstOrDefault(address =>
            address.SocketPath is null && ListenChecks.ErrorOf(address) == e.SocketErrorCode
        );
        return failed is null ? $"{e.Message.ReplaceLineEndings(" ").TrimEnd('.')}; {UrlsRemedy(options)}"
            : e.SocketErrorCode == SocketError.AccessDenied
                ? $"{failed.Text} {ListenChecks.Describe(e.SocketErrorCode)}"
            : $"{failed.Text} {ListenChecks.Describe(e.SocketErrorCode)}; {UrlsRemedy(options)}";
    }

    /// <summary>What curl needs to reach an address from this machine.</summary>
    private static string CurlTo(ListenAddress address) =>
        address.SocketPath is { } path ? $"--unix-socket {path} http://localhost"
        // The certificate names the host that visitors ask for, not this address.
        : (address.IsTls ? "--insecure " : "") + address.Loopback.GetLeftPart(UriPartial.Authority);

    private static async Task WriteDemoHintsAsync(
        EdgeService service,
        EdgeOptions options,
        string key,
        TextWriter output
    )
    {
        var served = ListenAddress.ParseAll(string.Join(',', service.Addresses));
        var forVisitors = served[0];
        var forOperators =
            options.AdminUrls.Length == 0 ? forVisitors : served[ListenAddress.Split(options.Urls).Length];
        var url = CurlTo(forVisitors);
        var api = CurlTo(options.ApiListener == ManagementListener.Admin ? forOperators : forVisitors);
        var traffic = forVisitors.SocketPath is null
            ? forVisitors.Loopback.GetLeftPart(UriPartial.Authority)
            : forVisitors.Text;
        var metrics =
            options.AdminUrls.Length > 0 || options.HttpPublicPages.Contains("metrics")
                ? $"curl {CurlTo(forOperators)}/metrics"
                : "closed by http.publicPages";
        await output.WriteLineAsync(
            $"""

            Edge is ready. Try, in another terminal:
              pixel             curl -i {url}/s/demo-ab/pixel.gif --output -
              click             curl -i {url}/s/demo-ab/click
              smart link        curl -i {url}/s/demo-smart/click
              your variant      curl {url}/s/demo-ab/resolve
              some visitors     edge demo-traffic --url {traffic}
              experiments       curl -H "Authorization: Bearer {key}" {api}/experiments/api
              metrics           {metrics}
            Experiments         {Path.GetFullPath(
                options.ExperimentsDir
            )}/*.json (edit one: it is served within a second)
            Forwarded events    {Path.GetFullPath(options.ForwardedDir)}/*.ndjson
            Ctrl+C stops it.

            """
        );
    }
}
