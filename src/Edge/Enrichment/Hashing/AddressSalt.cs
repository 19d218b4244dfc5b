using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Edge.Storage;

namespace Edge.Enrichment.Hashing;

/// <summary>
/// The secret behind the visitor hashes: configured, or generated once and stored in a file that only its owner can
/// read.
/// </summary>
internal static class AddressSalt
{
    private const int RandomBytes = 32;
    private const string FileName = "address-salt";

    /// <summary>Letters and digits that must be left when common words are taken out.</summary>
    private const int UncommonCharsMin = 8;

    /// <summary>What stated secrets are made of when nobody has made one; longer ones first.</summary>
    private static readonly string[] CommonWords =
    [
        "abcdefghijklmnop",
        "0123456789",
        "1234567890",
        "123456789",
        "qwertyuiop",
        "abcdefgh",
        "changeme",
        "password",
        "passwort",
        "12345678",
        "asdfghjkl",
        "iloveyou",
        "letmein",
        "welcome",
        "default",
        "example",
        "monkey",
        "dragon",
        "secret",
        "change",
        "please",
        "qwerty",
        "123456",
        "admin",
        "salt",
        "test",
        "edge",
        "1234",
        "this",
        "me",
        "my",
    ];

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>Minimum length of a salt, characters.</summary>
    public const int CharsMin = 16;

    /// <summary>Different characters below which a salt is a repetition that somebody tries first.</summary>
    private const int DistinctCharsMin = 6;

    /// <summary>
    /// Why a salt does not protect: whoever guesses it can reverse every hash. Null when it does; what stands around
    /// it is not part of it.
    /// </summary>
    public static string? WeaknessOf(string salt)
    {
        var text = salt.AsSpan().Trim();
        if (text.Length < CharsMin)
        {
            return $"must have at least {CharsMin} characters";
        }

        if (new HashSet<char>(text.ToArray()).Count < DistinctCharsMin)
        {
            return $"must have at least {DistinctCharsMin} different characters";
        }

        return UncommonChars(text.ToString()) < UncommonCharsMin
            ? "must not be made of words and sequences that somebody tries first"
            : null;
    }

    /// <summary>Path of the generated salt.</summary>
    public static string PathIn(string dataDir) => Path.Combine(SecretDirectory.PathIn(dataDir), FileName);

    /// <summary>What is wrong with the stored salt; null when it is valid or does not exist yet.</summary>
    public static (bool IsFatal, string Message)? Problem(string dataDir)
    {
        var path = PathIn(dataDir);
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            if (DamageOf(DiskFile.ReadLine(path)) is { } damage)
            {
                return (true, $"{damage}; restore it from a backup");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (true, $"cannot be read: {e.Message}");
        }
        return (File.GetUnixFileMode(path) & ~SecretDirectory.OwnerOnly) == 0
            ? null
            : (false, "can be read by others; chmod 600 it");
    }

    /// <summary>
    /// The configured salt, else the one stored under <paramref name="dataDir"/>, else a new one that is stored there. A
    /// stored one that does not protect is an <see cref="IOException"/>: it is damaged, and never replaced in silence,
    /// because a new salt changes every hash.
    /// </summary>
    public static string LoadOrCreate(string configured, string dataDir)
    {
        if (configured.Length > 0)
        {
            return configured;
        }

        var path = PathIn(dataDir);
        if (File.Exists(path))
        {
            var stored = DiskFile.ReadLine(path).Trim();
            return DamageOf(stored) is { } damage
                ? throw new IOException($"{path} {damage}; restore it from a backup, or delete it to make a new one")
                : stored;
        }

        var directory = SecretDirectory.Create(dataDir);
        var salt = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(RandomBytes));
        AtomicFile.Write(directory, FileName, Encoding.ASCII.GetBytes(salt), SecretDirectory.OwnerOnly);
        return salt;
    }

    private static int UncommonChars(string text)
    {
        foreach (var word in CommonWords)
        {
            text = text.Replace(word, " ", StringComparison.OrdinalIgnoreCase);
        }

        return text.Count(char.IsLetterOrDigit);
    }

    /// <summary>
    /// Why a salt of the file is not what was stored there, or does not protect; null when it is sound. A generated one
    /// is hexadecimal: fewer digits are the beginning of one that was cut, and every hash would change.
    /// </summary>
    private static string? DamageOf(string stored) =>
        WeaknessOf(stored)
        ?? (
            stored.AsSpan().Trim() is { Length: < 2 * RandomBytes } text && !text.ContainsAnyExcept(HexDigits)
                ? $"has {text.Length} of the {2 * RandomBytes} hexadecimal digits of a generated salt"
                : null
        );
}
