using System.Security.Cryptography;

namespace Edge.Enrichment;

/// <summary>
/// The secret behind the visitor hashes: configured, or made once and kept in a file only its owner can read.
/// </summary>
internal static class AddressSalt
{
    private const int RandomBytes = 32;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Fewest characters of a salt that nobody guesses.</summary>
    public const int CharsMin = 16;

    /// <summary>Where the salt is kept that nobody has configured.</summary>
    public static string PathIn(string dataDir) => Path.Combine(dataDir, "keys", "address-salt");

    /// <summary>What is wrong with the stored salt; null when it is sound or not there yet.</summary>
    public static (bool IsFatal, string Message)? Problem(string dataDir)
    {
        var path = PathIn(dataDir);
        if (!File.Exists(path)) return null;
        try
        {
            if (File.ReadAllText(path).Trim().Length < CharsMin)
                return (true, $"must have at least {CharsMin} characters; restore it from a backup");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (true, $"cannot be read: {e.Message}");
        }
        return (File.GetUnixFileMode(path) & ~OwnerOnly) == 0 ? null : (false, "can be read by others; chmod 600 it");
    }

    /// <summary>The configured salt, else the one stored under <paramref name="dataDir"/>, else a new one that is stored there.</summary>
    public static string LoadOrCreate(string configured, string dataDir)
    {
        if (configured.Length > 0) return configured;
        var path = PathIn(dataDir);
        if (File.Exists(path)) return File.ReadAllText(path).Trim();

        Directory.CreateDirectory(Path.GetDirectoryName(path)!, OwnerOnly | UnixFileMode.UserExecute);
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
