namespace Edge.LoadTests;

/// <summary>Reads the files that the command line names, bounded.</summary>
internal static class GivenFile
{
    /// <param name="option">Who names it, for messages.</param>
    /// <param name="path">Its path.</param>
    /// <param name="bytesMax">Most bytes that are read.</param>
    /// <exception cref="UsageException">It cannot be read, is no ordinary file, or is larger.</exception>
    public static string Read(string option, string path, long bytesMax)
    {
        try
        {
            // What never ends, such as a device, has no length.
            var length = new FileInfo(path).Length;
            return length == 0 || length > bytesMax
                ? throw new UsageException($"{option} {path} must be a file of 1 to {bytesMax} bytes")
                : File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{option} {path} cannot be read: {e.Message}");
        }
    }
}
