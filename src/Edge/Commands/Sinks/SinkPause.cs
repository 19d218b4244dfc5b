using System.CommandLine;
using Edge.Audit;
using Edge.Commands.Streams;
using Edge.Forwarding.Pump;
using Edge.Settings;

namespace Edge.Commands.Sinks;

/// <summary>
/// <c>edge sink pause NAME</c>: holds a sink back. A running service notices within a second; a stopped one finds it at
/// its start.
/// </summary>
internal static class SinkPause
{
    public static Command Define(StandardStreams io)
    {
        var name = SinkChoice.Argument();
        var command = new Command("pause", "Holds a sink back; the journal keeps its events meanwhile.") { name };
        var settings = SettingsArguments.AddTo(command).WithOwnDataDir(command);
        command.SetAction(result =>
            settings.Load(result, io.Error) is { } options
                ? Run(options, result.GetValue(name), io.Error)
                : ExitCode.Failure
        );
        return command;
    }

    public static int Run(EdgeOptions options, string? name, TextWriter error) =>
        PauseCommand.Run(
            options,
            "sink pause",
            AuditAction.PauseSink,
            name,
            error,
            static (data, sink) =>
            {
                PauseSwitch.Pause(data, sink);
                return $"sink {sink} is paused; the journal holds its events until edge sink resume {sink}";
            }
        );
}
