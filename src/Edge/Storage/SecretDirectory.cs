namespace Edge.Storage;

/// <summary>The directory of a node's secrets, <c>DATA/keys</c>, which only its owner can enter.</summary>
internal static class SecretDirectory
{
    /// <summary>Permissions of a secret: 0600.</summary>
    public const UnixFileMode OwnerOnly = DiskFile.OwnerOnly;

    /// <summary>Where the directory is.</summary>
    public static string PathIn(string dataDir) => Path.Combine(dataDir, "keys");

    /// <summary>
    /// Creates the directory under <paramref name="dataDir"/> when it is missing, and removes the temporary files of
    /// interrupted writes from it. Returns its path.
    /// </summary>
    public static string Create(string dataDir)
    {
        var directory = PathIn(dataDir);
        Directory.CreateDirectory(directory, OwnerOnly | UnixFileMode.UserExecute);
        AtomicFile.DeleteUnfinished(directory);
        return directory;
    }
}
