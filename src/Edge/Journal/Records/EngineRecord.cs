using System.Buffers.Binary;

namespace Edge.Journal.Records;

/// <summary>
/// The layout of records in the log engine's address space (FASTER 2.6.5, per-entry checksums), for recovery and
/// offline commands, which read a log without the engine. A record is 8 bytes of XOR, a 4-byte length, then the entry,
/// padded to 4 bytes; it never crosses a page; a zero length means the rest of the page is unused.
/// </summary>
internal static class EngineRecord
{
    public const int HeaderBytes = 12;

    /// <summary>Address of the first record of a log.</summary>
    public const long FirstAddress = 64;

    /// <summary>Every record begins at a multiple of it.</summary>
    public const int Alignment = 4;

    private const int LengthOffset = 8;

    /// <summary>Bytes an entry takes in the log.</summary>
    public static int TotalBytes(int entryBytes) => HeaderBytes + ((entryBytes + Alignment - 1) & -Alignment);

    /// <summary>Where the engine puts a record of that size when the log ends at <paramref name="tail"/>.</summary>
    public static long Place(long tail, int totalBytes, int pageBytes) =>
        (tail & (pageBytes - 1)) + totalBytes > pageBytes ? NextPage(tail, pageBytes) : tail;

    /// <summary>First address of the page after the one that holds <paramref name="address"/>.</summary>
    public static long NextPage(long address, int pageBytes) => (address & -(long)pageBytes) + pageBytes;

    /// <summary>Reads the record at an offset of a page.</summary>
    public static EngineContent Read(ReadOnlySpan<byte> page, int offset, out ReadOnlySpan<byte> entry)
    {
        entry = default;
        if (page.Length - offset < HeaderBytes)
        {
            return EngineContent.Unused;
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(page[(offset + LengthOffset)..]);
        if (length == 0)
        {
            return EngineContent.Unused;
        }

        if (length < 0 || length > page.Length - offset - HeaderBytes || TotalBytes(length) > page.Length - offset)
        {
            return EngineContent.Damaged;
        }

        var checkedBytes = page.Slice(offset + LengthOffset, sizeof(int) + length);
        if (Xor(checkedBytes) != BinaryPrimitives.ReadUInt64LittleEndian(page[offset..]))
        {
            return EngineContent.Damaged;
        }

        entry = page.Slice(offset + HeaderBytes, length);
        return EngineContent.Entry;
    }

    /// <summary>The engine's checksum: XOR of 8-byte words, then of the single bytes that remain.</summary>
    public static ulong Xor(ReadOnlySpan<byte> bytes)
    {
        var xor = 0UL;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
        {
            xor ^= BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        }

        foreach (var b in bytes)
        {
            xor ^= b;
        }

        return xor;
    }
}

/// <summary>What the engine's framing says about an offset in a page.</summary>
internal enum EngineContent
{
    Entry,
    Unused,
    Damaged,
}
