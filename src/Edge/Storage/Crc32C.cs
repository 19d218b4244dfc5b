using System.Buffers.Binary;
using System.Numerics;

namespace Edge.Storage;

/// <summary>
/// CRC-32C (Castagnoli; RFC 3720 section 12.1), eight bytes a step. The processor's instruction where it exists, a
/// table of the runtime elsewhere; both give the same value. Chain calls by passing the previous result. Thread safe.
/// </summary>
internal static class Crc32C
{
    /// <summary>The checksum of <paramref name="bytes"/>, continuing from <paramref name="previous"/>.</summary>
    public static uint Append(uint previous, ReadOnlySpan<byte> bytes)
    {
        var crc = ~previous;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        }

        foreach (var b in bytes)
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return ~crc;
    }

    /// <summary>The checksum of <paramref name="bytes"/>.</summary>
    public static uint Compute(ReadOnlySpan<byte> bytes) => Append(0, bytes);
}
