using System.Security.Cryptography;
using System.Text;

namespace Edge.Access;

/// <summary>Makes and recognises secrets. The forms are those the four products publish, so their clients accept them.</summary>
internal static class KeySecret
{
    /// <summary>Longest secret that is looked at.</summary>
    public const int CharsMax = 256;

    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    private const int SecretChars = 32;
    private const int PrefixChars = 8;
    private const int IdChars = 12;
    private const int HintChars = 4;

    /// <summary>A new secret of a kind, from the operating system's random numbers.</summary>
    public static string Create(KeyKind kind)
    {
        var secret = Text(SecretChars);
        return kind switch
        {
            KeyKind.Pictify => "pk_live_" + secret,
            KeyKind.Write => "wk_" + secret,
            KeyKind.Traffical => "traffical_sk_" + secret,
            KeyKind.MillimetricPk => $"pk_live_{Text(PrefixChars)}_{secret}",
            KeyKind.MillimetricSk => $"sk_live_{Text(PrefixChars)}_{secret}",
            KeyKind.MillimetricRk => $"rk_live_{Text(PrefixChars)}_{secret}",
            _ => "artie_" + secret,
        };
    }

    /// <summary>A new name for a key.</summary>
    public static string CreateId() => "key_" + Text(IdChars);

    /// <summary>What is stored instead of the secret.</summary>
    public static string HashOf(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    /// <summary>The end of the secret, by which its owner recognises it.</summary>
    public static string HintOf(string secret) => secret[^HintChars..];

    private static string Text(int chars) => RandomNumberGenerator.GetString(Alphabet, chars);
}
