using System.CommandLine;
using System.Globalization;
using Edge.Commands.Sinks;
using Edge.Commands.Streams;
using Edge.Formats;
using Edge.Forwarding;
using Edge.Forwarding.DeadLetters;
using Edge.Hosting;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Journal.Recovery;
using Edge.Settings;

namespace Edge.Commands.Journals;

/// <summary>
/// <c>edge journal replay</c>: sends a sink once more what the journal still holds of a period, by the time of receipt,
/// through the sink's own code, with its filters and fields. Works beside a running service and without one; the sink's
/// cursor stays where it is. Events keep their ids, by which a destination knows what it has already.
/// </summary>
internal static class JournalReplay
{

    /// <summary>One line of progress for about this many events.</summary>
    private const int ProgressEvery = 100_000;

    public static Command Define(StandardStreams io)
    {
        var sink = Text("--sink", "NAME", "The sink that gets them.");
        var from = Text("--from", "TIME", "First moment of receipt, such as 2026-11-21T09:00:00Z.");
        var to = Text("--to", "TIME", "The moment before which the period ends.");
        var command = new Command("replay", "Sends a sink again what the journal still holds of a period.")
        {
            sink,
            from,
            to,
        };
        var settings = SettingsArguments.AddTo(command).WithOwnDataDir(command);
        command.SetAction(
            async (result, _) =>
                settings.Load(result, io.Error) is { } options
                    ? await RunAsync(
                        options,
                        result.GetRequiredValue(sink),
                        result.GetRequiredValue(from),
                        result.GetRequiredValue(to),
                        TimeProvider.System,
                        io.Error
                    )
                    : ExitCode.Failure
        );
        return command;

        static Option<string> Text(string name, string value, string description) =>
            new(name)
            {
                HelpName = value,
                Description = description,
                Required = true,
            };
    }

    /// <param name="options">Where the journal is, and the sinks.</param>
    /// <param name="sinkName">The sink that gets the events.</param>
    /// <param name="fromText">First moment of receipt, RFC 3339.</param>
    /// <param name="toText">The moment before which the period ends, RFC 3339.</param>
    /// <param name="time">The clock.</param>
    /// <param name="error">Takes progress and what is wrong.</param>
    public static async Task<int> RunAsync(
        EdgeOptions options,
        string sinkName,
        string fromText,
        string toText,
        TimeProvider time,
        TextWriter error
    )
    {
        if (!Timestamp.TryParse(fromText, out var from) || !Timestamp.TryParse(toText, out var to) || from >= to)
        {
            await error.WriteLineAsync(
                "edge journal replay: needs --from and --to, such as 2026-11-21T09:00:00Z, the second one later and not included"
            );
            return ExitCode.WrongUsage;
        }
        if (SinkChoice.Find(options, "journal replay", sinkName, error) is not { } sink)
        {
            return ExitCode.WrongUsage;
        }

        if (sink.Type == SinkType.File)
        {
            await error.WriteLineAsync(
                $"edge journal replay: sink {sink.Name} writes files, which it keeps; edge journal dump prints what the journal holds"
            );
            return ExitCode.WrongUsage;
        }
        try
        {
            using var journal = JournalView.Open(options.ToJournalOptions());
            using var delivery = new Redelivery(SinkFactory.Create(sink, options, time), EventFields.Of(sink), time);
            return await SendAsync(journal, delivery, EventFilter.Of(sink), from, to, error);
        }
        catch (Exception e) when (e is JournalException or IOException or UnauthorizedAccessException)
        {
            await error.WriteLineAsync($"edge journal replay: {e.Message.ReplaceLineEndings(" ")}");
            return ExitCode.Failure;
        }
    }

    private static async Task<int> SendAsync(
        JournalView journal,
        Redelivery delivery,
        EventFilter? filter,
        DateTimeOffset from,
        DateTimeOffset to,
        TextWriter error
    )
    {
        var (taken, refused, damaged, reported) = (0L, 0L, 0L, 0L);
        if (await delivery.BeginAsync(CancellationToken.None) is { } unreachable)
        {
            return await StopAsync(unreachable);
        }

        DateTimeOffset? first = null;
        var begins = 0L;
        var walker = journal.Walk();
        for (var step = walker.Step(); step != WalkStep.End; step = walker.Step())
        {
            if (step != WalkStep.Record)
            {
                damaged++;
                continue;
            }
            var at = walker.Envelope.Id.CreatedAt;
            if (first is null)
            {
                (first, begins) = (at, walker.Envelope.Sequence);
            }

            if (at < from || at >= to || filter?.Passes(walker.Payload) == false)
            {
                continue;
            }

            delivery.Add(walker.Envelope.Id, walker.Payload);
            if (delivery.IsFull && await SendBatchAsync() is { } problem)
            {
                return await StopAsync(problem);
            }
        }
        if (await SendBatchAsync() is { } last)
        {
            return await StopAsync(last);
        }

        // A journal that still has its first event never held anything before it.
        if (begins != 1 && (first is null || first > from))
        {
            var begin = first is { } oldest ? $"begins with {Timestamp.Format(oldest)}" : "is empty";
            await error.WriteLineAsync(
                $"edge journal replay: the journal {begin}; what came before is no longer held (journal.retainHours, journal.retainBytes)"
            );
        }
        if (damaged > 0)
        {
            await error.WriteLineAsync(
                $"edge journal replay: {damaged} pages could not be read: edge journal verify has more"
            );
        }

        await error.WriteLineAsync(Count());
        return refused == 0 && damaged == 0 ? ExitCode.Success : ExitCode.Failure;

        async Task<string?> SendBatchAsync()
        {
            var problem = await delivery.SendAsync(CancellationToken.None);
            taken += delivery.Taken.Count;
            refused += delivery.Refused.Count;
            foreach (var (id, answer) in delivery.Refused)
            {
                await error.WriteLineAsync($"edge journal replay: {id} was refused: {answer}");
            }

            if (taken - reported >= ProgressEvery)
            {
                reported = taken;
                await error.WriteLineAsync(
                    $"edge journal replay: {taken.ToString(CultureInfo.InvariantCulture)} events so far"
                );
            }
            return problem;
        }

        string Count() => $"edge journal replay: {taken} events sent again, {refused} refused";

        async Task<int> StopAsync(string problem)
        {
            await error.WriteLineAsync(
                $"edge journal replay: stopped: {problem}; {taken} events were sent, and the whole period may be sent again"
            );
            return ExitCode.Failure;
        }
    }
}
