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

    /// <summary>Minimum length of a salt, characters.</summary>
    public const int CharsMin = 16;

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
            if (File.ReadAllText(path).Trim().Length < CharsMin)
            {
                return (true, $"must have at least {CharsMin} characters; restore it from a backup");
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
    /// The configured salt, else the one stored under <paramref name="dataDir"/>, else a new one that is stored there.
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
            return File.ReadAllText(path).Trim();
        }

        var directory = SecretDirectory.Create(dataDir);
        var salt = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(RandomBytes));
        AtomicFile.Write(directory, FileName, Encoding.ASCII.GetBytes(salt), SecretDirectory.OwnerOnly);
        return salt;
    }
}
