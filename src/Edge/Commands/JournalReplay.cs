using System.Globalization;
using Edge.Formats;
using Edge.Forwarding;
using Edge.Forwarding.DeadLetters;
using Edge.Hosting;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Journal.Recovery;
using Edge.Settings;

namespace Edge.Commands;

/// <summary>
/// <c>edge journal replay</c>: sends a sink once more what the journal still holds of a period, by the time of receipt,
/// through the sink's own code, with its filters and fields. Works beside a running service and without one; the sink's
/// cursor stays where it is. Events keep their ids, by which a destination knows what it has already.
/// </summary>
internal static class JournalReplay
{
    private const int UnixMillisecondsShift = 16;

    /// <summary>One line of progress for about this many events.</summary>
    private const int ProgressEvery = 100_000;

    public static async Task<int> RunAsync(
        EdgeOptions options,
        Arguments arguments,
        TimeProvider time,
        TextWriter error
    )
    {
        if (
            arguments["from"] is not { } fromText
            || !Timestamp.TryParse(fromText, out var from)
            || arguments["to"] is not { } toText
            || !Timestamp.TryParse(toText, out var to)
            || from >= to
        )
        {
            await error.WriteLineAsync(
                "edge journal replay: needs --from and --to, such as 2026-11-21T09:00:00Z, the second one later and not included"
            );
            return ExitCode.WrongUsage;
        }
        if (SinkChoice.Find(options, "journal replay", arguments["sink"], error) is not { } sink)
        {
            return ExitCode.WrongUsage;
        }

        if (sink.Type == SinkType.File)
        {
            await error.WriteLineAsync(
                $"edge journal replay: sink {sink.Name} writes files, which it keeps; edge journal dump prints what the journal holds"
            );
            return ExitCode.WrongUsage;
        }
        try
        {
            using var journal = JournalView.Open(options.ToJournalOptions());
            using var delivery = new Redelivery(SinkFactory.Create(sink, options, time), EventFields.Of(sink), time);
            return await SendAsync(journal, delivery, EventFilter.Of(sink), from, to, error);
        }
        catch (Exception e) when (e is JournalException or IOException or UnauthorizedAccessException)
        {
            await error.WriteLineAsync($"edge journal replay: {e.Message.ReplaceLineEndings(" ")}");
            return ExitCode.Failure;
        }
    }

    private static async Task<int> SendAsync(
        JournalView journal,
        Redelivery delivery,
        EventFilter? filter,
        DateTimeOffset from,
        DateTimeOffset to,
        TextWriter error
    )
    {
        var (taken, refused, damaged, reported) = (0L, 0L, 0L, 0L);
        if (await delivery.BeginAsync(CancellationToken.None) is { } unreachable)
        {
            return await StopAsync(unreachable);
        }

        DateTimeOffset? first = null;
        var begins = 0L;
        var walker = journal.Walk();
        for (var step = walker.Step(); step != WalkStep.End; step = walker.Step())
        {
            if (step != WalkStep.Record)
            {
                damaged++;
                continue;
            }
            var at = DateTimeOffset.FromUnixTimeMilliseconds((long)(walker.Envelope.Id.High >> UnixMillisecondsShift));
            if (first is null)
            {
                (first, begins) = (at, walker.Envelope.Sequence);
            }

            if (at < from || at >= to || filter?.Passes(walker.Payload) == false)
            {
                continue;
            }

            delivery.Add(walker.Envelope.Id, walker.Payload);
            if (delivery.IsFull && await SendBatchAsync() is { } problem)
            {
                return await StopAsync(problem);
            }
        }
        if (await SendBatchAsync() is { } last)
        {
            return await StopAsync(last);
        }

        // A journal that still has its first event never held anything before it.
        if (begins != 1 && (first is null || first > from))
        {
            var begin = first is { } oldest ? $"begins with {Timestamp.Format(oldest)}" : "is empty";
            await error.WriteLineAsync(
                $"edge journal replay: the journal {begin}; what came before is no longer held (journal.retainHours, journal.retainBytes)"
            );
        }
        if (damaged > 0)
        {
            await error.WriteLineAsync(
                $"edge journal replay: {damaged} pages could not be read: edge journal verify has more"
            );
        }

        await error.WriteLineAsync(Count());
        return refused == 0 && damaged == 0 ? ExitCode.Success : ExitCode.Failure;

        async Task<string?> SendBatchAsync()
        {
            var problem = await delivery.SendAsync(CancellationToken.None);
            taken += delivery.Taken.Count;
            refused += delivery.Refused.Count;
            foreach (var (id, answer) in delivery.Refused)
            {
                await error.WriteLineAsync($"edge journal replay: {id} was refused: {answer}");
            }

            if (taken - reported >= ProgressEvery)
            {
                reported = taken;
                await error.WriteLineAsync(
                    $"edge journal replay: {taken.ToString(CultureInfo.InvariantCulture)} events so far"
                );
            }
            return problem;
        }

        string Count() => $"edge journal replay: {taken} events sent again, {refused} refused";

        async Task<int> StopAsync(string problem)
        {
            await error.WriteLineAsync(
                $"edge journal replay: stopped: {problem}; {taken} events were sent, and the whole period may be sent again"
            );
            return ExitCode.Failure;
        }
    }
}
