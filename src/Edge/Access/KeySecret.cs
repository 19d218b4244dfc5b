using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Edge.Formats;

namespace Edge.Access;

/// <summary>
/// Creates and hashes secrets. The formats are those published by the four products, so their clients accept them,
/// except that management keys begin with mk: with the published pk they were taken for keys that may be in a page.
/// </summary>
internal static class KeySecret
{
    /// <summary>Longest secret that is accepted, characters.</summary>
    public const int CharsMax = 256;

    /// <summary>Prefix of Artie's secrets.</summary>
    public const string ArtiePrefix = "artie_";

    /// <summary>Bytes of the stored hash.</summary>
    public const int HashBytes = SHA256.HashSizeInBytes;

    /// <summary>The default environment, in the products that write it into the secret.</summary>
    public const string Live = "live";

    /// <summary>Their other environment.</summary>
    public const string Test = "test";

    /// <summary>Shortest secret that an operator may choose, and its fewest different characters.</summary>
    private const int ChosenCharsMin = 32;
    private const int ChosenDistinctCharsMin = 10;

    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    private const int SecretChars = 32;
    private const int PrefixChars = 8;
    private const int IdChars = 12;
    private const int HintChars = 4;

    /// <summary>Creates a secret from the operating system's random number generator.</summary>
    /// <param name="kind">Kind of the key.</param>
    /// <param name="environment">Live or test, for the kinds that include it; null means live.</param>
    public static string Create(KeyKind kind, string? environment = null)
    {
        var secret = Text(SecretChars);
        environment ??= Live;
        return kind switch
        {
            KeyKind.Pictify => $"mk_{environment}_{secret}",
            KeyKind.PictifyRead => $"mr_{environment}_{secret}",
            KeyKind.Write => "wk_" + secret,
            KeyKind.Traffical => "traffical_sk_" + secret,
            KeyKind.TrafficalPk => "traffical_pk_" + secret,
            KeyKind.MillimetricPk => $"pk_{environment}_{Text(PrefixChars)}_{secret}",
            KeyKind.MillimetricSk => $"sk_{environment}_{Text(PrefixChars)}_{secret}",
            KeyKind.MillimetricRk => $"rk_{environment}_{Text(PrefixChars)}_{secret}",
            KeyKind.Synthetic => "syn_" + secret,
            _ => ArtiePrefix + secret,
        };
    }

    /// <summary>
    /// The kind of which a secret has the form, also when its end is missing; null when it has none. Management keys had
    /// the prefix pk at first, and behind the environment no part as short as that of the keys for pages.
    /// </summary>
    public static KeyKind? KindOf(ReadOnlySpan<char> secret) =>
        secret.StartsWith("mk_") ? KeyKind.Pictify
        : secret.StartsWith("mr_") ? KeyKind.PictifyRead
        : secret.StartsWith("wk_") ? KeyKind.Write
        : secret.StartsWith("traffical_sk_") ? KeyKind.Traffical
        : secret.StartsWith("traffical_pk_") ? KeyKind.TrafficalPk
        : secret.StartsWith(ArtiePrefix) ? KeyKind.Artie
        : secret.StartsWith("syn_") ? KeyKind.Synthetic
        : secret.StartsWith("sk_") ? KeyKind.MillimetricSk
        : secret.StartsWith("rk_") ? KeyKind.MillimetricRk
        : !secret.StartsWith("pk_") ? null
        : secret.Count('_') == 2 && secret.Length - secret.LastIndexOf('_') > PrefixChars + 1 ? KeyKind.Pictify
        : KeyKind.MillimetricPk;

    /// <summary>Whether what has the form of a secret stands anywhere in a text, from the beginning of a word on.</summary>
    public static bool Occurs(ReadOnlySpan<char> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if ((i == 0 || !char.IsAsciiLetterOrDigit(text[i - 1])) && KindOf(text[i..]) is not null)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>What is wrong with a secret that an operator has chosen; null when nothing is.</summary>
    public static string? ProblemOf(string secret)
    {
        const string Example = "mk_live_ and what openssl rand -hex 16 prints";
        return
            secret.Length is < ChosenCharsMin or > CharsMax
            || !secret.All(static c => char.IsAsciiLetterOrDigit(c) || c == '_')
                ? $"must have {ChosenCharsMin} to {CharsMax} letters, digits and underscores, such as {Example}"
            : secret.Distinct().Count() < ChosenDistinctCharsMin
            || ChosenSecret.WeaknessOf(secret) is not null
                ? $"is too simple; take {Example}"
            : KindOf(secret) is { } kind and not KeyKind.Pictify
                ? $"has the form of another kind of key ({WireNames<KeyKind>.Kebab.Text(kind)}); take {Example}"
            : null;
    }

    /// <summary>Whether secrets of a kind include the environment, so that it can only be live or test.</summary>
    public static bool ShowsEnvironment(KeyKind kind) =>
        kind
            is KeyKind.Pictify
                or KeyKind.PictifyRead
                or KeyKind.MillimetricPk
                or KeyKind.MillimetricSk
                or KeyKind.MillimetricRk;

    /// <summary>Creates the id of a key.</summary>
    public static string CreateId() => "key_" + Text(IdChars);

    /// <summary>The hash that is stored instead of the secret.</summary>
    public static string HashOf(string secret) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    /// <summary>The same hash as bytes, for a secret sent in a request; false when it is empty or too long.</summary>
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

    /// <summary>Reads a stored hash; false when it is none.</summary>
    public static bool TryReadHash(string text, Span<byte> hash) =>
        Convert.FromHexString(text, hash, out var consumed, out var written) == OperationStatus.Done
        && consumed == text.Length
        && written == HashBytes;

    /// <summary>The last characters of the secret, by which its owner recognises it.</summary>
    public static string HintOf(string secret) => secret[^HintChars..];

    private static string Text(int chars) => RandomNumberGenerator.GetString(Alphabet, chars);
}
