using System.Buffers.Binary;
using Edge.Telemetry;

namespace Edge.Journal.Commits;

/// <summary>
/// One durable state of the journal, as a commit slot holds it (layout in docs/journal-format.md). Immutable.
/// </summary>
internal sealed record CommitPoint
{
    private const ushort Version = 1;
    private const int RunOffset = 2;
    private const int EngineLengthOffset = 4;
    private const int EpochOffset = 8;
    private const int NumberOffset = 16;
    private const int BeginOffset = 24;
    private const int UntilOffset = 32;
    private const int SequenceOffset = 40;
    private const int DropsOffset = 48;
    private const int EngineOffset = DropsOffset + Ledger.SnapshotBytes;

    /// <summary>First 64 bits of the journal's epoch id.</summary>
    public required ulong Epoch { get; init; }

    /// <summary>Low 16 bits of how often the journal was opened.</summary>
    public required ushort Run { get; init; }

    /// <summary>Number of the commit, increasing.</summary>
    public required long Number { get; init; }

    /// <summary>First address still held.</summary>
    public required long Begin { get; init; }

    /// <summary>First address that is not durable.</summary>
    public required long Until { get; init; }

    /// <summary>Sequence of the last durable record; 0 = none yet.</summary>
    public required long Sequence { get; init; }

    /// <summary>The drop counters of the ledger at this point, <see cref="Ledger.SnapshotBytes"/> long.</summary>
    public required byte[] Drops { get; init; }

    /// <summary>Opaque metadata that the log engine needs for recovery.</summary>
    public required byte[] EngineMetadata { get; init; }

    public byte[] Encode()
    {
        var bytes = new byte[EngineOffset + EngineMetadata.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, Version);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(RunOffset), Run);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(EngineLengthOffset), EngineMetadata.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(EpochOffset), Epoch);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(NumberOffset), Number);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(BeginOffset), Begin);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(UntilOffset), Until);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(SequenceOffset), Sequence);
        Drops.CopyTo(bytes, DropsOffset);
        EngineMetadata.CopyTo(bytes, EngineOffset);
        return bytes;
    }

    /// <summary>Decodes a slot's value; null when it is of a later version or not a commit point.</summary>
    public static CommitPoint? TryDecode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < EngineOffset || BinaryPrimitives.ReadUInt16LittleEndian(bytes) != Version)
        {
            return null;
        }

        var engineLength = BinaryPrimitives.ReadInt32LittleEndian(bytes[EngineLengthOffset..]);
        if (engineLength != bytes.Length - EngineOffset)
        {
            return null;
        }

        return new CommitPoint
        {
            Run = BinaryPrimitives.ReadUInt16LittleEndian(bytes[RunOffset..]),
            Epoch = BinaryPrimitives.ReadUInt64LittleEndian(bytes[EpochOffset..]),
            Number = BinaryPrimitives.ReadInt64LittleEndian(bytes[NumberOffset..]),
            Begin = BinaryPrimitives.ReadInt64LittleEndian(bytes[BeginOffset..]),
            Until = BinaryPrimitives.ReadInt64LittleEndian(bytes[UntilOffset..]),
            Sequence = BinaryPrimitives.ReadInt64LittleEndian(bytes[SequenceOffset..]),
            Drops = bytes.Slice(DropsOffset, Ledger.SnapshotBytes).ToArray(),
            EngineMetadata = bytes[EngineOffset..].ToArray(),
        };
    }
}
