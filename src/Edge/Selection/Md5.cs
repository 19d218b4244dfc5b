using System.Buffers.Binary;
using System.Diagnostics;
using System.Numerics;

namespace Edge.Selection;

/// <summary>
/// The first 32 bits of MD5 (RFC 1321), which is all that the published bucketing needs; not used for security.
/// Implemented here because the platform calls OpenSSL even for 30 bytes, which takes five times as long, and OpenSSL
/// refuses MD5 on machines that enforce FIPS 140. Pure; allocates nothing.
/// </summary>
internal static class Md5
{
    private const int BlockBytes = 64;
    private const int LengthBytes = 8;

    /// <summary>RFC 1321 section 3.4: the integer part of 2^32 times the sine of 1 to 64 radians.</summary>
    private static readonly uint[] Sines =
    [
        0xd76aa478,
        0xe8c7b756,
        0x242070db,
        0xc1bdceee,
        0xf57c0faf,
        0x4787c62a,
        0xa8304613,
        0xfd469501,
        0x698098d8,
        0x8b44f7af,
        0xffff5bb1,
        0x895cd7be,
        0x6b901122,
        0xfd987193,
        0xa679438e,
        0x49b40821,
        0xf61e2562,
        0xc040b340,
        0x265e5a51,
        0xe9b6c7aa,
        0xd62f105d,
        0x02441453,
        0xd8a1e681,
        0xe7d3fbc8,
        0x21e1cde6,
        0xc33707d6,
        0xf4d50d87,
        0x455a14ed,
        0xa9e3e905,
        0xfcefa3f8,
        0x676f02d9,
        0x8d2a4c8a,
        0xfffa3942,
        0x8771f681,
        0x6d9d6122,
        0xfde5380c,
        0xa4beea44,
        0x4bdecfa9,
        0xf6bb4b60,
        0xbebfbc70,
        0x289b7ec6,
        0xeaa127fa,
        0xd4ef3085,
        0x04881d05,
        0xd9d4d039,
        0xe6db99e5,
        0x1fa27cf8,
        0xc4ac5665,
        0xf4292244,
        0x432aff97,
        0xab9423a7,
        0xfc93a039,
        0x655b59c3,
        0x8f0ccc92,
        0xffeff47d,
        0x85845dd1,
        0x6fa87e4f,
        0xfe2ce6e0,
        0xa3014314,
        0x4e0811a1,
        0xf7537e82,
        0xbd3af235,
        0x2ad7d2bb,
        0xeb86d391,
    ];

    /// <summary>
    /// The first four bytes of the digest as a big-endian number, in the order of the digest's hexadecimal digits.
    /// </summary>
    public static uint FirstWord(ReadOnlySpan<byte> input)
    {
        var state = new State(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
        var bits = (ulong)input.Length * 8;
        for (; input.Length >= BlockBytes; input = input[BlockBytes..])
        {
            state = Mix(state, input);
        }
        // The remaining input, a one bit, zeros, and the length at the end of one or two blocks (sections 3.1 and 3.2).
        Span<byte> tail = stackalloc byte[2 * BlockBytes];
        tail.Clear();
        input.CopyTo(tail);
        tail[input.Length] = 0x80;
        var tailBytes = input.Length < BlockBytes - LengthBytes ? BlockBytes : 2 * BlockBytes;
        BinaryPrimitives.WriteUInt64LittleEndian(tail[(tailBytes - LengthBytes)..], bits);
        for (var at = 0; at < tailBytes; at += BlockBytes)
        {
            state = Mix(state, tail[at..]);
        }
        return BinaryPrimitives.ReverseEndianness(state.A);
    }

    /// <summary>Section 3.4: four rounds of sixteen steps over one block.</summary>
    private static State Mix(State before, ReadOnlySpan<byte> block)
    {
        Debug.Assert(block.Length >= BlockBytes, "a whole block");
        Span<uint> words = stackalloc uint[BlockBytes / sizeof(uint)];
        for (var i = 0; i < words.Length; i++)
        {
            words[i] = BinaryPrimitives.ReadUInt32LittleEndian(block[(i * sizeof(uint))..]);
        }
        ReadOnlySpan<uint> sines = Sines;
        var (a, b, c, d) = before;
        for (var i = 0; i < 16; i += 4)
        {
            a = Step(a, b, b & c | ~b & d, words[i], sines[i], 7);
            d = Step(d, a, a & b | ~a & c, words[i + 1], sines[i + 1], 12);
            c = Step(c, d, d & a | ~d & b, words[i + 2], sines[i + 2], 17);
            b = Step(b, c, c & d | ~c & a, words[i + 3], sines[i + 3], 22);
        }
        for (var i = 16; i < 32; i += 4)
        {
            a = Step(a, b, d & b | ~d & c, words[5 * i + 1 & 15], sines[i], 5);
            d = Step(d, a, c & a | ~c & b, words[5 * i + 6 & 15], sines[i + 1], 9);
            c = Step(c, d, b & d | ~b & a, words[5 * i + 11 & 15], sines[i + 2], 14);
            b = Step(b, c, a & c | ~a & d, words[5 * i + 16 & 15], sines[i + 3], 20);
        }
        for (var i = 32; i < 48; i += 4)
        {
            a = Step(a, b, b ^ c ^ d, words[3 * i + 5 & 15], sines[i], 4);
            d = Step(d, a, a ^ b ^ c, words[3 * i + 8 & 15], sines[i + 1], 11);
            c = Step(c, d, d ^ a ^ b, words[3 * i + 11 & 15], sines[i + 2], 16);
            b = Step(b, c, c ^ d ^ a, words[3 * i + 14 & 15], sines[i + 3], 23);
        }
        for (var i = 48; i < 64; i += 4)
        {
            a = Step(a, b, c ^ (b | ~d), words[7 * i & 15], sines[i], 6);
            d = Step(d, a, b ^ (a | ~c), words[7 * i + 7 & 15], sines[i + 1], 10);
            c = Step(c, d, a ^ (d | ~b), words[7 * i + 14 & 15], sines[i + 2], 15);
            b = Step(b, c, d ^ (c | ~a), words[7 * i + 21 & 15], sines[i + 3], 21);
        }
        return new State(before.A + a, before.B + b, before.C + c, before.D + d);
    }

    private static uint Step(uint a, uint b, uint mixed, uint word, uint sine, int rotation) =>
        b + BitOperations.RotateLeft(a + mixed + word + sine, rotation);

    private readonly record struct State(uint A, uint B, uint C, uint D);
}
