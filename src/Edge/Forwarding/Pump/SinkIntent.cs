using System.Buffers.Binary;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Storage;

namespace Edge.Forwarding.Pump;

/// <summary>
/// Which batch is being delivered (<c>DATA/intents/NAME</c>), written before the sink sees it, so that after a kill in
/// the middle the same events come again as the same batch, or as the same parts of it. It counts only while the sink's
/// durable cursor is in it. The pump's thread only; failures are <see cref="IOException"/> or <see
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

    /// <summary>Opens the intent of a sink; one that is missing, damaged or of another journal is none.</summary>
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
    /// Where the batch ends that this cursor is in, and how many events the sink gets of the whole; null when it is in
    /// none.
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
