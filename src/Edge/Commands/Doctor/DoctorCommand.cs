using System.CommandLine;
using System.Net;
using Edge.Catalog;
using Edge.Commands.Streams;
using Edge.Hosting;
using Edge.Journal.Recovery;
using Edge.Postgres;
using Edge.Settings;
using Edge.Storage;

namespace Edge.Commands.Doctor;

/// <summary>
/// <c>edge doctor</c>: looks at what is around the service: settings, machine, disk, files, sinks, and with
/// <c>--public</c> the way visitors take. Changes nothing, runs beside the service and without it. One line for each
/// finding, with its remedy; what stands in the data directory is for <c>edge check</c>.
/// </summary>
internal sealed class DoctorCommand(EdgeOptions options, TimeProvider time, TextWriter output)
{
    private const int AnswerMaxBytes = 1 << 20;
    private static readonly TimeSpan AnswerDeadline = TimeSpan.FromSeconds(5);

    private readonly Findings _findings = new(output);

    public static Command Define(StandardStreams io)
    {
        var url = new Option<string>("--public")
        {
            HelpName = "URL",
            Description = "Address at which visitors reach the service, which is asked through it.",
        };
        var command = new Command("doctor", "Looks at machine, disk, files, sinks and the way of visitors, with remedies.")
        {
            url,
        };
        var settings = SettingsArguments.AddTo(command).WithDataDir(command);
        command.SetAction(
            async (result, cancellation) =>
            {
                var (options, problems) = settings.Read(result);
                var given = result.GetValue(url);
                if (given is not null && PublicWay.ProblemOf(given) is { } problem)
                {
                    await io.Error.WriteLineAsync($"edge doctor: {problem}");
                    return ExitCode.WrongUsage;
                }

                return await new DoctorCommand(options, TimeProvider.System, io.Out).RunAsync(
                    problems,
                    given,
                    cancellation
                );
            }
        );
        return command;
    }

    /// <param name="problems">What is wrong with the settings.</param>
    /// <param name="publicUrl">Where visitors come; null leaves that out.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<int> RunAsync(
        IReadOnlyList<string> problems,
        string? publicUrl,
        CancellationToken cancellation
    )
    {
        _findings.Look("settings", subject => CheckSettings(subject, problems));
        _findings.Look("limits", CheckCapacity);
        new MachineChecks(options, time, _findings).Run();
        // Where something is reached, only right settings say.
        if (problems.Count == 0)
        {
            await CheckOthersAsync(publicUrl, cancellation);
        }

        _findings.WriteCounts();
        return _findings.AreFine ? ExitCode.Success : ExitCode.Failure;
    }

    private void CheckSettings(string subject, IReadOnlyList<string> problems)
    {
        foreach (var problem in problems)
        {
            _findings.Fail(subject, problem, "edge config print shows where each comes from");
        }

        foreach (var ignored in options.IgnoredVariables)
        {
            _findings.Warn(subject, ignored, "");
        }

        if (ServeCommand.EnvironmentProblem() is { } wrong)
        {
            _findings.Fail(subject, wrong, "the service does not start with it");
        }
        else if (problems.Count == 0)
        {
            _findings.Ok(subject, "can be used");
        }
    }

    private void CheckCapacity(string subject)
    {
        var (machine, lowered, shortage) = FittedSettings.Of(options);
        if (shortage is not null)
        {
            _findings.Fail("open files", shortage, "raise LimitNOFILE or ulimits.nofile");
        }

        foreach (var limit in lowered)
        {
            _findings.Note(
                subject,
                $"{limit.Setting} is {limit.To} here instead of {limit.From}: {limit.Reason}",
                "give it more, or ask for less"
            );
        }

        _findings.Ok(
            subject,
            $"{options.HttpMaxConnections} connections, {machine.Descriptors} open files, {machine.MemoryBytes >> 20} MiB of memory"
        );
    }

    private async Task CheckOthersAsync(string? publicUrl, CancellationToken cancellation)
    {
        await new SinkChecks(options, time, _findings).RunAsync(cancellation);
        if (options.StoreKind == StoreKind.Postgres)
        {
            _findings.Look("store", CheckStore);
        }

        await new OriginCheck(options, _findings).RunAsync(cancellation);
        await _findings.LookAsync("service", subject => CheckServiceAsync(subject, cancellation), cancellation);
        if (publicUrl is not null)
        {
            await new PublicWay(options, new Uri(publicUrl), _findings).RunAsync(cancellation);
        }
    }

    private void CheckStore(string subject)
    {
        try
        {
            using var store = StoreFactory.Connection(options);
            var count = PostgresStore.ReadDefinitions(store).Count;
            _findings.Ok(subject, $"PostgreSQL at {store.Place} has {count} experiments");
        }
        catch (StoreException e)
        {
            _findings.Fail(subject, e.Message, "docs/store.md says what the service does meanwhile");
        }
    }

    private async Task CheckServiceAsync(string subject, CancellationToken cancellation)
    {
        if (ServiceAddress.Of(options, null) is not { } address)
        {
            return;
        }

        try
        {
            using var service = new ServiceClient(address, options.HttpProtocol, AnswerDeadline, AnswerMaxBytes);
            var (status, body) = await service.GetAsync(new Uri(address.Uri, "/readyz"), cancellation);
            if (status == HttpStatusCode.NotFound)
            {
                _findings.Note(subject, $"{address} answers, but http.publicPages closes /readyz");
            }
            else if (status == HttpStatusCode.OK && body == "ready" && IsJournalFree())
            {
                _findings.Warn(
                    subject,
                    $"is ready at {address}, but none has the journal in {Path.GetFullPath(options.JournalDir)}: it is that of another data directory",
                    "name its dataDir (--data-dir, --config), or give each service an address of its own"
                );
            }
            else if (status == HttpStatusCode.OK && body == "ready")
            {
                _findings.Ok(subject, $"is ready at {address}");
            }
            else
            {
                _findings.Warn(subject, $"{address} says: {body}", "docs/operating.md, Probes, says what that means");
            }
        }
        catch (ServiceUnreachableException e)
        {
            _findings.Note(subject, $"does not run at {address} ({e.Message})");
        }
    }

    /// <summary>Whether no service has the journal of the settings; false when this user cannot find out.</summary>
    private bool IsJournalFree() =>
        (!Directory.Exists(options.DataDir) || DirectoryProbe.IsOpen(options.DataDir))
        && JournalLock.IsFree(options.JournalDir);
}
