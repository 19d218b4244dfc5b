using System.CommandLine;
using System.Net;
using Edge.Commands.Streams;
using Edge.Forwarding.DeadLetters;
using Edge.Forwarding.Pump;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Journal.Recovery;
using Edge.Settings;

namespace Edge.Commands.Sinks;

/// <summary>
/// <c>edge sink status</c>: how far each sink is, as a table for people. Asks the running service for its ledger twice,
/// for the rate between the two; when no service answers at the configured address, reads cursors and journal of the
/// data directory.
/// </summary>
internal sealed class SinkStatusCommand(EdgeOptions options, TimeProvider time, TextWriter output, TextWriter error)
{
    private const int LedgerMaxBytes = 1 << 20;
    private static readonly TimeSpan AnswerDeadline = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan RatePeriod = TimeSpan.FromSeconds(2);

    private static readonly string[] Header =
    [
        "SINK",
        "STATE",
        "PENDING",
        "BYTES",
        "OLDEST",
        "RATE",
        "CAUGHT UP IN",
        "DEAD LETTERS",
        "LAST ERROR",
    ];

    public static Command Define(StandardStreams io)
    {
        var url = ServiceAddress.Option();
        var command = new Command(
            "status",
            "Shows how far each sink is: pending, age, rate, time to catch up, last error."
        )
        {
            url,
        };
        var settings = SettingsArguments.AddTo(command).WithDataDir(command);
        command.SetAction(
            async (result, _) =>
                settings.Load(result, io.Error) is { } options
                    ? await new SinkStatusCommand(options, TimeProvider.System, io.Out, io.Error).RunAsync(
                        result.GetValue(url)
                    )
                    : ExitCode.Failure
        );
        return command;
    }

    /// <param name="url">Address of the service; null means the configured one, or the data directory when nobody is
    /// there.</param>
    public async Task<int> RunAsync(string? url)
    {
        if (ServiceAddress.Of(options, url) is not { } target)
        {
            await error.WriteLineAsync($"edge sink status: {ServiceAddress.Problem(url)}");
            return ExitCode.WrongUsage;
        }
        try
        {
            return await ShowRunningAsync(target, isOurs: url is null);
        }
        catch (ServiceUnreachableException e) when (e.IsNobody && url is null)
        {
            await error.WriteLineAsync(
                $"edge sink status: nobody answers at {target}; this is what the data directory says"
            );
            return ShowStopped();
        }
        catch (ServiceUnreachableException e)
        {
            await error.WriteLineAsync(
                $"edge sink status: {target}: {e.Message}; give --url with the address of health and metrics"
            );
            return ExitCode.Failure;
        }
    }

    /// <param name="address">Where the service answers.</param>
    /// <param name="isOurs">Whether the data directory of the settings is that service's.</param>
    private async Task<int> ShowRunningAsync(ServiceAddress address, bool isOurs)
    {
        var ledger = new Uri(address.Uri, "/ledger");
        using var service = new ServiceClient(address, options.HttpProtocol, AnswerDeadline, LedgerMaxBytes);
        if (await AskAsync(service, ledger) is not { } before)
        {
            return ExitCode.Failure;
        }

        var began = time.GetTimestamp();
        await Task.Delay(RatePeriod, time);
        if (await AskAsync(service, ledger) is not { } after)
        {
            return ExitCode.Failure;
        }

        var seconds = time.GetElapsedTime(began).TotalSeconds;
        var rows = new List<string[]> { Header };
        foreach (var sink in after)
        {
            var earlier = before.FirstOrDefault(candidate => candidate.Name == sink.Name) ?? sink;
            var stored = sink.Passed + sink.Pending - earlier.Passed - earlier.Pending;
            // A rewind takes steps back, which is no negative rate.
            var shown = isOurs ? sink with { DeadLettersLeft = DeadLettersLeft(sink.Name) } : sink;
            rows.Add(shown.Row(Math.Max(0, sink.Passed - earlier.Passed) / seconds, stored / seconds));
        }
        TextTable.Write(output, rows);
        return ExitCode.Success;
    }

    private async Task<IReadOnlyList<SinkView>?> AskAsync(ServiceClient service, Uri ledger)
    {
        var (status, body) = await service.GetAsync(ledger, CancellationToken.None);
        if (status == HttpStatusCode.OK && SinkView.ParseLedger(body) is { } sinks)
        {
            return sinks;
        }

        await error.WriteLineAsync(
            $"edge sink status: {ledger} answered {(int)status} and no ledger; give --url with the address of health and metrics"
        );
        return null;
    }

    private int ShowStopped()
    {
        try
        {
            using var journal = JournalView.Open(options.ToJournalOptions());
            var rows = new List<string[]> { Header };
            foreach (var sink in options.Sinks)
            {
                var progress = journal.ProgressOf(Path.Combine(options.CursorsDir, sink.Name)) ?? default;
                var pending = journal.CommittedSequence - progress.Cursor.Sequence;
                rows.Add(
                    new SinkView
                    {
                        Name = sink.Name,
                        State =
                            File.Exists(PauseSwitch.PathOf(options.DataDir, sink.Name)) ? "paused"
                            : sink.Enabled ? "stopped"
                            : "disabled",
                        Passed = progress.Cursor.Sequence,
                        Pending = pending,
                        PendingBytes = pending == 0 ? 0 : journal.HeldBytes(progress.Cursor.Address),
                        Missed = progress.Skipped - progress.Filtered,
                        DeadLettered = progress.DeadLettered,
                        DeadLettersLeft = DeadLettersLeft(sink.Name),
                        Oldest = pending == 0 ? TimeSpan.Zero : AgeOfFirst(journal, progress.Cursor),
                    }.Row(eventsPerSecond: null, arrivingPerSecond: 0)
                );
            }
            TextTable.Write(output, rows);
            return ExitCode.Success;
        }
        catch (Exception e) when (e is JournalException or IOException or UnauthorizedAccessException)
        {
            error.WriteLine($"edge sink status: {e.Message.ReplaceLineEndings(" ")}");
            return ExitCode.Failure;
        }
    }

    private long? DeadLettersLeft(string sink) =>
        Directory.Exists(options.DeadLettersDir)
            ? DeadLetterFiles.Count(Path.Combine(options.DeadLettersDir, sink))
            : null;

    private TimeSpan AgeOfFirst(JournalView journal, JournalCursor from)
    {
        var walker = journal.Walk(from.Address);
        if (walker.Step() != WalkStep.Record)
        {
            return TimeSpan.Zero;
        }

        var age =
            time.GetUtcNow()
            - walker.Envelope.Id.CreatedAt;
        return age < TimeSpan.Zero ? TimeSpan.Zero : age;
    }
}
