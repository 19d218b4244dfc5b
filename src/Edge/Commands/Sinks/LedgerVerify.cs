using System.CommandLine;
using Edge.Commands.Streams;
using Edge.Forwarding;
using Edge.Forwarding.ClickHouse;
using Edge.Forwarding.DeadLetters;
using Edge.Forwarding.Postgres;
using Edge.Hosting;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Journal.Recovery;
using Edge.Postgres;
using Edge.Settings;
using EventId = Edge.Events.EventId;

namespace Edge.Commands.Sinks;

/// <summary>
/// <c>edge ledger verify --sink NAME</c>: asks the table of a ClickHouse or PostgreSQL sink for every event that the
/// journal still holds and the sink has taken, by id. Reads beside the running service and changes nothing.
/// </summary>
internal sealed class LedgerVerify(EdgeOptions options, SinkOptions sink, TextWriter output, TextWriter error)
{
    private const string Name = "edge ledger verify";

    /// <summary>Events that are asked for at once; a statement of some 80 KB.</summary>
    private const int AskedAtOnce = 2_000;

    /// <summary>Missing events that are named; further ones are counted.</summary>
    private const int NamedMax = 20;

    private static readonly TimeSpan QuestionDeadline = TimeSpan.FromMinutes(1);

    private readonly List<EventId> _asked = new(AskedAtOnce);
    private readonly HashSet<EventId> _deadLetters = [];
    private long _present;
    private long _filtered;
    private long _dead;
    private long _missing;
    private long _damaged;

    public static Command Define(StandardStreams io)
    {
        var name = new Option<string>("--sink")
        {
            HelpName = "NAME",
            Description = "The sink, as the configuration names it.",
        };
        var command = new Command("verify", "Asks a ClickHouse or PostgreSQL sink for the events it has taken, by id.")
        {
            name,
        };
        var settings = SettingsArguments.AddTo(command).WithDataDir(command);
        command.SetAction(
            async (result, cancellation) =>
            {
                if (settings.Load(result, io.Error) is not { } options)
                {
                    return ExitCode.Failure;
                }

                return SinkChoice.Find(options, "ledger verify", result.GetValue(name), io.Error) is { } sink
                    ? await new LedgerVerify(options, sink, io.Out, io.Error).RunAsync(cancellation)
                    : ExitCode.WrongUsage;
            }
        );
        return command;
    }

    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        try
        {
            switch (sink.Type)
            {
                case SinkType.ClickHouse:
                    using (var client = new ClickHouseClient(SinkFactory.ClickHouseOptions(sink), TimeProvider.System))
                    {
                        return await CompareAsync(client.CountPresentAsync, cancellation);
                    }

                case SinkType.Postgres:
                    using (var session = await ConnectAsync(cancellation))
                    {
                        return await CompareAsync(session.CountPresentAsync, cancellation);
                    }

                default:
                    await error.WriteLineAsync(
                        $"{Name}: sink {sink.Name} is of type {SinkTypes.Word(sink.Type)}, which cannot be asked for events"
                    );
                    return ExitCode.WrongUsage;
            }
        }
        catch (Exception e) when (e is JournalException or IOException or UnauthorizedAccessException)
        {
            await error.WriteLineAsync($"{Name}: {e.Message.ReplaceLineEndings(" ")}");
        }
        catch (Exception e) when (PostgresFailure.IsExpected(e))
        {
            await error.WriteLineAsync($"{Name}: {PostgresFailure.Describe(e, PostgresConnection.Place(sink.Connection))}");
        }

        return ExitCode.Failure;
    }

    private async Task<PostgresSession> ConnectAsync(CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(QuestionDeadline);
        return await PostgresSession.ConnectAsync(SinkFactory.PostgresOptions(sink), deadline.Token);
    }

    /// <param name="countPresent">How many of these events the table has; throws <see cref="IOException"/>.</param>
    /// <param name="cancellation">Gives up.</param>
    private async Task<int> CompareAsync(
        Func<IReadOnlyList<EventId>, CancellationToken, Task<long>> countPresent,
        CancellationToken cancellation
    )
    {
        using var journal = JournalView.Open(options.ToJournalOptions());
        if (journal.ProgressOf(Path.Combine(options.CursorsDir, sink.Name)) is not { } progress)
        {
            await error.WriteLineAsync($"{Name}: sink {sink.Name} has taken nothing of this journal yet");
            return ExitCode.Failure;
        }

        foreach (var letter in DeadLetterFiles.Read(Path.Combine(options.DeadLettersDir, sink.Name)))
        {
            _deadLetters.Add(letter.Id);
        }

        var filter = EventFilter.Of(sink);
        var walker = journal.Walk();
        for (var step = walker.Step(); step != WalkStep.End; step = walker.Step())
        {
            if (step != WalkStep.Record)
            {
                _damaged++;
            }
            else if (walker.Envelope.Sequence > progress.Cursor.Sequence)
            {
                break;
            }
            else
            {
                Note(walker.Envelope.Id, filter is null || filter.Passes(walker.Payload));
                if (_asked.Count == AskedAtOnce)
                {
                    await AskAsync(_asked, countPresent, cancellation);
                    _asked.Clear();
                }
            }
        }

        await AskAsync(_asked, countPresent, cancellation);
        await ReportAsync(progress);
        return _missing == 0 ? ExitCode.Success : ExitCode.Failure;
    }

    private void Note(EventId id, bool passes)
    {
        if (!passes)
        {
            _filtered++;
        }
        else if (_deadLetters.Contains(id))
        {
            _dead++;
        }
        else
        {
            _asked.Add(id);
        }
    }

    /// <summary>Finds the missing ones by halves, so that an answer is a number, whatever is missing.</summary>
    private async Task AskAsync(
        List<EventId> ids,
        Func<IReadOnlyList<EventId>, CancellationToken, Task<long>> countPresent,
        CancellationToken cancellation
    )
    {
        if (ids.Count == 0)
        {
            return;
        }

        var present = await countPresent(ids, cancellation);
        if (present == ids.Count || present == 0 || _missing >= NamedMax)
        {
            _present += present;
            _missing += ids.Count - present;
            for (var i = 0; present == 0 && i < ids.Count && _missing - ids.Count + i < NamedMax; i++)
            {
                await output.WriteLineAsync($"missing: {ids[i]}");
            }

            return;
        }

        var half = ids.Count / 2;
        await AskAsync(ids[..half], countPresent, cancellation);
        await AskAsync(ids[half..], countPresent, cancellation);
    }

    private async Task ReportAsync(SinkProgress progress)
    {
        var all = _present + _missing + _filtered + _dead;
        await output.WriteLineAsync(
            $"sink {sink.Name}: {all} events in the journal that it has passed: {_present} there, {_filtered} filtered,"
                + $" {_dead} dead letters, {_missing} missing"
        );
        if (_damaged > 0)
        {
            await error.WriteLineAsync($"{Name}: {_damaged} places of the journal could not be read; edge journal verify names them");
        }

        if (_missing > 0 && progress.Skipped > _filtered)
        {
            await error.WriteLineAsync(
                $"{Name}: events of this sink were given up with edge journal skip-to, or no longer in the journal when it came"
                    + " to them; they are among the missing"
            );
        }
    }
}
