using System.CommandLine;
using Edge.Audit;
using Edge.Commands.Streams;
using Edge.Forwarding.Pump;
using Edge.Settings;

namespace Edge.Commands.Sinks;

/// <summary>
/// <c>edge sink resume NAME</c>: lets a paused sink go on. A running service notices within a second.
/// </summary>
internal static class SinkResume
{
    public static Command Define(StandardStreams io)
    {
        var name = SinkChoice.Argument();
        var command = new Command("resume", "Lets a paused sink go on.") { name };
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
            "sink resume",
            AuditAction.ResumeSink,
            name,
            error,
            static (data, sink) =>
                PauseSwitch.Resume(data, sink) ? $"sink {sink} goes on" : $"sink {sink} was not paused"
        );
}
