using System.CommandLine;
using Edge.Commands.Filters;
using Edge.Commands.Streams;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Journal.Recovery;

namespace Edge.Commands.Journals;

/// <summary>
/// <c>edge journal dump</c>: every event the journal holds, as newline-delimited JSON in order. Damage is named on the
/// error output and passed over; the exit code is then 1.
/// </summary>
internal static class JournalDump
{
    private const int BufferBytes = 1 << 16;

    public static Command Define(StandardStreams io)
    {
        var command = new Command("dump", "Prints every event the journal holds as NDJSON; the service is stopped.");
        var settings = SettingsArguments.AddTo(command).WithDataDir(command);
        command.SetAction(result =>
            settings.Load(result, io.Error) is { } options
                ? LineFilter.Run(() => Run(options.ToJournalOptions(), io.Output, io.Error))
                : ExitCode.Failure
        );
        return command;
    }

    public static int Run(JournalOptions options, Stream output, TextWriter error)
    {
        try
        {
            using var journal = OfflineJournal.OpenStoppedToRead(options);
            using var lines = new BufferedStream(output, BufferBytes);
            var walker = journal.Walk();
            var damaged = false;
            for (var step = walker.Step(); step != WalkStep.End; step = walker.Step())
            {
                if (step == WalkStep.Record)
                {
                    lines.Write(walker.Payload);
                    lines.WriteByte((byte)'\n');
                    continue;
                }
                damaged = true;
                error.WriteLine(
                    step == WalkStep.NewerVersion
                        ? $"address {walker.Address}: a record of format {walker.Envelope.Version}; run the later version to read it"
                        : $"address {walker.Address}: {walker.Problem}; passed over up to {walker.NextAddress}"
                );
            }
            lines.Flush();
            return damaged ? ExitCode.Failure : ExitCode.Success;
        }
        catch (JournalException e)
        {
            error.WriteLine($"edge journal dump: {e.Message}");
            return ExitCode.Failure;
        }
    }
}
