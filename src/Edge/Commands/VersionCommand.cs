using Edge.Telemetry;

namespace Edge.Commands;

/// <summary><c>edge version</c>.</summary>
internal static class VersionCommand
{
    public static int Run(TextWriter output)
    {
        output.WriteLine($"edge {BuildInfo.Version} commit {BuildInfo.Commit} runtime {BuildInfo.Runtime}");
        return ExitCode.Success;
    }
}
