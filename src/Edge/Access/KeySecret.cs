using System.Security.Cryptography;
using System.Text;

namespace Edge.Access;

/// <summary>
/// Makes and recognises secrets. The forms are those the four products publish, so their clients accept them.
/// </summary>
internal static class KeySecret
{
    /// <summary>Longest secret that is looked at.</summary>
    public const int CharsMax = 256;

    /// <summary>How Artie's secrets begin.</summary>
    public const string ArtiePrefix = "artie_";

    /// <summary>Bytes of the stored hash.</summary>
    public const int HashBytes = SHA256.HashSizeInBytes;

    /// <summary>The environment of a key that was given none, in the products that write it into the secret.</summary>
    public const string Live = "live";

    /// <summary>Their other environment.</summary>
    public const string Test = "test";

    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    private const int SecretChars = 32;
    private const int PrefixChars = 8;
    private const int IdChars = 12;
    private const int HintChars = 4;

    /// <summary>A new secret of a kind, from the operating system's random numbers.</summary>
    /// <param name="kind">What it opens.</param>
    /// <param name="environment">Live or test, for the kinds that show it; null is live.</param>
    public static string Create(KeyKind kind, string? environment = null)
    {
        var secret = Text(SecretChars);
        environment ??= Live;
        return kind switch
        {
            KeyKind.Pictify => $"pk_{environment}_{secret}",
            KeyKind.Write => "wk_" + secret,
            KeyKind.Traffical => "traffical_sk_" + secret,
            KeyKind.TrafficalPk => "traffical_pk_" + secret,
            KeyKind.MillimetricPk => $"pk_{environment}_{Text(PrefixChars)}_{secret}",
            KeyKind.MillimetricSk => $"sk_{environment}_{Text(PrefixChars)}_{secret}",
            KeyKind.MillimetricRk => $"rk_{environment}_{Text(PrefixChars)}_{secret}",
            _ => ArtiePrefix + secret,
        };
    }

    /// <summary>Whether the environment stands in the secrets of a kind, so that it can only be live or test.</summary>
    public static bool ShowsEnvironment(KeyKind kind) =>
        kind is KeyKind.Pictify or KeyKind.MillimetricPk or KeyKind.MillimetricSk or KeyKind.MillimetricRk;

    /// <summary>A new name for a key.</summary>
    public static string CreateId() => "key_" + Text(IdChars);

    /// <summary>What is stored instead of the secret.</summary>
    public static string HashOf(string secret) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    /// <summary>
    /// The same as bytes, for the text a request sent; false when it is too short or too long for a secret.
    /// </summary>
    public static bool TryHash(ReadOnlySpan<char> secret, Span<byte> hash)
    {
        if (secret.Length is 0 or > CharsMax)
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[3 * CharsMax];
        SHA256.HashData(bytes[..Encoding.UTF8.GetBytes(secret, bytes)], hash);
        return true;
    }

    /// <summary>The end of the secret, by which its owner recognises it.</summary>
    public static string HintOf(string secret) => secret[^HintChars..];

    private static string Text(int chars) => RandomNumberGenerator.GetString(Alphabet, chars);
}
