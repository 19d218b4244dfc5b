using System.Buffers.Binary;

namespace Edge.Requests.Bodies;

/// <summary>CRC-32 of gzip (RFC 1952 section 8), eight bytes at a time. Pure.</summary>
internal static class Crc32
{
    private const uint Polynomial = 0xEDB8_8320;
    private const int Slices = 8;
    private const int Entries = 256;

    private static readonly uint[] Tables = MakeTables();

    public static uint Compute(ReadOnlySpan<byte> bytes)
    {
        var tables = Tables;
        var crc = uint.MaxValue;
        for (; bytes.Length >= Slices; bytes = bytes[Slices..])
        {
            var word = BinaryPrimitives.ReadUInt64LittleEndian(bytes) ^ crc;
            crc = 0;
            for (var i = 0; i < Slices; i++)
            {
                crc ^= tables[(Slices - 1 - i) * Entries + (byte)(word >> 8 * i)];
            }
        }
        foreach (var b in bytes)
        {
            crc = crc >> 8 ^ tables[(byte)(crc ^ b)];
        }

        return ~crc;
    }

    private static uint[] MakeTables()
    {
        var tables = new uint[Slices * Entries];
        for (var i = 0u; i < Entries; i++)
        {
            var crc = i;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = crc >> 1 ^ ((crc & 1) == 0 ? 0 : Polynomial);
            }

            tables[i] = crc;
        }
        for (var i = Entries; i < tables.Length; i++)
        {
            tables[i] = tables[i - Entries] >> 8 ^ tables[(byte)tables[i - Entries]];
        }

        return tables;
    }
}
