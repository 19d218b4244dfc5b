using System.CommandLine;
using Edge.Commands.Streams;
using Edge.Forwarding.DeadLetters;
using Edge.Settings;

namespace Edge.Commands.Sinks;

/// <summary><c>edge dead-letters list</c>: what sinks refused for good.</summary>
internal static class DeadLettersList
{
    public static Command Define(StandardStreams io)
    {
        var sink = new Option<string>("--sink") { HelpName = "NAME", Description = "Only those of this sink." };
        var command = new Command("list", "Prints sink, id, time and the sink's answer of each dead letter.") { sink };
        var settings = SettingsArguments.AddTo(command).WithDataDir(command);
        command.SetAction(result =>
            settings.Load(result, io.Error) is { } options
                ? Run(options, result.GetValue(sink), io.Out, io.Error)
                : ExitCode.Failure
        );
        return command;
    }

    /// <summary>One line per dead letter: sink, id, time, answer.</summary>
    public static int Run(EdgeOptions options, string? onlySink, TextWriter output, TextWriter error)
    {
        if (!DataDirectory.IsThere(options, "edge dead-letters list", error))
        {
            return ExitCode.Failure;
        }

        try
        {
            var sinks = DeadLetterFiles.Sinks(options.DeadLettersDir);
            if (
                onlySink is not null
                && !sinks.Contains(onlySink)
                && SinkChoice.Find(options, "dead-letters list", onlySink, error) is null
            )
            {
                return ExitCode.WrongUsage;
            }

            foreach (var sink in sinks)
            {
                if (onlySink is not null && sink != onlySink)
                {
                    continue;
                }

                foreach (var letter in DeadLetterFiles.Read(Path.Combine(options.DeadLettersDir, sink)))
                {
                    output.WriteLine(
                        string.Join(
                            '\t',
                            sink,
                            letter.Id,
                            letter.At,
                            letter.Answer.ReplaceLineEndings(" ").Replace('\t', ' ')
                        )
                    );
                }
            }
            return ExitCode.Success;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            error.WriteLine($"edge dead-letters list: {e.Message.ReplaceLineEndings(" ")}");
            return ExitCode.Failure;
        }
    }
}
