using System.CommandLine;
using Edge.Commands.Filters;
using Edge.Commands.Streams;
using Edge.Formats;
using Edge.Journal;
using Edge.Settings;
using Edge.Statistics.WhatIf;

namespace Edge.Commands.Replay;

/// <summary>
/// <c>edge replay</c>: estimates what an experiment would have come to with other weights, conditions or schedules, from the
/// events of the time in which chance has chosen. Changes nothing and sends nothing. Exit code 0 with an estimate; 1 when
/// there is none, and why.
/// </summary>
internal sealed class ReplayCommand(EdgeOptions options, TimeProvider time, TextWriter output, TextWriter error)
{
    private const string Name = "edge replay";

    public static Command Define(StandardStreams io)
    {
        var experiment = new Option<string>("--experiment")
        {
            HelpName = "FILE",
            Description = "The experiment as it might be, with the uid of the one that has run; - is stdin. Or the slug or uid of one in the data directory.",
            Required = true,
        };
        var events = new Option<string>("--events")
        {
            HelpName = "PATH",
            Description = "Events as NDJSON: a file, a directory of the file sink, or - for stdin; the journal without it.",
        };
        var from = Moment("--from", "Counts trials that began at this time or later, such as 2026-11-01T00:00:00Z.");
        var to = Moment("--to", "Counts trials that began before.");
        var json = new Option<bool>("--json") { Arity = ArgumentArity.Zero, Description = "Prints JSON." };
        var command = new Command("replay", "Estimates what other weights, conditions or schedules would have come to.")
        {
            experiment,
            events,
            from,
            to,
            json,
        };
        var settings = SettingsArguments.AddTo(command).WithDataDir(command);
        command.SetAction(result =>
            settings.Load(result, io.Error) is { } options
                ? LineFilter.Run(() =>
                    new ReplayCommand(options, TimeProvider.System, io.Out, io.Error).Run(
                        result.GetRequiredValue(experiment),
                        result.GetValue(events),
                        result.GetValue(from),
                        result.GetValue(to),
                        result.GetValue(json)
                    )
                )
                : ExitCode.Failure
        );
        return command;

        static Option<string> Moment(string name, string description) => new(name) { HelpName = "TIME", Description = description };
    }

    /// <param name="file">File of the experiment, <c>-</c>, or the name of a stored one.</param>
    /// <param name="events">File, directory or <c>-</c>; null reads the journal.</param>
    /// <param name="from">RFC 3339; null for no bound.</param>
    /// <param name="to">The same.</param>
    /// <param name="asJson">Whether to print JSON.</param>
    public int Run(string file, string? events, string? from, string? to, bool asJson)
    {
        if (file == InputFile.Stdin && events == InputFile.Stdin)
        {
            return Wrong("stdin can be one of --experiment and --events, not both");
        }

        if (!TryReadTime(from, out var fromMs) || !TryReadTime(to, out var toMs))
        {
            return Wrong("--from and --to must be RFC 3339 date-times with an offset, such as 2026-11-01T00:00:00Z");
        }

        var now = time.GetUtcNow();
        if (GivenExperiment.Read(options, file, now, Name, error) is not { Experiment: var experiment })
        {
            return ExitCode.Failure;
        }

        if (WhatIfReport.Unanswerable(experiment) is { } why)
        {
            return Fail(why);
        }

        var log = new TrialLog(experiment, VisitorNeeds.Of(experiment));
        try
        {
            Read(events, log, ms => (fromMs is null || ms >= fromMs) && (toMs is null || ms < toMs));
        }
        catch (Exception e) when (e is JournalException or IOException or UnauthorizedAccessException)
        {
            return Fail(e.Message.ReplaceLineEndings(" "));
        }

        var report = new WhatIfReport(experiment, log, events is null);
        if (report.IsOutOfOrder)
        {
            return Fail(
                $"{log.OutOfOrder} of {log.Events} events come after one that is younger by more than a minute; sort them by received_at, such as those of several nodes by jq -sc 'sort_by(.received_at)[]'"
            );
        }

        log.End(now);
        var printed = new ReplayReport(experiment, log, report);
        if (asJson)
        {
            output.WriteLine(printed.ToJson());
        }
        else
        {
            printed.Write(output);
        }

        return report.Problem is null ? ExitCode.Success : ExitCode.Failure;
    }

    private void Read(string? events, TrialLog log, Func<long, bool> countsExposure)
    {
        void Take(ReadOnlySpan<byte> payload, long acceptedMs) => log.Add(payload, acceptedMs, countsExposure);

        var passedOver = events is null ? LoggedEvents.ReadJournal(options, Take) : LoggedEvents.ReadFiles(events, Take);
        passedOver += log.Undated;
        if (passedOver > 0)
        {
            error.WriteLine($"{Name}: {passedOver} records are no events, or have no time, and were passed over");
        }
    }

    private static bool TryReadTime(string? text, out long? ms)
    {
        ms = null;
        if (text is null)
        {
            return true;
        }

        var isTime = Timestamp.TryParse(text, out var moment);
        ms = moment.ToUnixTimeMilliseconds();
        return isTime;
    }

    private int Wrong(string problem)
    {
        error.WriteLine($"{Name}: {problem}");
        return ExitCode.WrongUsage;
    }

    private int Fail(string problem)
    {
        error.WriteLine($"{Name}: {problem}");
        return ExitCode.Failure;
    }
}
