namespace Edge.Storage;

/// <summary>Where the secrets of a node are: <c>DATA/keys</c>, which nobody but its owner can enter.</summary>
internal static class SecretDirectory
{
    /// <summary>Permissions of a secret: 0600.</summary>
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Where the directory is.</summary>
    public static string PathIn(string dataDir) => Path.Combine(dataDir, "keys");

    /// <summary>
    /// The directory under <paramref name="dataDir"/>, made when it is missing, without what an interrupted write left
    /// behind.
    /// </summary>
    public static string Create(string dataDir)
    {
        var directory = PathIn(dataDir);
        Directory.CreateDirectory(directory, OwnerOnly | UnixFileMode.UserExecute);
        AtomicFile.DeleteUnfinished(directory);
        return directory;
    }
}
