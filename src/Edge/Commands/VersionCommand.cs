using System.Reflection;
using System.Runtime.InteropServices;

namespace Edge.Commands;

/// <summary><c>edge version</c>: version, commit and the runtime baked into the binary (a servicing release needs a rebuild).</summary>
internal static class VersionCommand
{
    /// <summary>Version of the program, from the build.</summary>
    public static string Version { get; } = Split().Version;

    /// <summary>Commit the binary was built from, or "unknown".</summary>
    public static string Commit { get; } = Split().Commit;

    /// <summary>Runtime, for example ".NET 9.0.22".</summary>
    public static string Runtime => RuntimeInformation.FrameworkDescription;

    public static int Run(TextWriter output)
    {
        output.WriteLine($"edge {Version} commit {Commit} runtime {Runtime}");
        return ExitCode.Success;
    }

    private static (string Version, string Commit) Split()
    {
        var text = typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
        var plus = text.IndexOf('+', StringComparison.Ordinal);
        return plus < 0 ? (text, "unknown") : (text[..plus], text[(plus + 1)..]);
    }
}
