using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace Edge.Enrichment.Hashing;

/// <summary>
/// SipHash-2-4 with 128 bits of output (Aumasson and Bernstein): a keyed hash for short messages; without the key
/// nobody can construct collisions. Pure; allocates nothing.
/// </summary>
/// <param name="K0">First half of the key.</param>
/// <param name="K1">Second half.</param>
internal readonly record struct SipHash128(ulong K0, ulong K1)
{
    /// <summary>A hash with a key from the operating system's random number generator.</summary>
    public static SipHash128 WithRandomKey()
    {
        Span<byte> key = stackalloc byte[16];
        RandomNumberGenerator.Fill(key);
        return new SipHash128(
            BinaryPrimitives.ReadUInt64LittleEndian(key),
            BinaryPrimitives.ReadUInt64LittleEndian(key[8..])
        );
    }

    /// <summary>The hash of a message; its first 64 bits are the lower half.</summary>
    public UInt128 Compute(ReadOnlySpan<byte> message)
    {
        var v0 = K0 ^ 0x736F_6D65_7073_6575;
        var v1 = K1 ^ 0x646F_7261_6E64_6F6D ^ 0xEE;
        var v2 = K0 ^ 0x6C79_6765_6E65_7261;
        var v3 = K1 ^ 0x7465_6462_7974_6573;
        var last = (ulong)message.Length << 56;
        for (; message.Length >= 8; message = message[8..])
        {
            Absorb(BinaryPrimitives.ReadUInt64LittleEndian(message), ref v0, ref v1, ref v2, ref v3);
        }

        for (var i = 0; i < message.Length; i++)
        {
            last |= (ulong)message[i] << 8 * i;
        }

        Absorb(last, ref v0, ref v1, ref v2, ref v3);
        v2 ^= 0xEE;
        Finish(ref v0, ref v1, ref v2, ref v3);
        var low = v0 ^ v1 ^ v2 ^ v3;
        v1 ^= 0xDD;
        Finish(ref v0, ref v1, ref v2, ref v3);
        return new UInt128(v0 ^ v1 ^ v2 ^ v3, low);
    }

    private static void Absorb(ulong word, ref ulong v0, ref ulong v1, ref ulong v2, ref ulong v3)
    {
        v3 ^= word;
        Round(ref v0, ref v1, ref v2, ref v3);
        Round(ref v0, ref v1, ref v2, ref v3);
        v0 ^= word;
    }

    private static void Finish(ref ulong v0, ref ulong v1, ref ulong v2, ref ulong v3)
    {
        for (var i = 0; i < 4; i++)
        {
            Round(ref v0, ref v1, ref v2, ref v3);
        }
    }

    private static void Round(ref ulong v0, ref ulong v1, ref ulong v2, ref ulong v3)
    {
        v0 += v1;
        v1 = BitOperations.RotateLeft(v1, 13) ^ v0;
        v0 = BitOperations.RotateLeft(v0, 32);
        v2 += v3;
        v3 = BitOperations.RotateLeft(v3, 16) ^ v2;
        v0 += v3;
        v3 = BitOperations.RotateLeft(v3, 21) ^ v0;
        v2 += v1;
        v1 = BitOperations.RotateLeft(v1, 17) ^ v2;
        v2 = BitOperations.RotateLeft(v2, 32);
    }
}
