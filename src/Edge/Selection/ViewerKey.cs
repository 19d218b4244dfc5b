using System.Buffers;
using System.Security.Cryptography;

namespace Edge.Selection;

/// <summary>
/// The cookieless key of a visitor: the first 16 hexadecimal digits of SHA-256 over the address as text followed by the
/// bytes of the User-Agent header, where a missing header is empty (published plan of Pictify, 1.2). It is an unkeyed
/// hash of an address, so it is never written anywhere. Allocates nothing.
/// </summary>
internal static class ViewerKey
{
    /// <summary>Length of the key: lower-case hexadecimal digits in ASCII.</summary>
    public const int Bytes = 16;

    /// <summary>Longest input assembled on the stack; a longer one uses a pooled array.</summary>
    private const int StackBytes = 1024;

    /// <summary>Writes the key into the first <see cref="Bytes"/> bytes of <paramref name="hex16"/>.</summary>
    public static void Compute(ReadOnlySpan<byte> addressText, ReadOnlySpan<byte> userAgent, Span<byte> hex16)
    {
        var length = addressText.Length + userAgent.Length;
        var rented = length > StackBytes ? ArrayPool<byte>.Shared.Rent(length) : null;
        var input = rented ?? stackalloc byte[StackBytes];
        addressText.CopyTo(input);
        userAgent.CopyTo(input[addressText.Length..]);

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(input[..length], hash);
        for (var i = 0; i < Bytes; i++)
        {
            hex16[i] = "0123456789abcdef"u8[i % 2 == 0 ? hash[i / 2] >> 4 : hash[i / 2] & 0xF];
        }

        // The input contains an address, and pooled arrays are reused.
        input[..length].Clear();
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
