using Edge.Forwarding;
using Edge.Forwarding.DeadLetters;
using Edge.Hosting;
using Edge.Settings;

namespace Edge.Commands;

/// <summary>
/// <c>edge dead-letters list|resend</c>: what sinks refused for good, and the way to send it again once the reason is
/// mended: through the sink's own code, with its fields, from this process. Works beside a running service and without
/// one; what was taken is removed from the files, what is refused again stays.
/// </summary>
internal static class DeadLettersCommand
{
    /// <summary>One line per dead letter: sink, id, time, answer.</summary>
    public static int List(EdgeOptions options, string? onlySink, TextWriter output, TextWriter error)
    {
        try
        {
            foreach (var sink in DeadLetterFiles.Sinks(options.DeadLettersDir))
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

    /// <summary>Sends all, those of one sink, or one event again.</summary>
    public static async Task<int> ResendAsync(
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
