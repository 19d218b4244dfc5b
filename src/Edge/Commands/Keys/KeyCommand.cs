using System.CommandLine;
using Edge.Commands.Streams;
using Edge.Settings;

namespace Edge.Commands.Keys;

/// <summary>
/// What the commands about keys share: settings, and the file of keys that cannot be read or written.
/// </summary>
internal static class KeyCommand
{
    /// <summary>Gives the command its settings and what it does with them.</summary>
    public static void SetAction(Command command, StandardStreams io, Func<EdgeOptions, ParseResult, int> run)
    {
        var settings = SettingsArguments.AddTo(command).WithDataDir(command);
        command.SetAction(result =>
        {
            if (settings.Load(result, io.Error) is not { } options)
            {
                return ExitCode.Failure;
            }

            try
            {
                return run(options, result);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                io.Error.WriteLine(
                    $"{UsageProblem.NameOf(result.CommandResult)}: {e.Message.ReplaceLineEndings(" ")}"
                );
                return ExitCode.Failure;
            }
        });
    }
}
