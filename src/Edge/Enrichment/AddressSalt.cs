using System.Security.Cryptography;

namespace Edge.Enrichment;

/// <summary>
/// The secret behind the visitor hashes: configured, or made once and kept in a file only its owner can read.
/// </summary>
internal static class AddressSalt
{
    private const int RandomBytes = 32;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>The configured salt, else the one stored under <paramref name="dataDir"/>, else a new one that is stored there.</summary>
    public static string LoadOrCreate(string configured, string dataDir)
    {
        if (configured.Length > 0) return configured;
        var directory = Path.Combine(dataDir, "keys");
        var path = Path.Combine(directory, "address-salt");
        if (File.Exists(path)) return File.ReadAllText(path).Trim();

        Directory.CreateDirectory(directory, OwnerOnly | UnixFileMode.UserExecute);
        var salt = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(RandomBytes));
        var temporary = path + ".new";
        using (var stream = new FileStream(temporary, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = OwnerOnly,
        }))
        {
            stream.Write(System.Text.Encoding.ASCII.GetBytes(salt));
            stream.Flush(flushToDisk: true);
        }
        File.Move(temporary, path);
        return salt;
    }
}
