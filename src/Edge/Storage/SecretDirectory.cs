namespace Edge.Storage;

/// <summary>A file or directory that others than its owner may open, or change.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Mode">Its permissions.</param>
/// <param name="Wanted">What they should be.</param>
internal readonly record struct ExposedPath(string Path, UnixFileMode Mode, UnixFileMode Wanted)
{
    /// <summary>What is wrong with it, as the end of a sentence that begins with the path.</summary>
    public string Problem => $"has mode {Octal(Mode)}, so others than its owner may open or change it";

    /// <summary>Permissions as chmod takes them.</summary>
    public static string Octal(UnixFileMode mode) => Convert.ToString((int)mode, 8).PadLeft(4, '0');
}

/// <summary>
/// The directory of a node's secrets, <c>DATA/keys</c>, which only its owner can enter, and the data directory around it.
/// </summary>
internal static class SecretDirectory
{
    /// <summary>Permissions of a secret: 0600.</summary>
    public const UnixFileMode OwnerOnly = DiskFile.OwnerOnly;

    /// <summary>Permissions of a directory that nobody else can enter: 0700.</summary>
    private const UnixFileMode OwnerEnters = OwnerOnly | UnixFileMode.UserExecute;

    /// <summary>Permissions of a directory that nobody else can change: 0755.</summary>
    private const UnixFileMode OwnerChanges =
        OwnerEnters
        | UnixFileMode.GroupRead
        | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead
        | UnixFileMode.OtherExecute;

    /// <summary>
    /// Creates the data directory when it is missing, for its owner alone, whatever the process's umask is. One that is
    /// there stays as it is.
    /// </summary>
    public static void CreateDataDir(string dataDir)
    {
        if (Directory.Exists(dataDir))
        {
            return;
        }

        if (File.Exists(dataDir))
        {
            throw new IOException($"'{dataDir}' is a file, not a directory");
        }

        Directory.CreateDirectory(dataDir, OwnerEnters);
        File.SetUnixFileMode(dataDir, OwnerEnters);
    }

    /// <summary>
    /// What of the data directory and the secrets in it others than the owner may open, and which of the directories in
    /// it others may change.
    /// </summary>
    /// <param name="dataDir">The data directory.</param>
    /// <param name="keysFile">The file of the issued keys.</param>
    public static IEnumerable<ExposedPath> FindExposed(string dataDir, string keysFile)
    {
        var secrets = PathIn(dataDir);
        string[] files = [keysFile, .. Directory.Exists(secrets) ? Directory.GetFiles(secrets) : []];
        string[] directories = [dataDir, secrets];
        var others = Directory.Exists(dataDir) ? Directory.GetDirectories(dataDir).Where(path => path != secrets) : [];
        return Exposed(directories.Where(Directory.Exists), OwnerEnters)
            .Concat(Exposed(files.Where(File.Exists), OwnerOnly))
            .Concat(Exposed(others, OwnerChanges));
    }

    /// <summary>Where the directory is.</summary>
    public static string PathIn(string dataDir) => Path.Combine(dataDir, "keys");

    /// <summary>
    /// Creates the directory under <paramref name="dataDir"/> when it is missing, and removes the temporary files of
    /// interrupted writes from it. Returns its path.
    /// </summary>
    public static string Create(string dataDir)
    {
        var directory = PathIn(dataDir);
        Directory.CreateDirectory(directory, OwnerEnters);
        AtomicFile.DeleteUnfinished(directory);
        return directory;
    }

    private static IEnumerable<ExposedPath> Exposed(IEnumerable<string> paths, UnixFileMode wanted) =>
        paths
            .Select(path => new ExposedPath(path, File.GetUnixFileMode(path), wanted))
            .Where(static found => (found.Mode & ~found.Wanted) != 0);
}
