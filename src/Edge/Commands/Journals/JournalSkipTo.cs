using System.CommandLine;
using System.Globalization;
using Edge.Audit;
using Edge.Commands.Streams;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Journal.Recovery;

namespace Edge.Commands.Journals;

/// <summary>
/// <c>edge journal skip-to</c>: makes a sink give up every event up to and including a sequence. The only way to give
/// up events that are stored; they are counted as skipped. Also the way out when a segment is lost: once every sink is
/// past it, the journal lets go of it and the service starts again.
/// </summary>
internal static class JournalSkipTo
{
    /// <summary>Word for the sequence of the last record.</summary>
    public const string End = "end";

    public static Command Define(StandardStreams io)
    {
        var sink = new Option<string>("--sink")
        {
            HelpName = "NAME",
            Description = "The sink that gives events up.",
            Required = true,
        };
        var target = new Option<string>("--to")
        {
            HelpName = "NUMBER",
            Description = "The last event it gives up, or end for all.",
            Required = true,
        };
        var command = new Command("skip-to", "Gives up a sink's events up to a number; counted, never automatic.")
        {
            sink,
            target,
        };
        var settings = SettingsArguments.AddTo(command).WithOwnDataDir(command);
        command.SetAction(result =>
        {
            if (settings.Load(result, io.Error) is not { } options)
            {
                return ExitCode.Failure;
            }

            var name = result.GetRequiredValue(sink);
            var until = result.GetRequiredValue(target);
            var code = Run(options.ToJournalOptions(), name, until, io.Out, io.Error);
            if (code == ExitCode.Success)
            {
                var entry = LocalAudit.Entry(TimeProvider.System, AuditAction.SkipEvents, name);
                LocalAudit.Record(options, entry with { Detail = $"up to {until}" }, io.Error);
            }

            return code;
        });
        return command;
    }

    /// <param name="options">Where the journal is.</param>
    /// <param name="sink">Name of the sink, which must have a cursor.</param>
    /// <param name="target">A sequence, or <see cref="End"/>.</param>
    /// <param name="output">Says what was given up.</param>
    /// <param name="error">Says why nothing was.</param>
    public static int Run(JournalOptions options, string sink, string target, TextWriter output, TextWriter error)
    {
        try
        {
            using var journal = OfflineJournal.Open(options);
            if (!journal.HasSink(sink))
            {
                error.WriteLine(
                    $"edge journal skip-to: no sink '{sink}' has a cursor; there are: {string.Join(", ", journal.Sinks())}"
                );
                return ExitCode.WrongUsage;
            }

            var last = journal.Committed.Sequence;
            if (target == End)
            {
                target = last.ToString(CultureInfo.InvariantCulture);
            }

            if (
                !long.TryParse(target, NumberStyles.None, CultureInfo.InvariantCulture, out var sequence)
                || sequence > last
            )
            {
                error.WriteLine($"edge journal skip-to: --to '{target}' is not a number from 1 to {last}, nor '{End}'");
                return ExitCode.WrongUsage;
            }

            using (var cursor = journal.OpenCursor(sink))
            {
                var before = cursor.Value;
                if (before.Cursor.Sequence < sequence)
                {
                    var after = Find(journal, before.Cursor, sequence);
                    var skipped = after.Sequence - before.Cursor.Sequence;
                    cursor.Write(before with { Cursor = after, Skipped = before.Skipped + skipped });
                    output.WriteLine($"sink {sink} gave up {skipped} events and goes on after record {after.Sequence}");
                }
                else if (!journal.SegmentProblems().Any())
                {
                    throw new JournalException(
                        $"sink {sink} is already at {before.Cursor.Sequence}; nothing to give up"
                    );
                }
                else
                {
                    output.WriteLine($"sink {sink} is already at {before.Cursor.Sequence}");
                }
            }
            journal.ReleaseTaken();
            foreach (var problem in journal.SegmentProblems())
            {
                output.WriteLine($"{problem}, and another sink still needs it");
            }

            return ExitCode.Success;
        }
        catch (JournalException e)
        {
            error.WriteLine($"edge journal skip-to: {e.Message}");
            return ExitCode.Failure;
        }
    }

    /// <summary>The cursor in front of the first readable record after the sequence.</summary>
    private static JournalCursor Find(OfflineJournal journal, JournalCursor from, long sequence)
    {
        if (sequence < journal.Committed.Sequence)
        {
            var walker = journal.Walk(from.Address);
            for (var step = walker.Step(); step != WalkStep.End; step = walker.Step())
            {
                if (step != WalkStep.Damage && walker.Envelope.Sequence > sequence)
                {
                    return new JournalCursor(walker.Address, walker.Envelope.Sequence - 1);
                }
            }
        }
        return new JournalCursor(journal.Committed.Until, journal.Committed.Sequence);
    }
}
