using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Edge.Formats;

/// <summary>
/// The header that marks a request as a test's: <c>NAME.KEY.UNTIL.SIGNATURE</c>. NAME is the test's; KEY, 16 hexadecimal
/// digits, names the key that signed it; UNTIL is when the mark ends, in seconds since 1970 UTC; SIGNATURE is HMAC-SHA256 of
/// what stands before it, 64 hexadecimal digits. Key and name of the key are parts of one SHA-256 of the secret, which is all
/// that the service keeps of it: the first 8 bytes name it, the other 24 sign. Pure.
/// </summary>
internal readonly ref struct SyntheticMark
{
    public const string HeaderName = "Edge-Synthetic";

    /// <summary>Longest name of a test.</summary>
    public const int NameCharsMax = 64;

    /// <summary>Longest mark.</summary>
    public const int CharsMax = NameCharsMax + KeyNameChars + UntilCharsMax + SignatureChars + 3;

    /// <summary>Hours that a mark holds at most, so that one that was overheard is soon of no use.</summary>
    public const int HoursMax = 24;

    private const int KeyNameBytes = sizeof(long);
    private const int KeyNameChars = 2 * KeyNameBytes;
    private const int UntilCharsMax = 11;
    private const int SignatureChars = 2 * HMACSHA256.HashSizeInBytes;

    /// <summary>Stands before what is signed, so that a signature means nothing elsewhere.</summary>
    private static ReadOnlySpan<byte> Purpose => "edge-synthetic\n"u8;

    private static readonly SearchValues<char> NameChars = SearchValues.Create(
        "-_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    );

    /// <summary>The test's name.</summary>
    public ReadOnlySpan<byte> Name { get; private init; }

    /// <summary>The name of the key, the first bytes of its hash.</summary>
    public long KeyName { get; private init; }

    /// <summary>When it ends, seconds since 1970 UTC.</summary>
    public long UntilSeconds { get; private init; }

    /// <summary>Whether a test can have this name: letters, digits, hyphens and underscores.</summary>
    public static bool IsName(ReadOnlySpan<char> text) =>
        text.Length is > 0 and <= NameCharsMax && !text.ContainsAnyExcept(NameChars);

    /// <summary>Makes a mark.</summary>
    /// <param name="name">The test's name, for which <see cref="IsName"/> holds.</param>
    /// <param name="secret">The secret of the key.</param>
    /// <param name="until">When it ends.</param>
    public static string Sign(string name, string secret, DateTimeOffset until)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(secret));
        var keyName = Convert.ToHexStringLower(hash.AsSpan(0, KeyNameBytes));
        var signed = string.Create(CultureInfo.InvariantCulture, $"{name}.{keyName}.{until.ToUnixTimeSeconds()}");
        Span<byte> signature = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Compute(hash, Encoding.UTF8.GetBytes(signed), signature);
        return signed + "." + Convert.ToHexStringLower(signature);
    }

    /// <summary>Takes a mark apart, whoever signed it; false when it is none.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out SyntheticMark mark)
    {
        mark = default;
        Span<Range> parts = stackalloc Range[5];
        Span<char> name = stackalloc char[NameCharsMax];
        Span<byte> keyName = stackalloc byte[KeyNameBytes];
        if (text.Length > CharsMax || Split(text, parts) != 4)
        {
            return false;
        }

        var until = text[parts[2]];
        if (
            text[parts[0]].Length > NameCharsMax
            || !IsName(name[..Encoding.Latin1.GetChars(text[parts[0]], name)])
            || text[parts[1]].Length != KeyNameChars
            || Convert.FromHexString(text[parts[1]], keyName, out _, out _) != OperationStatus.Done
            || until.Length is 0 or > UntilCharsMax
            || until.ContainsAnyExceptInRange((byte)'0', (byte)'9')
            || !Utf8Parser.TryParse(until, out long untilSeconds, out _)
            || text[parts[3]].Length != SignatureChars
        )
        {
            return false;
        }

        mark = new SyntheticMark
        {
            Name = text[parts[0]],
            KeyName = KeyNameOf(keyName),
            UntilSeconds = untilSeconds,
            Signed = text[..parts[2].End],
            Signature = text[parts[3]],
        };
        return true;
    }

    /// <summary>The name of the key with a given hash.</summary>
    public static long KeyNameOf(ReadOnlySpan<byte> hash) => BinaryPrimitives.ReadInt64LittleEndian(hash);

    /// <summary>Whether the key with this hash has signed it; takes the same time for every wrong signature.</summary>
    public bool IsSignedBy(ReadOnlySpan<byte> hash)
    {
        Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Span<byte> sent = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Compute(hash, Signed, expected);
        return Convert.FromHexString(Signature, sent, out _, out _) == OperationStatus.Done
            && CryptographicOperations.FixedTimeEquals(sent, expected);
    }

    private ReadOnlySpan<byte> Signed { get; init; }

    private ReadOnlySpan<byte> Signature { get; init; }

    private static void Compute(ReadOnlySpan<byte> hash, ReadOnlySpan<byte> signed, Span<byte> signature)
    {
        Span<byte> message = stackalloc byte[Purpose.Length + CharsMax];
        Purpose.CopyTo(message);
        signed.CopyTo(message[Purpose.Length..]);
        HMACSHA256.HashData(hash[KeyNameBytes..], message[..(Purpose.Length + signed.Length)], signature);
    }

    private static int Split(ReadOnlySpan<byte> text, Span<Range> parts)
    {
        var count = 0;
        foreach (var part in text.Split((byte)'.'))
        {
            if (count == parts.Length)
            {
                break;
            }

            parts[count++] = part;
        }

        return count;
    }
}
