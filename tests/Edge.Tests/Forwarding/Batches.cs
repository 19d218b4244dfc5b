using System.Text;
using Edge.Events;
using Edge.Journal.Records;

namespace Edge.Tests.Forwarding;

/// <summary>Batches as a journal reader would fill them, one record of a known text per sequence.</summary>
internal static class Batches
{
    /// <summary>Where the reader stands after the record; any rule that grows with the sequence will do.</summary>
    public static JournalCursor CursorAt(long sequence) => new(sequence * 512, sequence);

    /// <summary>The records from <paramref name="first"/> to <paramref name="last"/>.</summary>
    public static RecordBatch Of(long first, long last, int fillerBytes = 0)
    {
        var batch = new RecordBatch();
        batch.Clear(CursorAt(first - 1));
        for (var sequence = first; sequence <= last; sequence++)
        {
            batch.Add(
                IdOf(sequence),
                sequence,
                Encoding.UTF8.GetBytes(Line(sequence, fillerBytes)),
                CursorAt(sequence)
            );
        }

        return batch;
    }

    public static string Line(long sequence, int fillerBytes = 0) =>
        $$"""{"id":"{{IdOf(sequence)}}","filler":"{{new string('x', fillerBytes)}}"}""";

    public static string[] Lines(long first, long last, int fillerBytes = 0) =>
        [.. Enumerable.Range((int)first, (int)(last - first + 1)).Select(sequence => Line(sequence, fillerBytes))];

    private static EventId IdOf(long sequence) => new((ulong)sequence << 16, (ulong)sequence);
}
