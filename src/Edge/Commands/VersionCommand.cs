using System.CommandLine;
using Edge.Commands.Streams;
using Edge.Telemetry;

namespace Edge.Commands;

/// <summary><c>edge version</c>.</summary>
internal static class VersionCommand
{
    public static Command Define(StandardStreams io)
    {
        var command = new Command("version", "Prints version, commit and runtime.");
        command.SetAction(_ => Run(io.Out));
        return command;
    }

    public static int Run(TextWriter output)
    {
        output.WriteLine($"edge {BuildInfo.Version} commit {BuildInfo.Commit} runtime {BuildInfo.Runtime}");
        return ExitCode.Success;
    }
}
