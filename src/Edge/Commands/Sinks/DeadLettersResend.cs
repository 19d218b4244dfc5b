using System.CommandLine;
using Edge.Commands.Streams;
using Edge.Forwarding;
using Edge.Forwarding.DeadLetters;
using Edge.Hosting;
using Edge.Settings;

namespace Edge.Commands.Sinks;

/// <summary>
/// <c>edge dead-letters resend [ID]</c>: sends what sinks refused for good again, once the reason is mended: through
/// the sink's own code, with its fields, from this process. Works beside a running service and without one; what was
/// taken is removed from the files, what is refused again stays.
/// </summary>
internal static class DeadLettersResend
{
    public static Command Define(StandardStreams io)
    {
        var sink = new Option<string>("--sink") { HelpName = "NAME", Description = "Only those of this sink." };
        var id = new Argument<string?>("ID")
        {
            Arity = ArgumentArity.ZeroOrOne,
            Description = "Only this event; without it all of them.",
        };
        var command = new Command("resend", "Sends dead letters again, and forgets those that are taken.") { id, sink };
        var settings = SettingsArguments.AddTo(command).WithOwnDataDir(command);
        command.SetAction(
            async (result, _) =>
                settings.Load(result, io.Error) is { } options
                    ? await RunAsync(
                        options,
                        result.GetValue(sink),
                        result.GetValue(id),
                        TimeProvider.System,
                        io.Error
                    )
                    : ExitCode.Failure
        );
        return command;
    }

    /// <summary>Sends all, those of one sink, or one event again.</summary>
    public static async Task<int> RunAsync(
        EdgeOptions options,
        string? onlySink,
        string? onlyId,
        TimeProvider time,
        TextWriter error
    )
    {
        if (onlyId is not null && !DeadLetterFiles.TryParseId(onlyId, out _))
        {
            await error.WriteLineAsync(
                $"edge dead-letters resend: '{onlyId}' is not the id of an event; edge dead-letters list shows them"
            );
            return ExitCode.WrongUsage;
        }
        if (onlySink is not null && SinkChoice.Find(options, "dead-letters resend", onlySink, error) is null)
        {
            return ExitCode.WrongUsage;
        }

        var isClean = true;
        var found = 0;
        foreach (var name in DeadLetterFiles.Sinks(options.DeadLettersDir))
        {
            if (onlySink is not null && name != onlySink)
            {
                continue;
            }

            try
            {
                var outcome = await ResendOfSinkAsync(options, name, onlyId, time, error);
                found += outcome.Found;
                isClean &= outcome.IsClean;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                await error.WriteLineAsync($"edge dead-letters resend: {name}: {e.Message.ReplaceLineEndings(" ")}");
                isClean = false;
            }
        }
        if (found > 0 || !isClean)
        {
            return isClean ? ExitCode.Success : ExitCode.Failure;
        }

        await error.WriteLineAsync(
            onlyId is null
                ? "edge dead-letters resend: there are none"
                : $"edge dead-letters resend: there is no dead letter {onlyId}"
        );
        return onlyId is null ? ExitCode.Success : ExitCode.Failure;
    }

    private static async Task<(int Found, bool IsClean)> ResendOfSinkAsync(
        EdgeOptions options,
        string name,
        string? onlyId,
        TimeProvider time,
        TextWriter error
    )
    {
        if (SinkChoice.Find(options, "dead-letters resend", name, error) is not { } sink)
        {
            return (0, false);
        }

        var directory = Path.Combine(options.DeadLettersDir, name);
        using var delivery = new Redelivery(SinkFactory.Create(sink, options, time), EventFields.Of(sink), time);
        var problem = await delivery.BeginAsync(CancellationToken.None);
        var (found, taken, refused) = (0, 0, 0);
        // Read as a whole first: what is taken is removed from the files on the way.
        foreach (var letter in problem is null ? DeadLetterFiles.Read(directory).ToArray() : [])
        {
            if (onlyId is not null && letter.Id.ToString() != onlyId)
            {
                continue;
            }

            found++;
            delivery.Add(letter.Id, letter.Event);
            if (delivery.IsFull)
            {
                await SendAsync();
            }

            if (problem is not null)
            {
                break;
            }
        }
        if (problem is null)
        {
            await SendAsync();
        }

        await error.WriteLineAsync(
            $"edge dead-letters resend: {name}: {taken} taken, {refused} refused again{(problem is null ? "" : $"; stopped: {problem}")}"
        );
        return (found, problem is null && refused == 0);

        async Task SendAsync()
        {
            problem = await delivery.SendAsync(CancellationToken.None);
            taken += delivery.Taken.Count;
            refused += delivery.Refused.Count;
            foreach (var (id, answer) in delivery.Refused)
            {
                await error.WriteLineAsync($"edge dead-letters resend: {name}: {id}: {answer}");
            }

            if (delivery.Taken.Count > 0)
            {
                DeadLetterFiles.Remove(directory, delivery.Taken.ToHashSet(StringComparer.Ordinal));
            }
        }
    }
}
