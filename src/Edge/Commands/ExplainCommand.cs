using System.CommandLine;
using System.Text.Json;
using Edge.Commands.Streams;
using Edge.Enrichment.Verdicts;
using Edge.Explanation;
using Edge.Formats;
using Edge.Settings;

namespace Edge.Commands;

/// <summary>
/// <c>edge explain</c>: reads the definition of an experiment and the description of a request, and prints as JSON
/// which variant that request gets and why. Needs no service, and a data directory only for an experiment that is named by
/// slug or uid.
/// </summary>
internal static class ExplainCommand
{
    private const string Name = "edge explain";

    public static Command Define(StandardStreams io)
    {
        var experiment = File("--experiment", "The experiment, as the service stores it; - is stdin. Or the slug or uid of one in the data directory.");
        var request = File("--request", "What the request looks like, as JSON: docs/experiments.md; - is stdin.");
        var at = new Option<string>("--at")
        {
            HelpName = "TIME",
            Description = "When it arrives, such as 2026-03-01T09:00:00Z; now without it.",
        };
        var command = new Command("explain", "Prints which variant a described request gets and why, as JSON.")
        {
            experiment,
            request,
            at,
        };
        var settings = SettingsArguments.AddTo(command).WithDataDir(command);
        command.SetAction(result =>
            settings.Load(result, io.Error) is { } options
                ? Run(
                    options,
                    result.GetRequiredValue(experiment),
                    result.GetRequiredValue(request),
                    result.GetValue(at),
                    TimeProvider.System,
                    io.Output,
                    io.Error
                )
                : ExitCode.Failure
        );
        return command;

        static Option<string> File(string name, string description) =>
            new(name)
            {
                HelpName = "FILE",
                Description = description,
                Required = true,
            };
    }

    /// <param name="options">The settings that choices depend on.</param>
    /// <param name="experimentFile">File of the experiment, <c>-</c> for stdin, or the slug or uid of a stored
    /// one.</param>
    /// <param name="requestFile">File of the description, or <c>-</c> for stdin.</param>
    /// <param name="at">When the request arrives, RFC 3339; null leaves it to the description, and that to the
    /// clock.</param>
    /// <param name="time">The clock.</param>
    /// <param name="output">Takes the explanation.</param>
    /// <param name="error">Takes everything that is wrong, one line each.</param>
    public static int Run(
        EdgeOptions options,
        string experimentFile,
        string requestFile,
        string? at,
        TimeProvider time,
        Stream output,
        TextWriter error
    )
    {
        if (experimentFile == InputFile.Stdin && requestFile == InputFile.Stdin)
        {
            error.WriteLine($"{Name}: stdin can be one of --experiment and --request, not both");
            return ExitCode.WrongUsage;
        }
        DateTimeOffset? arrival = null;
        if (at is not null)
        {
            if (!Timestamp.TryParse(at, out var instant))
            {
                error.WriteLine(
                    $"{Name}: --at must be an RFC 3339 date-time with an offset, such as 2026-03-01T09:00:00Z"
                );
                return ExitCode.WrongUsage;
            }
            arrival = instant;
        }
        var now = time.GetUtcNow();
        var entry = GivenExperiment.Read(options, experimentFile, now, Name, error);
        var description = InputFile.Read(requestFile, DescribedRequest.BytesMax, Name, error);
        if (entry is null || description is null)
        {
            return ExitCode.Failure;
        }
        var (rules, problems) = VerdictRules.Load(options.ToVerdictRuleOptions());
        foreach (var problem in problems)
        {
            error.WriteLine($"{Name}: {problem}");
        }

        var verdicts = new VerdictJudge(rules, problems.Count, new EnrichmentFaults());
        var reading = VisitExplanation.Explain(description, entry, verdicts, options.VariantOverride, now, arrival);
        GivenExperiment.Report(requestFile, reading.Violations, Name, error);
        if (reading.Explanation is not { } explanation)
        {
            return ExitCode.Failure;
        }
        JsonSerializer.Serialize(output, explanation, ExplanationJson.Readable.VariantExplanation);
        output.WriteByte((byte)'\n');
        output.Flush();
        return ExitCode.Success;
    }
}
