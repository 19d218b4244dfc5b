using System.CommandLine;
using Edge.Commands.Streams;
using Edge.Settings;

namespace Edge.Commands.Configuration;

/// <summary><c>edge config reference</c>: an <c>edge.json</c> with every setting, its meaning and its default.</summary>
internal static class ConfigReference
{
    public static Command Define(StandardStreams io)
    {
        var command = new Command("reference", "Prints an edge.json with every setting, its meaning and its default.");
        command.SetAction(_ => Run(io.Out));
        return command;
    }

    public static int Run(TextWriter output)
    {
        SettingsReference.Write(output);
        return ExitCode.Success;
    }
}
