using System.Security.Cryptography;
using System.Text;
using Edge.Formats;

namespace Edge.Fleet;

/// <summary>
/// The one secret that the nodes of a fleet share, and what is derived from it and the fleet's id by HKDF with SHA-256
/// (RFC 5869), so that none of the three tells anything about another: what is sent with every request, what signs, and
/// the salt behind the visitor hashes. Immutable and thread safe.
/// </summary>
internal sealed class FleetSecret
{
    /// <summary>Minimum length, characters: 128 bits of hexadecimal digits, which carry the least of what people use.</summary>
    public const int CharsMin = 32;

    private const int KeyBytes = 32;

    private readonly byte[] _signingKey;
    private readonly byte[] _token;

    /// <param name="id">Id of the fleet.</param>
    /// <param name="secret">The secret, one that <see cref="ProblemOf"/> accepts.</param>
    public FleetSecret(string id, string secret)
    {
        Id = id;
        _signingKey = Derive(secret, "catalog", id);
        Token = Convert.ToHexStringLower(Derive(secret, "access", id));
        _token = Encoding.ASCII.GetBytes(Token);
        AddressSalt = Convert.ToHexStringLower(Derive(secret, "address salt", id));
    }

    /// <summary>Id of the fleet.</summary>
    public string Id { get; }

    /// <summary>
    /// What an edge shows its origin, 64 hexadecimal digits. Somebody who overhears it may read the catalog and send
    /// events, and can sign nothing.
    /// </summary>
    public string Token { get; }

    /// <summary>The salt behind the visitor hashes of every node, unless one is set.</summary>
    public string AddressSalt { get; }

    /// <summary>
    /// What is wrong with a secret, as the rest of a sentence; null when it can be used. Blanks around it do not count.
    /// </summary>
    public static string? ProblemOf(string secret) =>
        secret.AsSpan().Trim().Length < CharsMin
            ? $"must have at least {CharsMin} characters"
            : ChosenSecret.WeaknessOf(secret);

    /// <summary>Whether somebody has shown the token; compared in constant time.</summary>
    public bool IsToken(ReadOnlySpan<char> shown)
    {
        Span<byte> bytes = stackalloc byte[2 * KeyBytes];
        return Encoding.ASCII.TryGetBytes(shown, bytes, out var written)
            && CryptographicOperations.FixedTimeEquals(bytes[..written], _token);
    }

    /// <summary>HMAC-SHA256 of a statement, 64 hexadecimal digits.</summary>
    public string Sign(string statement) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(_signingKey, Encoding.UTF8.GetBytes(statement)));

    /// <summary>Whether a signature is that of a statement; compared in constant time.</summary>
    public bool IsSignature(string statement, string signature) =>
        CryptographicOperations.FixedTimeEquals(
            Encoding.UTF8.GetBytes(Sign(statement)),
            Encoding.UTF8.GetBytes(signature)
        );

    /// <summary>
    /// Eight bytes by which two nodes see whether their salts are the same, 16 hexadecimal digits; they tell nothing
    /// about the salt to somebody who has not the fleet's secret.
    /// </summary>
    public string FingerprintOf(string salt) => Sign("salt\n" + salt)[..16];

    private static byte[] Derive(string secret, string purpose, string id) =>
        HKDF.DeriveKey(
            HashAlgorithmName.SHA256,
            Encoding.UTF8.GetBytes(secret),
            KeyBytes,
            info: Encoding.UTF8.GetBytes($"edge fleet {purpose}\n{id}")
        );
}
