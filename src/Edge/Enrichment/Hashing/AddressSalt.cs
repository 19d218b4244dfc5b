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
    /// <summary>What comes of a salt that is not the one before.</summary>
    public const string ReplacedMeans =
        "signed links that were made before do not hold, and hashes of visitors do not join those before; restore it from a backup";

    private const int RandomBytes = 32;
    private const string FileName = "address-salt";

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>Path of the generated salt.</summary>
    public static string PathIn(string dataDir) => Path.Combine(SecretDirectory.PathIn(dataDir), FileName);

    /// <summary>Whether <see cref="LoadOrCreate"/> will make a new one.</summary>
    public static bool IsMissing(string configured, string dataDir) =>
        configured.Length == 0 && !File.Exists(PathIn(dataDir));

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
            if (DamageOf(DiskFile.ReadLine(path).Trim()) is { } damage)
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

    /// <summary>Why the file does not hold what was generated; null when it does: every hash would change.</summary>
    private static string? DamageOf(string stored) =>
        stored.Length == 2 * RandomBytes && !stored.AsSpan().ContainsAnyExcept(HexDigits)
            ? null
            : $"is damaged: it has {stored.Length} characters and not the {2 * RandomBytes} hexadecimal digits of a generated salt";
}
