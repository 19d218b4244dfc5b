using System.Buffers;
using System.Security.Cryptography;

namespace Edge.Selection;

/// <summary>
/// The cookieless key of a visitor: the first 16 hexadecimal digits of SHA-256 over the text of the address and the
/// bytes of the User-Agent header, one after the other, a missing header being empty (published plan of Pictify,
/// 1.2). It is an unkeyed hash of an address, so it must never leave the request it was made for. Allocates nothing.
/// </summary>
internal static class ViewerKey
{
    /// <summary>Length of the key: lower-case hexadecimal digits in ASCII.</summary>
    public const int Bytes = 16;

    /// <summary>Longest input that is put together on the stack; a longer header borrows an array.</summary>
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

        // What was hashed holds an address, and pooled arrays live on.
        input[..length].Clear();
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
