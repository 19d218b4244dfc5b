using System.Buffers.Binary;
using Edge.Storage;
using EventId = Edge.Events.EventId;

namespace Edge.Journal.Records;

/// <summary>
/// The 44 bytes in front of every payload in the log, little-endian (docs/journal-format.md, frozen by golden files):
/// version, flags, run, payload length, epoch, sequence, record id, CRC-32C. The checksum also covers the record's
/// address in the log, so a block that the disk returns from a wrong address is never read as a record.
/// </summary>
/// <param name="Version">Format of the record; this program writes and reads <see cref="CurrentVersion"/>.</param>
/// <param name="Flags">Reserved, 0.</param>
/// <param name="Run">Low 16 bits of how often the journal was opened: distinguishes a record from leftovers of an
/// earlier run.</param>
/// <param name="PayloadLength">Bytes after the header, at least 1.</param>
/// <param name="Epoch">First 64 bits of the journal's epoch id.</param>
/// <param name="Sequence">1 for the first record of a journal, then +1 in address order.</param>
/// <param name="Id">Identity of the event.</param>
/// <param name="Checksum">CRC-32C over address (8 bytes), the first 40 header bytes, payload.</param>
internal readonly partial record struct Envelope(
    byte Version,
    byte Flags,
    ushort Run,
    int PayloadLength,
    ulong Epoch,
    long Sequence,
    EventId Id,
    uint Checksum
)
{
    public const int HeaderBytes = 44;
    public const byte CurrentVersion = 1;

    /// <summary>Where the id begins; the checksum follows it and ends the header.</summary>
    public const int IdOffset = 24;

    private const int RunOffset = 2;
    private const int LengthOffset = 4;
    private const int EpochOffset = 8;
    private const int SequenceOffset = 16;
    private const int ChecksumOffset = 40;

    /// <summary>Fills in the header in front of the payload. No allocation.</summary>
    public static void Seal(Span<byte> record, ushort run, ulong epoch, long sequence, EventId id, long address)
    {
        record[0] = CurrentVersion;
        record[1] = 0;
        BinaryPrimitives.WriteUInt16LittleEndian(record[RunOffset..], run);
        BinaryPrimitives.WriteInt32LittleEndian(record[LengthOffset..], record.Length - HeaderBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(record[EpochOffset..], epoch);
        BinaryPrimitives.WriteInt64LittleEndian(record[SequenceOffset..], sequence);
        id.WriteBytes(record[IdOffset..]);
        BinaryPrimitives.WriteUInt32LittleEndian(record[ChecksumOffset..], ComputeChecksum(record, address));
    }

    /// <summary>Reads a header without checking it. The record must hold at least <see cref="HeaderBytes"/>.</summary>
    public static Envelope Read(ReadOnlySpan<byte> record) =>
        new(
            record[0],
            record[1],
            BinaryPrimitives.ReadUInt16LittleEndian(record[RunOffset..]),
            BinaryPrimitives.ReadInt32LittleEndian(record[LengthOffset..]),
            BinaryPrimitives.ReadUInt64LittleEndian(record[EpochOffset..]),
            BinaryPrimitives.ReadInt64LittleEndian(record[SequenceOffset..]),
            EventId.ReadBytes(record[IdOffset..]),
            BinaryPrimitives.ReadUInt32LittleEndian(record[ChecksumOffset..])
        );

    /// <summary>Whether the bytes can begin with an envelope of the journal, by its identity alone.</summary>
    public static bool IsOf(ReadOnlySpan<byte> bytes, ulong epoch) =>
        bytes.Length > HeaderBytes && BinaryPrimitives.ReadUInt64LittleEndian(bytes[EpochOffset..]) == epoch;

    /// <summary>Reads a header and checks it against the bytes, the journal and the address it was found at.</summary>
    public static RecordState Check(ReadOnlySpan<byte> record, ulong epoch, long address, out Envelope envelope)
    {
        envelope = default;
        if (record.Length <= HeaderBytes)
        {
            return RecordState.Damaged;
        }

        envelope = Read(record);
        var isCheckSkipped = false;
        InjectCheck(ref isCheckSkipped);
        if (isCheckSkipped)
        {
            return RecordState.Intact;
        }

        if (ComputeChecksum(record, address) != envelope.Checksum)
        {
            return RecordState.Damaged;
        }

        // After the checksum, so that a flipped bit does not look like a later version.
        if (envelope.Version > CurrentVersion)
        {
            return RecordState.NewerVersion;
        }

        return envelope.PayloadLength == record.Length - HeaderBytes && envelope.Epoch == epoch && envelope.Sequence > 0
            ? RecordState.Intact
            : RecordState.Damaged;
    }

    static partial void InjectCheck(ref bool isSkipped);

    private static uint ComputeChecksum(ReadOnlySpan<byte> record, long address)
    {
        Span<byte> place = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(place, address);
        var crc = Crc32C.Append(Crc32C.Compute(place), record[..ChecksumOffset]);
        return Crc32C.Append(crc, record[HeaderBytes..]);
    }
}

/// <summary>What a check of one record's bytes found.</summary>
internal enum RecordState
{
    Intact,
    Damaged,

    /// <summary>Intact, but of a later version of this program: refused.</summary>
    NewerVersion,
}
