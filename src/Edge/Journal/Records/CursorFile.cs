using System.Buffers.Binary;
using Edge.Storage;

namespace Edge.Journal.Records;

/// <summary>
/// A position in the journal up to which records were taken. <c>default</c> means none yet.
/// </summary>
/// <param name="Address">First byte of the log that was not yet taken; 0 = the first one that is still held.</param>
/// <param name="Sequence">Sequence of the last record taken; 0 = none. The first record of a journal is 1.</param>
internal readonly record struct JournalCursor(long Address, long Sequence);

/// <summary>How far a sink has taken the journal, with counters from the journal's first record on.</summary>
/// <param name="Cursor">Position up to which the sink has taken the journal.</param>
/// <param name="Forwarded">Records delivered.</param>
/// <param name="DeadLettered">Records the sink refused for good, saved as dead letters.</param>
/// <param name="Skipped">
/// Records given up by an operator, no longer in the journal when the sink got there, or left out by the sink's
/// filters.</param>
/// <param name="Filtered">Skipped records that the sink's filters left out. 48 bits.</param>
internal readonly record struct SinkProgress(
    JournalCursor Cursor,
    long Forwarded,
    long DeadLettered,
    long Skipped,
    long Filtered = 0
);

/// <summary>
/// The durable progress of one sink, <c>DATA/cursors/NAME</c>, bound to one journal. A value is durable when <see
/// cref="Write"/> returns; after a failed write the file is not written again. If a power cut damaged the newer of its
/// two slots, the value is one write old: records are then delivered twice, but none is left out. Not thread safe.
/// </summary>
internal sealed class CursorFile : IDisposable
{
    private const ushort Version = 1;
    private const int FilteredOffset = 2;
    private const int EpochOffset = 8;
    private const int AddressOffset = 24;
    private const int SequenceOffset = 32;
    private const int ForwardedOffset = 40;
    private const int DeadLetteredOffset = 48;
    private const int SkippedOffset = 56;
    private const int PayloadBytes = 64;

    private readonly SlotFile _slots;
    private readonly UInt128 _epochId;
    private bool _failed;

    private CursorFile(SlotFile slots, UInt128 epochId, SinkProgress value)
    {
        _slots = slots;
        _epochId = epochId;
        Value = value;
    }

    /// <summary>The durable progress.</summary>
    public SinkProgress Value { get; private set; }

    /// <summary>
    /// Opens the file, creating it with nothing taken; refuses one of another journal or without an intact slot.
    /// </summary>
    public static CursorFile Open(string path, UInt128 epochId)
    {
        if (!File.Exists(path))
        {
            DiskDirectory.CreateDurably(Path.GetDirectoryName(Path.GetFullPath(path))!);
            SlotFile.Create(path, SlotKind.Cursor, Encode(default, epochId));
        }

        return Open(SlotFile.Open(path, SlotKind.Cursor), path, epochId);
    }

    /// <summary>Opens a file that is there, only to read it; refuses as <see cref="Open(string, UInt128)"/> does.</summary>
    public static CursorFile OpenRead(string path, UInt128 epochId) =>
        Open(SlotFile.OpenRead(path, SlotKind.Cursor), path, epochId);

    /// <summary>Replaces the progress; durable on return.</summary>
    public void Write(SinkProgress value)
    {
        if (_failed)
        {
            throw new JournalException("the cursor file failed earlier; restart to read what the disk holds");
        }

        try
        {
            _slots.Write(Encode(value, _epochId));
        }
        catch (DiskException)
        {
            _failed = true;
            throw;
        }
        Value = value;
    }

    public void Dispose() => _slots.Dispose();

    private static CursorFile Open(SlotFile slots, string path, UInt128 epochId)
    {
        try
        {
            if (slots.DamagedSlots == 2)
            {
                throw new JournalException(
                    $"both slots of {path} are damaged: restore it, or delete it to send everything the journal holds again"
                );
            }

            if (
                slots.Payload.Length != PayloadBytes
                || BinaryPrimitives.ReadUInt16LittleEndian(slots.Payload) != Version
            )
            {
                throw new JournalException($"{path} was written by a later version of this program: run that version");
            }

            if (BinaryPrimitives.ReadUInt128BigEndian(slots.Payload.AsSpan(EpochOffset)) != epochId)
            {
                throw new JournalException(
                    $"{path} belongs to another journal: restore the journal it was written for, or delete it to send everything"
                        + " this journal holds"
                );
            }

            return new CursorFile(slots, epochId, Decode(slots.Payload));
        }
        catch
        {
            slots.Dispose();
            throw;
        }
    }

    private static byte[] Encode(SinkProgress value, UInt128 epochId)
    {
        var bytes = new byte[PayloadBytes];
        // Writes 8 bytes from offset 0 on: the version takes the lowest two.
        BinaryPrimitives.WriteInt64LittleEndian(bytes, (value.Filtered << (FilteredOffset * 8)) | Version);
        BinaryPrimitives.WriteUInt128BigEndian(bytes.AsSpan(EpochOffset), epochId);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(AddressOffset), value.Cursor.Address);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(SequenceOffset), value.Cursor.Sequence);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(ForwardedOffset), value.Forwarded);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(DeadLetteredOffset), value.DeadLettered);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(SkippedOffset), value.Skipped);
        return bytes;
    }

    private static SinkProgress Decode(ReadOnlySpan<byte> bytes) =>
        new(
            new JournalCursor(
                BinaryPrimitives.ReadInt64LittleEndian(bytes[AddressOffset..]),
                BinaryPrimitives.ReadInt64LittleEndian(bytes[SequenceOffset..])
            ),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[ForwardedOffset..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[DeadLetteredOffset..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[SkippedOffset..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes) >>> (FilteredOffset * 8)
        );
}
