using System.CommandLine;
using Edge.Commands.Streams;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Journal.Recovery;

namespace Edge.Commands.Journals;

/// <summary>
/// <c>edge journal verify</c>: checks every file and every record the journal holds and every cursor. Prints one line
/// per problem and a last line with what was counted; exit code 0 only when there is no problem.
/// </summary>
internal static class JournalVerify
{
    public static Command Define(StandardStreams io)
    {
        var command = new Command("verify", "Checks every file, record and cursor, also beside the service.");
        var settings = SettingsArguments.AddTo(command).WithDataDir(command);
        command.SetAction(result =>
            settings.Load(result, io.Error) is { } options
                ? Run(options.ToJournalOptions(), io.Out, io.Error)
                : ExitCode.Failure
        );
        return command;
    }

    public static int Run(JournalOptions options, TextWriter output, TextWriter error)
    {
        try
        {
            using var journal = OfflineJournal.OpenToRead(options);
            var problems = 0L;
            var records = Examine(journal, Report);
            output.WriteLine(
                $"{records} records intact, {problems} problems, addresses {journal.Committed.Begin} to {journal.Committed.Until},"
                    + $" last record {journal.Committed.Sequence}"
            );
            return problems == 0 ? ExitCode.Success : ExitCode.Failure;

            void Report(string problem)
            {
                problems++;
                output.WriteLine(problem);
            }
        }
        catch (JournalException e)
        {
            error.WriteLine($"edge journal verify: {e.Message}");
            return ExitCode.Failure;
        }
    }

    /// <summary>Reads everything, reports each problem in one line, and returns how many records are intact.</summary>
    public static long Examine(OfflineJournal journal, Action<string> report)
    {
        if (journal.DamagedSlots > 0)
        {
            report("one commit slot is damaged; the next start repairs it");
        }

        foreach (var problem in journal.SegmentProblems())
        {
            report(problem);
        }

        var records = CheckRecords(journal, report);
        CheckCursors(journal, report);
        return records;
    }

    private static long CheckRecords(OfflineJournal journal, Action<string> report)
    {
        var walker = journal.Walk();
        var records = 0L;
        var last = 0L;
        for (var step = walker.Step(); step != WalkStep.End; step = walker.Step())
        {
            if (step == WalkStep.Damage)
            {
                if (journal.IsServed && walker.Address < journal.CommittedNow().Begin)
                {
                    // The service has removed it meanwhile, because every sink has taken it.
                    last = 0;
                    continue;
                }

                report($"address {walker.Address}: {walker.Problem}");
                continue;
            }
            if (step == WalkStep.NewerVersion)
            {
                report(
                    $"address {walker.Address}: a record of format {walker.Envelope.Version}; this program cannot read it"
                );
            }

            var sequence = walker.Envelope.Sequence;
            if (last != 0 && sequence != last + 1)
            {
                report(
                    $"address {walker.Address}: record {sequence} follows record {last}, {sequence - last - 1} are missing"
                );
            }

            last = sequence;
            records++;
        }
        if (last != journal.Committed.Sequence && journal.Committed.Begin < journal.Committed.Until)
        {
            report(
                $"address {journal.Committed.Until}: the last record is {last}, committed was {journal.Committed.Sequence}"
            );
        }

        return records;
    }

    private static void CheckCursors(OfflineJournal journal, Action<string> report)
    {
        foreach (var sink in journal.Sinks())
        {
            try
            {
                using var cursor = journal.OpenCursor(sink);
                if (cursor.Value.Cursor.Sequence > journal.CommittedNow().Sequence)
                {
                    report(
                        $"sink {sink}: its cursor stands at {cursor.Value.Cursor.Sequence}, behind the end of the journal"
                    );
                }
            }
            catch (Exception e) when (e is JournalException or IOException or UnauthorizedAccessException)
            {
                report($"sink {sink}: {e.Message}");
            }
        }
    }
}
