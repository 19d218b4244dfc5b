using System.Buffers.Binary;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Storage;

namespace Edge.Forwarding.Pump;

/// <summary>
/// Which events make up the next batch: as many as the options allow, or exactly those of a batch that was begun before
/// a restart. The pump's thread only.
/// </summary>
internal sealed class BatchPlan(SinkPumpOptions options, UInt128? epochOfSameBatches) : IDisposable
{
    // After three tries the reader skips a page that it cannot read; then the same batch cannot be formed again.
    private const int RepeatTriesMax = 5;

    private SinkIntent? _intent;
    private (JournalCursor From, JournalCursor End, int Events)? _repeat;
    private int _repeatTries;

    /// <summary>
    /// Reading begins at this cursor. A damaged intent counts as none; a disk that cannot be read throws.
    /// </summary>
    public void Resume(JournalCursor from)
    {
        if (epochOfSameBatches is not { } epoch || options.IntentPath is not { } path)
        {
            return;
        }

        _intent ??= SinkIntent.Open(path, epoch);
        var begun = _repeatTries < RepeatTriesMax ? _intent.BatchAt(from) : null;
        _repeat = begun is { } batch ? (from, batch.End, batch.Events) : null;
    }

    /// <summary>
    /// Reads the next batch, or the rest of one. False when an earlier batch should be repeated and could not be read
    /// in full.
    /// </summary>
    /// <param name="reader">Source.</param>
    /// <param name="batch">Cleared and filled.</param>
    /// <param name="eventsOfWhole">How many events a batch begun earlier had for the sink; 0 for a new batch.</param>
    public bool Fill(JournalReader reader, RecordBatch batch, out int eventsOfWhole)
    {
        eventsOfWhole = 0;
        if (_repeat is not (var from, var end, var events))
        {
            reader.Read(batch, options.BatchMaxRecords, options.BatchMaxBytes);
            return true;
        }

        _repeat = null;
        reader.Read(batch, (int)(end.Sequence - from.Sequence), int.MaxValue);
        if (batch.End == end)
        {
            eventsOfWhole = events;
            _repeatTries = 0;
            return true;
        }

        _repeatTries++;
        return _repeatTries >= RepeatTriesMax;
    }

    /// <summary>
    /// Makes durable that this batch is delivered next. Returns why that failed, in words; null when it did not.
    /// </summary>
    public string? Announce(JournalCursor start, RecordBatch whole)
    {
        try
        {
            _intent?.Write(start, whole.End, whole.Count);
            return null;
        }
        catch (Exception e) when (e is IOException or JournalException)
        {
            // Without it, a retry after a kill can be a different batch; the destination still has the event ids.
            _intent = null;
            return $"the current batch cannot be recorded, so a retry after a restart may be a different batch: {e.Message}";
        }
    }

    /// <summary>
    /// Whether there is a backlog, so that waiting would not make the next batch larger. Nearly full counts as full.
    /// </summary>
    public bool IsFull(RecordBatch batch) =>
        batch.Count == options.BatchMaxRecords || batch.Bytes.Length >= options.BatchMaxBytes / 4 * 3;

    public void Dispose() => _intent?.Dispose();
}

/// <summary>
/// Which batch is being delivered (<c>DATA/intents/NAME</c>), written before the sink sees it, so that after a kill the
/// same events are delivered again as the same batch, or as the same parts of it. Valid only while the sink's durable
/// cursor lies inside the batch. The pump's thread only; failures are <see cref="IOException"/> or <see
/// cref="JournalException"/>.
/// </summary>
internal sealed class SinkIntent : IDisposable
{
    private const int EpochBytes = 16;
    private const int PayloadBytes = EpochBytes + (5 * sizeof(long));

    private readonly string _path;
    private readonly UInt128 _epochId;
    private SlotFile? _slots;
    private (JournalCursor Start, JournalCursor End, int Events) _value;

    private SinkIntent(string path, UInt128 epochId)
    {
        _path = path;
        _epochId = epochId;
    }

    /// <summary>
    /// Opens the intent of a sink; a file that is missing, damaged or of another journal counts as none.
    /// </summary>
    public static SinkIntent Open(string path, UInt128 epochId)
    {
        var intent = new SinkIntent(path, epochId);
        if (File.Exists(path))
        {
            intent._slots = SlotFile.Open(path, SlotKind.Intent);
            var payload = intent._slots.Payload.AsSpan();
            if (payload.Length == PayloadBytes && BinaryPrimitives.ReadUInt128BigEndian(payload) == epochId)
            {
                var events = BinaryPrimitives.ReadInt64LittleEndian(payload[(EpochBytes + 32)..]);
                intent._value = (
                    DecodeCursor(payload[EpochBytes..]),
                    DecodeCursor(payload[(EpochBytes + 16)..]),
                    (int)events
                );
            }
        }

        return intent;
    }

    /// <summary>
    /// The end of the batch that this cursor lies in, and how many events it has for the sink; null when the cursor is
    /// in no batch.
    /// </summary>
    public (JournalCursor End, int Events)? BatchAt(JournalCursor cursor) =>
        _value.Start.Sequence <= cursor.Sequence && cursor.Sequence < _value.End.Sequence
            ? (_value.End, _value.Events)
            : null;

    /// <summary>Durable on return.</summary>
    public void Write(JournalCursor start, JournalCursor end, int events)
    {
        if (_value == (start, end, events))
        {
            return;
        }

        Span<byte> payload = stackalloc byte[PayloadBytes];
        BinaryPrimitives.WriteUInt128BigEndian(payload, _epochId);
        EncodeCursor(payload[EpochBytes..], start);
        EncodeCursor(payload[(EpochBytes + 16)..], end);
        BinaryPrimitives.WriteInt64LittleEndian(payload[(EpochBytes + 32)..], events);
        if (_slots is null)
        {
            DiskDirectory.CreateDurably(Path.GetDirectoryName(Path.GetFullPath(_path))!);
            SlotFile.Create(_path, SlotKind.Intent, payload);
            _slots = SlotFile.Open(_path, SlotKind.Intent);
        }
        else
        {
            _slots.Write(payload);
        }

        _value = (start, end, events);
    }

    public void Dispose() => _slots?.Dispose();

    private static void EncodeCursor(Span<byte> target, JournalCursor cursor)
    {
        BinaryPrimitives.WriteInt64LittleEndian(target, cursor.Address);
        BinaryPrimitives.WriteInt64LittleEndian(target[8..], cursor.Sequence);
    }

    private static JournalCursor DecodeCursor(ReadOnlySpan<byte> source) =>
        new(BinaryPrimitives.ReadInt64LittleEndian(source), BinaryPrimitives.ReadInt64LittleEndian(source[8..]));
}
