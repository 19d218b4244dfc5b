using Edge.Forwarding;
using Edge.Forwarding.ClickHouse;
using Edge.Forwarding.Postgres;
using Edge.Forwarding.Pump;
using Edge.Hosting;
using Edge.Settings;

namespace Edge.Commands;

/// <summary>
/// <c>edge sink init|pause|resume NAME</c>: makes what a destination needs, holds a sink back and lets it go on. A
/// running service notices a pause within a second; a stopped one finds it at its start.
/// </summary>
internal static class SinkCommand
{
    /// <summary>Creates the tables of a sink on its server, or only prints the statements.</summary>
    public static async Task<int> InitAsync(
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

        if (SetUp(sink, applies: !printsOnly) is not { } settingUp)
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

    public static int Pause(EdgeOptions options, string? name, TextWriter error) =>
        Switch(
            options,
            "sink pause",
            name,
            error,
            static (data, sink) =>
            {
                PauseSwitch.Pause(data, sink);
                return $"sink {sink} is paused; the journal holds its events until edge sink resume {sink}";
            }
        );

    public static int Resume(EdgeOptions options, string? name, TextWriter error) =>
        Switch(
            options,
            "sink resume",
            name,
            error,
            static (data, sink) =>
                PauseSwitch.Resume(data, sink) ? $"sink {sink} goes on" : $"sink {sink} was not paused"
        );

    private static Task<SinkSetup>? SetUp(SinkOptions sink, bool applies) =>
        sink.Type switch
        {
            SinkType.ClickHouse => ClickHouseSetup.RunAsync(
                SinkFactory.ClickHouseOptions(sink),
                applies,
                TimeProvider.System
            ),
            SinkType.Postgres => PostgresSetup.RunAsync(SinkFactory.PostgresOptions(sink), applies),
            _ => null,
        };

    private static int Switch(
        EdgeOptions options,
        string command,
        string? name,
        TextWriter error,
        Func<string, string, string> act
    )
    {
        if (SinkChoice.Find(options, command, name, error) is not { } sink)
        {
            return ExitCode.WrongUsage;
        }

        try
        {
            error.WriteLine($"edge {command}: {act(options.DataDir, sink.Name)}");
            return ExitCode.Success;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            error.WriteLine($"edge {command}: {e.Message.ReplaceLineEndings(" ")}");
            return ExitCode.Failure;
        }
    }
}
