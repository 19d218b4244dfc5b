using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Storage;

/// <summary>
/// CRC-32C (Castagnoli; RFC 3720 section 12.1), eight bytes a step. The processor's instruction where it exists, a
/// table of the runtime elsewhere; both give the same value. The instruction answers after three steps and starts one in
/// each, so three parts are worked on side by side where their sums can be put together by a carry-less multiplication
/// (Gopal et al., "Fast CRC Computation for iSCSI Polynomial Using CRC32 Instruction", 2011). Chain calls by passing
/// the previous result. Thread safe.
/// </summary>
internal static class Crc32C
{
    /// <summary>Bytes of each of three parts: an event of a visit is a few times as long as all of them.</summary>
    private const int PartBytes = 64;

    private const int BlockBytes = 3 * PartBytes;

    /// <summary>The polynomial, lowest bit first.</summary>
    private const uint Polynomial = 0x82F6_3B78;

    /// <summary>Moves the sum of the first part over the two behind it, and that of the second over the third.</summary>
    private static readonly Vector128<ulong> Moves = Vector128.Create(
        (ulong)MoveOver(2 * PartBytes),
        MoveOver(PartBytes)
    );

    /// <summary>The checksum of <paramref name="bytes"/>, continuing from <paramref name="previous"/>.</summary>
    public static uint Append(uint previous, ReadOnlySpan<byte> bytes)
    {
        var crc = ~previous;
        if (Pclmulqdq.IsSupported && Sse42.X64.IsSupported)
        {
            for (; bytes.Length >= BlockBytes; bytes = bytes[BlockBytes..])
            {
                crc = AppendBlock(crc, bytes);
            }
        }

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

    private static uint AppendBlock(uint crc, ReadOnlySpan<byte> bytes)
    {
        var block = bytes[..BlockBytes];
        var (first, second, third) = (crc, 0u, 0u);
        for (var at = 0; at < PartBytes; at += sizeof(ulong))
        {
            first = BitOperations.Crc32C(first, BinaryPrimitives.ReadUInt64LittleEndian(block[at..]));
            second = BitOperations.Crc32C(second, BinaryPrimitives.ReadUInt64LittleEndian(block[(at + PartBytes)..]));
            third = BitOperations.Crc32C(third, BinaryPrimitives.ReadUInt64LittleEndian(block[(at + (2 * PartBytes))..]));
        }

        var sums = Vector128.Create((ulong)first, second);
        var moved =
            Pclmulqdq.CarrylessMultiply(sums, Moves, 0x00) ^ Pclmulqdq.CarrylessMultiply(sums, Moves, 0x11);
        return BitOperations.Crc32C(0u, moved.ToScalar()) ^ third;
    }

    /// <summary>
    /// What a sum is multiplied by to move it over bytes: the power of x that remains when the product, which is one bit
    /// short, is summed again over 32 bits.
    /// </summary>
    private static uint MoveOver(int bytes)
    {
        const uint One = 0x8000_0000;
        const int SummedAgain = 33;
        var power = One;
        for (var bit = 0; bit < (8 * bytes) - SummedAgain; bit++)
        {
            power = (power & 1) == 0 ? power >> 1 : (power >> 1) ^ Polynomial;
        }

        return power;
    }
}
