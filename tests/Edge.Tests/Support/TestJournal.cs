using System.Globalization;
using System.Text;
using Edge.Events;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Telemetry;
using Xunit;

namespace Edge.Tests.Support;

/// <summary>A real journal with small sizes in a directory of its own, and what tests do with it.</summary>
internal sealed class TestJournal : IAsyncDisposable
{
    private static readonly EventIds Ids = new(TimeProvider.System);

    private TestJournal(EventJournal journal, JournalOptions options, Ledger ledger)
    {
        Journal = journal;
        Options = options;
        Ledger = ledger;
    }

    public EventJournal Journal { get; }

    public JournalOptions Options { get; }

    public Ledger Ledger { get; }

    public static JournalOptions SmallOptions(string directory) =>
        new()
        {
            Directory = directory,
            PageBytes = 16 << 10,
            MemoryBytes = 256 << 10,
            SegmentBytes = 64 << 10,
            MaxBytes = 64L << 20,
            FreeReserveBytes = 0,
        };

    public static TestJournal Open(string directory) => Open(SmallOptions(directory));

    public static TestJournal Open(JournalOptions options) => Open(options, TimeProvider.System);

    public static TestJournal Open(JournalOptions options, TimeProvider time)
    {
        var ledger = new Ledger();
        return new TestJournal(EventJournal.Open(options, time, ledger), options, ledger);
    }

    /// <summary>The payload of the n-th record of a test: its number and a body whose length depends on it.</summary>
    public static string PayloadOf(long number) =>
        $$"""{"n":{{number}},"body":"{{new string((char)('a' + (number % 26)), (int)(number * 37 % 400))}}"}""";

    public static byte[] RecordOf(string payload)
    {
        var bytes = new byte[Envelope.HeaderBytes + Encoding.UTF8.GetByteCount(payload)];
        Encoding.UTF8.GetBytes(payload, bytes.AsSpan(Envelope.HeaderBytes));
        return bytes;
    }

    /// <summary>Appends one record, waiting out a full memory buffer.</summary>
    public long Append(string payload)
    {
        var record = RecordOf(payload);
        while (true)
        {
            var result = Journal.TryAppend(record, Ids.Next(), out var sequence);
            if (result == AppendResult.Appended)
            {
                return sequence;
            }

            Assert.Equal(AppendResult.Busy, result);
            Thread.Yield();
        }
    }

    /// <summary>Appends records numbered as their sequences.</summary>
    public async Task AppendAsync(int count)
    {
        var next = Journal.Status.AppendedSequence + 1;
        for (var i = 0; i < count; i++)
        {
            Assert.Equal(next + i, Append(PayloadOf(next + i)));
        }

        await Journal.CommitAsync();
    }

    /// <summary>Reads everything committed after the cursor.</summary>
    public List<ReadRecord> ReadAll(JournalCursor from = default) => ReadAll(from, out _);

    public List<ReadRecord> ReadAll(JournalCursor from, out long missing)
    {
        missing = 0;
        var records = new List<ReadRecord>();
        using var reader = Journal.OpenReader(from);
        var batch = new RecordBatch();
        var cursor = from;
        while (cursor.Sequence < Journal.CommittedSequence)
        {
            if (reader.Read(batch, 100, 1 << 20) == 0)
            {
                Thread.Yield();
            }

            missing += batch.Missing;
            Assert.Equal(cursor, batch.Start);
            for (var i = 0; i < batch.Count; i++)
            {
                records.Add(new ReadRecord(batch[i].Sequence, Encoding.UTF8.GetString(batch.Payload(i).Span)));
            }

            cursor = batch.End;
        }
        return records;
    }

    /// <summary>Asserts that the records are exactly those numbered so.</summary>
    public static void AssertRecords(List<ReadRecord> records, long first, long last)
    {
        Assert.Equal(last - first + 1, records.Count);
        for (var i = 0; i < records.Count; i++)
        {
            Assert.Equal(first + i, records[i].Sequence);
            Assert.Equal(PayloadOf(first + i), records[i].Payload);
        }
    }

    /// <summary>A segment's bytes on the disk; the address of its first byte is its number times its length.</summary>
    public static string SegmentPath(JournalOptions options, int segment) =>
        Path.Combine(options.Directory, "segment-" + segment.ToString("D10", CultureInfo.InvariantCulture));

    /// <summary>
    /// Copies every file as it is now, as a crash would leave it, except locks and one that is already there.
    /// </summary>
    public static void CopyTree(string from, string to, string? keep = null)
    {
        Directory.CreateDirectory(to);
        foreach (var directory in Directory.GetDirectories(from))
        {
            CopyTree(directory, Path.Combine(to, Path.GetFileName(directory)));
        }

        foreach (var file in Directory.GetFiles(from))
        {
            var name = Path.GetFileName(file);

            // The segment ahead of the tail may just be getting its name; nothing is in it yet.
            if (name is not ("lock" or ".lock") && name != keep && !name.EndsWith(".new", StringComparison.Ordinal))
            {
                File.Copy(file, Path.Combine(to, name), overwrite: true);
            }
        }
    }

    public ValueTask DisposeAsync() => Journal.DisposeAsync();
}

internal sealed record ReadRecord(long Sequence, string Payload);
