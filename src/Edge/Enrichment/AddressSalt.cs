using System.Security.Cryptography;
using System.Text;

namespace Edge.Enrichment;

/// <summary>
/// The secret behind the visitor hashes: configured, or made once and kept in a file only its owner can read.
/// </summary>
internal static class AddressSalt
{
    private const int RandomBytes = 32;
    private const string FileName = "address-salt";

    /// <summary>The configured salt, else the one stored under <paramref name="dataDir"/>, else a new one that is stored there.</summary>
    public static string LoadOrCreate(string configured, string dataDir)
    {
        if (configured.Length > 0) return configured;
        var directory = SecretDirectory.Create(dataDir);
        var path = Path.Combine(directory, FileName);
        if (File.Exists(path)) return File.ReadAllText(path).Trim();

        var salt = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(RandomBytes));
        AtomicFile.Write(directory, FileName, Encoding.ASCII.GetBytes(salt), SecretDirectory.OwnerOnly);
        return salt;
    }
}
