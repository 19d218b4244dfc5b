using System.CommandLine;
using System.CommandLine.Help;
using Edge.Commands.Configuration;
using Edge.Commands.Definitions;
using Edge.Commands.Doctor;
using Edge.Commands.Filters;
using Edge.Commands.Journals;
using Edge.Commands.Keys;
using Edge.Commands.Replay;
using Edge.Commands.Results;
using Edge.Commands.Sinks;
using Edge.Commands.Streams;

namespace Edge.Commands;

/// <summary>
/// The command line: the table of all commands, and how one of them is found and run. Wrong usage is one line on
/// standard error and exit code 2. Names and exit codes are stable.
/// </summary>
internal static class CommandLine
{
    private const string Purpose = """
        Tracking pixels, click redirects and beacons, close to visitors.

        edge serve --demo starts the service with example experiments. Settings come from edge.json (--config), then
        EDGE__SECTION__NAME, then options; docs/operating.md lists them, and every command with its exit codes.
        """;

    // An argument may begin with @ or hold several letters after one dash.
    private static readonly ParserConfiguration Parsing = new()
    {
        ResponseFileTokenReplacer = null,
        EnablePosixBundling = false,
    };

    public static Task<int> RunAsync(string[] args) => RunAsync(args, StandardStreams.OfProcess());

    public static async Task<int> RunAsync(string[] args, StandardStreams io)
    {
        var result = Table(io).Parse(args, Parsing);
        if (UsageProblem.Of(result) is { } problem)
        {
            await io.Error.WriteLineAsync(problem);
            return ExitCode.WrongUsage;
        }

        var invocation = new InvocationConfiguration
        {
            Output = io.Out,
            Error = io.Error,
            EnableDefaultExceptionHandler = false,
            // The service has signal handlers of its own.
            ProcessTerminationTimeout = null,
        };
        try
        {
            return await result.InvokeAsync(invocation);
        }
        catch (OutputException e)
        {
            return await FailAsync($"{e.Message}; run it again with an output that takes it");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return await FailAsync(e.Message);
        }
#pragma warning disable CA1031 // The last catch of the process: a bug ends in one line and an exit code too, not in an abort with a core dump.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return await FailAsync($"failed unexpectedly, {e.GetType().Name}: {e.Message}");
        }

        async Task<int> FailAsync(string message)
        {
            await io.Error.WriteLineAsync(
                $"{UsageProblem.NameOf(result.CommandResult)}: {message.ReplaceLineEndings(" ")}"
            );
            return ExitCode.Failure;
        }
    }

    private static RootCommand Table(StandardStreams io)
    {
        var root = new RootCommand(Purpose)
        {
            ServeCommand.Define(io),
            CheckCommand.Define(io),
            ExplainCommand.Define(io),
            ReplayCommand.Define(io),
            LinkCommand.Define(io),
            ResultsCommand.Define(io),
            UniquesCommand.Define(io),
            TailCommand.Define(io),
            Group(
                "experiments",
                "Writes the experiments of a service into files, and makes them what files say.",
                ExperimentsExport.Define(io),
                ExperimentsApply.Define(io)
            ),
            Group(
                "config",
                "Shows the settings that hold, and describes all there are.",
                ConfigPrint.Define(io),
                ConfigSchema.Define(io),
                ConfigReference.Define(io)
            ),
            Group(
                "keys",
                "Issues, lists, revokes and moves keys.",
                KeysCreate.Define(io),
                KeysList.Define(io),
                KeysRevoke.Define(io),
                KeysExport.Define(io),
                KeysImport.Define(io)
            ),
            Group(
                "journal",
                "Reads the journal, and changes what sinks still get of it.",
                JournalDump.Define(io),
                JournalVerify.Define(io),
                JournalStat.Define(io),
                JournalSkipTo.Define(io),
                JournalReplay.Define(io)
            ),
            Group(
                "sink",
                "Shows, prepares, pauses and resumes sinks.",
                SinkStatusCommand.Define(io),
                SinkInit.Define(io),
                SinkPause.Define(io),
                SinkResume.Define(io)
            ),
            Group(
                "ledger",
                "Compares the journal with what sinks have.",
                LedgerVerify.Define(io)
            ),
            Group(
                "dead-letters",
                "Lists and resends the events that sinks refused for good.",
                DeadLettersList.Define(io),
                DeadLettersResend.Define(io)
            ),
            Group("store", "Prepares PostgreSQL as the store.", StoreMigrate.Define(io)),
            Group("alerts", "Tries where alerts about experiments are sent.", AlertsTest.Define(io)),
            UserAgentCommand.Define(io),
            GeoCommand.Define(io),
            SourceCommand.Define(io),
            VerdictCommand.Define(io),
            SyntheticCommand.Define(io),
            HealthcheckCommand.Define(io),
            DoctorCommand.Define(io),
            CapacityCommand.Define(io),
            DemoTrafficCommand.Define(io),
            CompletionsCommand.Define(io),
            VersionCommand.Define(io),
            HelpCommand.Define(() => Table(io), Parsing, io),
        };
        ReplaceBuiltInOptions(root, io);
        return root;
    }

    private static Command Group(string name, string description, params ReadOnlySpan<Command> commands)
    {
        var group = new Command(name, description);
        foreach (var command in commands)
        {
            group.Add(command);
        }

        return group;
    }

    /// <summary>
    /// The library's own <c>--help</c> also answers to <c>/h</c> and <c>-?</c>, which may be a path or a value, and its
    /// <c>--version</c> reads the version by reflection.
    /// </summary>
    private static void ReplaceBuiltInOptions(RootCommand root, StandardStreams io)
    {
        var version = new Option<bool>("--version")
        {
            Arity = ArgumentArity.Zero,
            Description = "Prints version, commit and runtime.",
        };
        root.Options.Clear();
        root.Options.Add(new HelpOption("--help", "-h") { Description = "Shows how a command is used." });
        root.Options.Add(version);
        root.SetAction(result => result.GetValue(version) ? VersionCommand.Run(io.Out) : HelpCommand.Show(result));
    }
}
