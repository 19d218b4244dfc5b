using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Edge.Access;

/// <summary>
/// Makes and reads the tokens of <see cref="Share"/>s: version and id, signed with a key that is derived from the stored
/// secret, so whoever reads <c>shares.json</c> can make none. Immutable and thread safe.
/// </summary>
internal sealed class ShareTokens
{
    private const byte Version = 1;
    private const int IdBytes = 8;
    private const int SignatureBytes = 16;
    private const int SignedBytes = 1 + IdBytes;
    private const int TokenBytes = SignedBytes + SignatureBytes;

    private readonly byte[] _key;

    /// <param name="secret">The secret of this service.</param>
    public ShareTokens(ReadOnlySpan<byte> secret) => _key = HMACSHA256.HashData(secret, "edge share links 1"u8);

    /// <summary>The token of a share.</summary>
    /// <param name="id">Its id: 16 hexadecimal digits.</param>
    public string Create(string id)
    {
        Span<byte> bytes = stackalloc byte[TokenBytes];
        bytes[0] = Version;
        Convert.FromHexString(id, bytes[1..SignedBytes], out _, out _);
        Sign(bytes[..SignedBytes], bytes[SignedBytes..]);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>Reads a token; false when it is not ours or was changed. The share may have ended.</summary>
    public bool TryRead(string token, [NotNullWhen(true)] out string? id)
    {
        id = null;
        Span<byte> bytes = stackalloc byte[TokenBytes];
        if (
            token.Length != Base64Url.GetEncodedLength(TokenBytes)
            || Base64Url.DecodeFromChars(token, bytes, out _, out _) != OperationStatus.Done
            || bytes[0] != Version
        )
        {
            return false;
        }

        Span<byte> signature = stackalloc byte[SignatureBytes];
        Sign(bytes[..SignedBytes], signature);
        if (!CryptographicOperations.FixedTimeEquals(signature, bytes[SignedBytes..]))
        {
            return false;
        }

        id = Convert.ToHexStringLower(bytes[1..SignedBytes]);
        return true;
    }

    private void Sign(ReadOnlySpan<byte> text, Span<byte> signature)
    {
        Span<byte> whole = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_key, text, whole);
        whole[..signature.Length].CopyTo(signature);
    }
}
