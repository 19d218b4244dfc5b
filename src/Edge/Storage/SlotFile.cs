using System.Buffers.Binary;

namespace Edge.Storage;

/// <summary>
/// A small value that survives a power cut in the middle of its own update: two preallocated 4 KiB slots, each with a
/// checksum, written alternately and durable when the write returns. The other slot stays untouched, so one intact
/// value always remains. The file never grows, so an update cannot fail for lack of space. Layout in
/// docs/journal-format.md. Not thread safe: one owner writes.
/// </summary>
internal sealed partial class SlotFile : IDisposable
{
    public const int SlotBytes = 4096;
    public const int MaxPayloadBytes = ChecksumOffset - HeaderBytes;

    private const int Slots = 2;
    private const ulong Magic = 0x544F_4C53_4547_4445; // "EDGESLOT"
    private const ushort Version = 1;
    private const int VersionOffset = 8;
    private const int KindOffset = 10;
    private const int LengthOffset = 12;
    private const int GenerationOffset = 16;
    private const int HeaderBytes = 24;
    private const int ChecksumOffset = SlotBytes - sizeof(uint);

    private readonly DiskFile _file;
    private readonly SlotKind _kind;
    private readonly byte[] _buffer = new byte[SlotBytes];
    private long _generation;
    private int _newestSlot;

    private SlotFile(DiskFile file, SlotKind kind)
    {
        _file = file;
        _kind = kind;
        Payload = [];
        DamagedSlots = Slots;
        _newestSlot = -1;
    }

    /// <summary>The value of the newest intact slot, as read when the file was opened or as last written.</summary>
    public byte[] Payload { get; private set; }

    /// <summary>
    /// Slots that failed their check when the file was opened: 0, 1 (the value may be one update old) or 2 (none).
    /// </summary>
    public int DamagedSlots { get; private set; }

    /// <summary>
    /// Creates the file with the value in both slots: complete and durable, or not at all.
    /// </summary>
    public static void Create(string path, SlotKind kind, ReadOnlySpan<byte> payload)
    {
        using var file = AtomicFile.Begin(path);
        file.Content.Allocate(Slots * SlotBytes);
        var buffer = new byte[SlotBytes];
        for (var slot = 0; slot < Slots; slot++)
        {
            Encode(buffer, kind, generation: slot + 1, payload);
            file.Content.Write(buffer, slot * SlotBytes);
        }

        file.Commit();
    }

    /// <summary>Opens an existing file and reads both slots. A damaged slot is reported, not an error.</summary>
    public static SlotFile Open(string path, SlotKind kind) => Open(DiskFile.Open(path), kind);

    /// <summary>The same for somebody who only reads, and need not have the right to write.</summary>
    public static SlotFile OpenRead(string path, SlotKind kind) => Open(DiskFile.OpenRead(path), kind);

    /// <summary>Replaces the older slot and returns when the new value is durable.</summary>
    public void Write(ReadOnlySpan<byte> payload)
    {
        var slot = (_newestSlot + 1) % Slots;
        InjectSlot(ref slot);
        Encode(_buffer, _kind, _generation + 1, payload);
        _file.Write(_buffer, slot * SlotBytes);
        var isSyncSkipped = false;
        InjectSync(ref isSyncSkipped);
        if (!isSyncSkipped)
        {
            _file.SyncData();
        }

        _generation++;
        _newestSlot = slot;
        Payload = payload.ToArray();
    }

    public void Dispose() => _file.Dispose();

    static partial void InjectSlot(ref int slot);

    static partial void InjectSync(ref bool isSkipped);

    private static SlotFile Open(DiskFile file, SlotKind kind)
    {
        try
        {
            var slots = new SlotFile(file, kind);
            slots.Load();
            return slots;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private void Load()
    {
        var length = _file.Length;
        for (var slot = 0; slot < Slots; slot++)
        {
            if (length < (slot + 1) * SlotBytes)
            {
                continue;
            }

            _file.ReadExactly(_buffer, slot * SlotBytes);
            if (!TryDecode(_buffer, _kind, out var generation, out var payload))
            {
                continue;
            }

            DamagedSlots--;
            if (_newestSlot >= 0 && generation <= _generation)
            {
                continue;
            }

            _generation = generation;
            _newestSlot = slot;
            Payload = payload;
        }

        // The damaged slot may have been the newer one; its generation must not be used a second time.
        if (DamagedSlots > 0)
        {
            _generation += Slots;
        }
    }

    private static void Encode(byte[] slot, SlotKind kind, long generation, ReadOnlySpan<byte> payload)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(payload.Length, MaxPayloadBytes);
        Array.Clear(slot);
        BinaryPrimitives.WriteUInt64LittleEndian(slot, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(slot.AsSpan(VersionOffset), Version);
        BinaryPrimitives.WriteUInt16LittleEndian(slot.AsSpan(KindOffset), (ushort)kind);
        BinaryPrimitives.WriteInt32LittleEndian(slot.AsSpan(LengthOffset), payload.Length);
        BinaryPrimitives.WriteInt64LittleEndian(slot.AsSpan(GenerationOffset), generation);
        payload.CopyTo(slot.AsSpan(HeaderBytes));
        BinaryPrimitives.WriteUInt32LittleEndian(
            slot.AsSpan(ChecksumOffset),
            Crc32C.Compute(slot.AsSpan(0, ChecksumOffset))
        );
    }

    private static bool TryDecode(ReadOnlySpan<byte> slot, SlotKind kind, out long generation, out byte[] payload)
    {
        generation = BinaryPrimitives.ReadInt64LittleEndian(slot[GenerationOffset..]);
        payload = [];
        var length = BinaryPrimitives.ReadInt32LittleEndian(slot[LengthOffset..]);
        if (
            BinaryPrimitives.ReadUInt64LittleEndian(slot) != Magic
            || BinaryPrimitives.ReadUInt16LittleEndian(slot[VersionOffset..]) != Version
            || BinaryPrimitives.ReadUInt16LittleEndian(slot[KindOffset..]) != (ushort)kind
            || length is < 0 or > MaxPayloadBytes
            || BinaryPrimitives.ReadUInt32LittleEndian(slot[ChecksumOffset..]) != Crc32C.Compute(slot[..ChecksumOffset])
        )
        {
            return false;
        }

        payload = slot.Slice(HeaderBytes, length).ToArray();
        return true;
    }
}

/// <summary>
/// What a slot file holds; part of its bytes, so that one kind is never read as another. Numbers are frozen.
/// </summary>
internal enum SlotKind : ushort
{
    Commit = 1,
    Cursor = 2,
    FilePosition = 3,
    Intent = 4,
}
