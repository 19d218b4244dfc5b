using System.CommandLine;
using System.Text.Json;
using Edge.Commands.Streams;
using Edge.Journal;
using Edge.Journal.Recovery;

namespace Edge.Commands.Journals;

/// <summary>
/// <c>edge journal stat</c>: one JSON object with the journal's addresses, sequences, sizes and the progress of every
/// sink. Reads no records.
/// </summary>
internal static class JournalStat
{
    public static Command Define(StandardStreams io)
    {
        var command = new Command("stat", "Prints sizes, addresses and the progress of sinks as JSON, also beside the service.");
        var settings = SettingsArguments.AddTo(command).WithDataDir(command);
        command.SetAction(result =>
            settings.Load(result, io.Error) is { } options
                ? Run(options.ToJournalOptions(), io.Output, io.Error)
                : ExitCode.Failure
        );
        return command;
    }

    public static int Run(JournalOptions options, Stream output, TextWriter error)
    {
        try
        {
            using var journal = OfflineJournal.OpenToRead(options);
            using var json = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true });
            json.WriteStartObject();
            Write(json, journal);
            WriteSinks(json, journal);
            json.WriteEndObject();
            json.Flush();
            output.WriteByte((byte)'\n');
            output.Flush();
            return ExitCode.Success;
        }
        catch (JournalException e)
        {
            error.WriteLine($"edge journal stat: {e.Message}");
            return ExitCode.Failure;
        }
    }

    private static void Write(Utf8JsonWriter json, OfflineJournal journal)
    {
        var committed = journal.Committed;
        json.WriteString("epoch_id", journal.EpochText());
        json.WriteString("created_at", DateTimeOffset.FromUnixTimeMilliseconds(journal.Manifest.CreatedAtMs));
        json.WriteBoolean("in_use", journal.IsServed);
        json.WriteNumber("page_bytes", journal.Manifest.PageBytes);
        json.WriteNumber("segment_bytes", journal.Manifest.SegmentBytes);
        json.WriteNumber("begin_address", committed.Begin);
        json.WriteNumber("committed_address", committed.Until);
        json.WriteNumber("committed_sequence", committed.Sequence);
        json.WriteNumber("beyond_commit_records", committed.Sequence - journal.Slot.Sequence);
        json.WriteNumber("held_bytes", committed.Until - committed.Begin);
        json.WriteNumber("segments", journal.Segments.Count);
        json.WriteNumber("disk_bytes", (long)journal.Segments.Count * journal.Segments.SegmentBytes);
        json.WriteNumber("damaged_commit_slots", journal.DamagedSlots);
        json.WriteStartArray("problems");
        foreach (var problem in journal.SegmentProblems())
        {
            json.WriteStringValue(problem);
        }

        json.WriteEndArray();
    }

    private static void WriteSinks(Utf8JsonWriter json, OfflineJournal journal)
    {
        json.WriteStartObject("sinks");
        foreach (var sink in journal.Sinks())
        {
            json.WriteStartObject(sink);
            try
            {
                using var cursor = journal.OpenCursor(sink);
                var progress = cursor.Value;
                json.WriteNumber("address", progress.Cursor.Address);
                json.WriteNumber("sequence", progress.Cursor.Sequence);
                json.WriteNumber("pending", Math.Max(0, journal.Committed.Sequence - progress.Cursor.Sequence));
                json.WriteNumber("forwarded", progress.Forwarded);
                json.WriteNumber("dead_lettered", progress.DeadLettered);
                json.WriteNumber("skipped", progress.Skipped);
            }
            catch (JournalException e)
            {
                json.WriteString("problem", e.Message);
            }
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }
}
