using System.CommandLine;
using Edge.Commands.Streams;
using Edge.Forwarding;
using Edge.Forwarding.ClickHouse;
using Edge.Forwarding.Postgres;
using Edge.Hosting;
using Edge.Settings;

namespace Edge.Commands.Sinks;

/// <summary><c>edge sink init NAME</c>: makes what a destination needs.</summary>
internal static class SinkInit
{
    public static Command Define(StandardStreams io)
    {
        var name = SinkChoice.Argument();
        var print = new Option<bool>("--print")
        {
            Arity = ArgumentArity.Zero,
            Description = "Prints the statements and changes nothing.",
        };
        var command = new Command("init", "Makes the tables of a sink on its server, or prints the statements.")
        {
            name,
            print,
        };
        var settings = SettingsArguments.AddTo(command).WithDataDir(command);
        command.SetAction(
            async (result, _) =>
                settings.Load(result, io.Error) is { } options
                    ? await RunAsync(options, result.GetValue(name), result.GetValue(print), io.Out, io.Error)
                    : ExitCode.Failure
        );
        return command;
    }

    /// <summary>Creates the tables of a sink on its server, or only prints the statements.</summary>
    public static async Task<int> RunAsync(
        EdgeOptions options,
        string? name,
        bool printsOnly,
        TextWriter output,
        TextWriter error
    )
    {
        if (SinkChoice.Find(options, "sink init", name, error) is not { } sink)
        {
            return ExitCode.WrongUsage;
        }

        if (SetUp(sink, options, applies: !printsOnly) is not { } settingUp)
        {
            await error.WriteLineAsync(
                $"edge sink init: sink {sink.Name} is of type {SinkTypes.Word(sink.Type)}, which needs no tables"
            );
            return ExitCode.Success;
        }
        var setup = await settingUp;
        if (setup.Problem is null || printsOnly)
        {
            foreach (var statement in setup.Statements)
            {
                await output.WriteLineAsync(statement + ";");
            }
        }
        if (setup.Problem is not null)
        {
            await error.WriteLineAsync(
                $"edge sink init: {setup.Problem}{(printsOnly ? $"; this is for {setup.Server}" : "")}"
            );
            return printsOnly ? ExitCode.Success : ExitCode.Failure;
        }
        var outcome =
            setup.Statements.Count == 0 ? "has everything already"
            : printsOnly ? "would be given this"
            : "has it now";
        await error.WriteLineAsync($"edge sink init: {setup.Server} {outcome}");
        return ExitCode.Success;
    }

    private static Task<SinkSetup>? SetUp(SinkOptions sink, EdgeOptions options, bool applies) =>
        sink.Type switch
        {
            SinkType.ClickHouse => ClickHouseSetup.RunAsync(
                SinkFactory.ClickHouseOptions(sink) with
                {
                    CountsExperiments = options.TallySink == sink.Name,
                },
                applies,
                TimeProvider.System
            ),
            SinkType.Postgres => PostgresSetup.RunAsync(SinkFactory.PostgresOptions(sink), applies),
            // Partitions and replicas are the operator's to choose, so the topic is looked for and never made.
            SinkType.Kafka => SinkFactory.AskKafka(sink),
            _ => null,
        };
}
