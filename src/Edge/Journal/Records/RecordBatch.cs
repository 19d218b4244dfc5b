using EventId = Edge.Events.EventId;

namespace Edge.Journal.Records;

/// <summary>
/// Consecutive records of the journal as newline-delimited JSON, in one reused buffer that grows. Filled by a <see
/// cref="JournalReader"/>. Not thread safe.
/// </summary>
internal sealed class RecordBatch
{
    private const int InitialBytes = 64 << 10;

    /// <summary>Doubling a large buffer would take three times its size for a moment.</summary>
    private const int GrowthMaxBytes = 1 << 20;

    private const byte LineFeed = (byte)'\n';

    private readonly List<RecordEntry> _entries = [];
    private byte[] _bytes = new byte[InitialBytes];
    private int _length;

    // Bytes after the last complete record.
    private int _openBytes;

    /// <summary>Payload LF payload LF and so on.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes.AsMemory(0, _length);

    public int Count => _entries.Count;

    public RecordEntry this[int index] => _entries[index];

    /// <summary>Where the batch begins: the reader's cursor before it.</summary>
    public JournalCursor Start { get; private set; }

    /// <summary>
    /// The cursor to store once the batch has been taken. Can differ from <see cref="Start"/> in an empty batch.
    /// </summary>
    public JournalCursor End { get; private set; }

    /// <summary>
    /// Records between <see cref="Start"/> and <see cref="End"/> that the journal no longer has: truncated before they
    /// were read, or damaged and quarantined. To be counted as skipped, so that the ledger adds up.
    /// </summary>
    public long Missing { get; private set; }

    /// <summary>Whether a record can be of a test; when not, none needs to be looked at.</summary>
    public bool MayHaveTests { get; internal set; } = true;

    /// <summary>The payload of one record, without line feed.</summary>
    public ReadOnlyMemory<byte> Payload(int index) => _bytes.AsMemory(_entries[index].Offset, _entries[index].Length);

    /// <summary>The cursor to store once this record and everything before it has been taken.</summary>
    public JournalCursor After(int index) =>
        index == _entries.Count - 1 ? End : new JournalCursor(_entries[index].Next, _entries[index].Sequence);

    internal void Clear(JournalCursor start)
    {
        _entries.Clear();
        _length = 0;
        _openBytes = 0;
        Missing = 0;
        Start = start;
        End = start;
    }

    internal void Add(EventId id, long sequence, ReadOnlySpan<byte> payload, JournalCursor end)
    {
        Write(payload);
        Complete(id, sequence, end);
    }

    /// <summary>Adds bytes to a record that is not complete yet.</summary>
    internal void Write(ReadOnlySpan<byte> bytes)
    {
        // One more for the line feed, so that completing a record never grows the buffer.
        var needed = _length + _openBytes + bytes.Length + 1;
        if (needed > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(needed, _bytes.Length + Math.Min(_bytes.Length, GrowthMaxBytes)));
        }

        bytes.CopyTo(_bytes.AsSpan(_length + _openBytes));
        _openBytes += bytes.Length;
    }

    /// <summary>Completes a record from what was written since the last one.</summary>
    internal void Complete(EventId id, long sequence, JournalCursor end)
    {
        _bytes[_length + _openBytes] = LineFeed;
        _entries.Add(new RecordEntry(id, sequence, _length, _openBytes, end.Address));
        _length += _openBytes + 1;
        _openBytes = 0;
        End = end;
    }

    /// <summary>Drops what was written since the last complete record.</summary>
    internal void Abandon() => _openBytes = 0;

    /// <summary>Replaces this batch by a part of another.</summary>
    internal void CopyFrom(RecordBatch source, int first, int count)
    {
        Clear(first == 0 ? source.Start : source.After(first - 1));
        for (var index = first; index < first + count; index++)
        {
            var entry = source._entries[index];
            Add(entry.Id, entry.Sequence, source.Payload(index).Span, source.After(index));
        }
    }

    internal void Skip(long missing, JournalCursor end)
    {
        Missing += missing;
        End = end;
    }
}

/// <summary>One record of a batch.</summary>
/// <param name="Id">Identity of the event.</param>
/// <param name="Sequence">Its number in the journal.</param>
/// <param name="Offset">Where its payload begins in the batch.</param>
/// <param name="Length">Bytes of its payload, without the line feed.</param>
/// <param name="Next">Address after it in the journal.</param>
internal readonly record struct RecordEntry(EventId Id, long Sequence, int Offset, int Length, long Next);
