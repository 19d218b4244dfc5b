using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Edge.Access;

/// <summary>What a share token opens.</summary>
/// <param name="Uid">The experiment.</param>
/// <param name="ExpiresAt">Until when.</param>
internal sealed record Share(string Uid, DateTimeOffset ExpiresAt);

/// <summary>
/// Makes and reads the tokens of links to the results of one experiment: version, end in Unix seconds and uid, signed
/// with a key that is derived from the stored secret, so nothing is kept of them and every node with that secret knows
/// them. Immutable and thread safe.
/// </summary>
internal sealed class ShareTokens
{
    private const byte Version = 1;
    private const int HeadBytes = 9;
    private const int SignatureBytes = 16;
    private const int CharsMax = 256;

    private readonly byte[] _key;

    /// <param name="secret">The secret of this service.</param>
    public ShareTokens(ReadOnlySpan<byte> secret) => _key = HMACSHA256.HashData(secret, "edge share links 1"u8);

    /// <summary>A token for an experiment.</summary>
    public string Create(Share share)
    {
        var bytes = new byte[HeadBytes + Encoding.UTF8.GetByteCount(share.Uid) + SignatureBytes];
        bytes[0] = Version;
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(1), share.ExpiresAt.ToUnixTimeSeconds());
        Encoding.UTF8.GetBytes(share.Uid, bytes.AsSpan(HeadBytes));
        Sign(bytes.AsSpan(..^SignatureBytes), bytes.AsSpan(^SignatureBytes..));
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>Reads a token; false when it is not ours, was changed, or has expired.</summary>
    public bool TryRead(string token, DateTimeOffset now, [NotNullWhen(true)] out Share? share)
    {
        share = null;
        Span<byte> bytes = stackalloc byte[CharsMax];
        if (
            token.Length > CharsMax
            || Base64Url.DecodeFromChars(token, bytes, out _, out var length) != OperationStatus.Done
            || length <= HeadBytes + SignatureBytes
            || bytes[0] != Version
        )
        {
            return false;
        }

        Span<byte> signature = stackalloc byte[SignatureBytes];
        var signed = bytes[..(length - SignatureBytes)];
        Sign(signed, signature);
        var end = BinaryPrimitives.ReadInt64BigEndian(bytes[1..]);
        if (
            !CryptographicOperations.FixedTimeEquals(signature, bytes[signed.Length..length])
            || end <= now.ToUnixTimeSeconds()
        )
        {
            return false;
        }

        share = new Share(Encoding.UTF8.GetString(signed[HeadBytes..]), DateTimeOffset.FromUnixTimeSeconds(end));
        return true;
    }

    private void Sign(ReadOnlySpan<byte> text, Span<byte> signature)
    {
        Span<byte> whole = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_key, text, whole);
        whole[..signature.Length].CopyTo(signature);
    }
}
