using System.Net.Sockets;
using Edge.Forwarding.Pump;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Journal.Recovery;
using Edge.Settings;

namespace Edge.Commands;

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

    /// <param name="url">Address of the service; null means the configured one, or the data directory when nobody is
    /// there.</param>
    public async Task<int> RunAsync(string? url)
    {
        var address = url ?? ConfiguredAddress(options);
        if (!Uri.TryCreate(address, UriKind.Absolute, out var target) || target.Scheme != Uri.UriSchemeHttp)
        {
            await error.WriteLineAsync(
                $"edge sink status: '{address}' is not an http address; give --url http://127.0.0.1:8080"
            );
            return ExitCode.WrongUsage;
        }
        try
        {
            return await ShowRunningAsync(new Uri(target, "/ledger"));
        }
        catch (SocketException) when (url is null)
        {
            await error.WriteLineAsync(
                $"edge sink status: nobody answers at {address}; this is what the data directory says"
            );
            return ShowStopped();
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
        {
            var reason =
                e is OperationCanceledException ? $"no answer within {AnswerDeadline.TotalSeconds} s" : e.Message;
            await error.WriteLineAsync(
                $"edge sink status: {address}: {reason}; give --url with the address of health and metrics"
            );
            return ExitCode.Failure;
        }
    }

    /// <summary>An address of the service that this machine can call.</summary>
    private static string ConfiguredAddress(EdgeOptions options)
    {
        var urls = EdgeConfiguration.SplitUrls(options.AdminUrls) is [_, ..] admin
            ? admin
            : EdgeConfiguration.SplitUrls(options.Urls);
        foreach (var everywhere in (string[])["//*", "//+", "//0.0.0.0", "//[::]"])
        {
            urls[0] = urls[0].Replace(everywhere, "//127.0.0.1", StringComparison.Ordinal);
        }

        return urls[0];
    }

    private async Task<int> ShowRunningAsync(Uri ledger)
    {
        if (await AskAsync(ledger) is not { } before)
        {
            return ExitCode.Failure;
        }

        var began = time.GetTimestamp();
        await Task.Delay(RatePeriod, time);
        if (await AskAsync(ledger) is not { } after)
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
            rows.Add(sink.Row(Math.Max(0, sink.Passed - earlier.Passed) / seconds, stored / seconds));
        }
        WriteTable(rows);
        return ExitCode.Success;
    }

    private async Task<IReadOnlyList<SinkView>?> AskAsync(Uri ledger)
    {
        using var deadline = new CancellationTokenSource(AnswerDeadline);
        var (status, body) = await HttpGet.AskAsync(ledger, LedgerMaxBytes, deadline.Token);
        if (status == 200 && SinkView.ParseLedger(body) is { } sinks)
        {
            return sinks;
        }

        await error.WriteLineAsync(
            $"edge sink status: {ledger} answered {status} and no ledger; give --url with the address of health and metrics"
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
                        DeadLettered = progress.DeadLettered,
                        Oldest = pending == 0 ? TimeSpan.Zero : AgeOfFirst(journal, progress.Cursor),
                    }.Row(eventsPerSecond: null, arrivingPerSecond: 0)
                );
            }
            WriteTable(rows);
            return ExitCode.Success;
        }
        catch (Exception e) when (e is JournalException or IOException or UnauthorizedAccessException)
        {
            error.WriteLine($"edge sink status: {e.Message.ReplaceLineEndings(" ")}");
            return ExitCode.Failure;
        }
    }

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

    /// <summary>Columns as wide as their widest cell; the last one is the end of the line.</summary>
    private void WriteTable(List<string[]> rows)
    {
        var widths = new int[Header.Length];
        foreach (var row in rows)
        {
            for (var i = 0; i < row.Length - 1; i++)
            {
                widths[i] = Math.Max(widths[i], row[i].Length);
            }
        }

        foreach (var row in rows)
        {
            for (var i = 0; i < row.Length - 1; i++)
            {
                output.Write(row[i].PadRight(widths[i] + 2));
            }

            output.WriteLine(row[^1]);
        }
    }
}
