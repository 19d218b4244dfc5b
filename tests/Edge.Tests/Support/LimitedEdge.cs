namespace Edge.Tests.Support;

/// <summary>The native binary behind a shell that sets limits first, for <see cref="EdgeProcess"/>.</summary>
internal static class LimitedEdge
{
    /// <summary>Writes the script and returns its path.</summary>
    /// <param name="directory">Where it goes.</param>
    /// <param name="commands">What the shell does before it becomes the binary.</param>
    /// <param name="binary">Another build than the published one.</param>
    public static string Script(TempDirectory directory, string commands, string? binary = null)
    {
        var path = directory["edge.sh"];
        File.WriteAllText(path, $"#!/bin/sh\n{commands}\nexec \"{binary ?? EdgeBinary.Path}\" \"$@\"\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
