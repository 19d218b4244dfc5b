using Edge.Settings;

namespace Edge.Commands;

/// <summary>Whether a command looks where a service keeps its data, or somewhere else by mistake.</summary>
internal static class DataDirectory
{
    /// <summary>Whether the directory is there; says in one line how to name the right one when it is not.</summary>
    public static bool IsThere(EdgeOptions options, string command, TextWriter error)
    {
        if (Directory.Exists(options.DataDir))
        {
            return true;
        }

        error.WriteLine(
            $"{command}: there is no directory {Path.GetFullPath(options.DataDir)}; --data-dir names that of the service"
                + " (dataDir)"
        );
        return false;
    }
}
