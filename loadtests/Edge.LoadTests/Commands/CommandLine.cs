using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.ComponentModel;
using System.Globalization;
using Edge.Formats;
using Edge.LoadTests.Scenarios;
using Edge.LoadTests.Simulations;
using Spectre.Console;

namespace Edge.LoadTests.Commands;

/// <summary>
/// The command line: options, and the exit code. What is wrong with it is one line on standard error.
/// </summary>
internal static class CommandLine
{
    private const string KeysVariable = "EDGE_LOAD_KEYS";
    private const int KeyFileBytesMax = 4_096;
    private const string SyntheticKeyVariable = "EDGE_SYNTHETIC_KEY";
    private const double RateMax = 20_000;
    private const double MinutesMax = 60;

    // After Ctrl+C answers are awaited, the ledgers compared, and a private service is stopped.
    private static readonly TimeSpan TerminationTimeout = TimeSpan.FromSeconds(60);

    private static readonly Argument<string> Scenario = new("SCENARIO")
    {
        Description = string.Join(", ", ScenarioCatalog.Names) + ".",
    };

    private static readonly Option<string> Url = Named<string>(
        "--url",
        "URL",
        "The service; without it the native binary is started for this run alone."
    );
    private static readonly Option<string> AdminUrl = Named<string>(
        "--admin-url",
        "URL",
        "Where its metrics and ledger are, if not there."
    );
    private static readonly Option<string> Binary = Named<string>(
        "--binary",
        "FILE",
        "The binary to start; without it EDGE_BINARY, or what make publish built."
    );
    private static readonly Option<string> ServerCores = Named<string>(
        "--server-cores",
        "LIST",
        "Cores of the started service, as taskset names them."
    );
    private static readonly Option<string[]> Key = Named<string[]>(
        "--key",
        "KEY",
        $"A key of the service, of any kind; repeat it for several, or name them in {KeysVariable}."
    );
    private static readonly Option<string> SyntheticKey = Named<string>(
        "--synthetic-key",
        "FILE",
        $"Holds a key of the kind synthetic, which signs the mark of every request; without it, {SyntheticKeyVariable} may be the key itself."
    );
    private static readonly Option<string> Experiment = Named(
        "--experiment",
        "SLUG",
        "A running experiment of the service.",
        "demo-ab"
    );
    private static readonly Option<double> Rate = Number("--rate", "NUMBER", "Requests a second, at the peak.", 1_000.0);
    private static readonly Option<double> Minutes = Number(
        "--minutes",
        "NUMBER",
        "Length of the run after the warm-up.",
        1.0
    );
    private static readonly Option<string> Simulation = Named<string>(
        "--simulation",
        "TEXT",
        $"In the place of rate and minutes, such as: {SimulationText.Example}."
    );
    private static readonly Option<double> WarmUp = Number(
        "--warm-up",
        "SECONDS",
        "Load that rises to the peak and is not measured.",
        5.0
    );
    private static readonly Option<int> Connections = Named("--connections", "COUNT", "Open connections at most.", 256);
    private static readonly Option<int> Threads = Named(
        "--threads",
        "COUNT",
        "Threads that send, each with connections of its own.",
        1
    );
    private static readonly Option<int> Http = Named("--http", "VERSION", "1 or 2.", 1);
    private static readonly Option<bool> Insecure = new("--insecure") { Description = "Accepts every certificate." };
    private static readonly Option<bool> ForwardedFor = new("--forwarded-for")
    {
        Description =
            "Names visitors' addresses in X-Forwarded-For, for a service that trusts this machine as a proxy.",
    };
    private static readonly Option<double> Timeout = Number(
        "--timeout",
        "SECONDS",
        "How long an answer is awaited.",
        10.0
    );
    private static readonly Option<double> Settle = Number(
        "--settle",
        "SECONDS",
        "How long sinks may take to catch up at the end.",
        60.0
    );
    private static readonly Option<string[]> Thresholds = Named<string[]>(
        "--threshold",
        "TEXT",
        "A bound such as p99<=50ms; repeat it for several. Takes the place of the scenario's own."
    );
    private static readonly Option<string> Baseline = Named<string>(
        "--baseline",
        "FILE",
        "report.json of an earlier run to compare with."
    );
    private static readonly Option<double> BaselineRatio = Number(
        "--baseline-ratio",
        "NUMBER",
        "From which ratio on a figure is worse.",
        1.25
    );
    private static readonly Option<string> ReportDirectory = Named(
        "--report",
        "DIR",
        "Takes report.json, report.md and report.html.",
        Path.Combine("artifacts", "load")
    );
    private static readonly Option<string> Forwarded = Named<string>(
        "--forwarded",
        "PATH",
        "What the file sink writes, to look for every acknowledged id."
    );
    private static readonly Option<string> SinkOff = Named<string>(
        "--sink-off",
        "COMMAND",
        "Takes the sink away, for outage."
    );
    private static readonly Option<string> SinkOn = Named<string>("--sink-on", "COMMAND", "Gives it back.");
    private static readonly Option<double> AllowRate = Number(
        "--allow-rate",
        "NUMBER",
        "Raises the bound on requests a second.",
        RateMax
    );
    private static readonly Option<double> AllowMinutes = Number(
        "--allow-minutes",
        "NUMBER",
        "Raises the bound on the length of a run.",
        MinutesMax
    );

    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error)
    {
        var command = Define(output);
        var result = command.Parse(
            args,
            new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false }
        );
        try
        {
            if (result.Action is not HelpAction && Problem(result) is { } problem)
            {
                throw new UsageException($"{problem}; --help shows how it is used");
            }

            return await result.InvokeAsync(
                new InvocationConfiguration
                {
                    Output = output,
                    Error = error,
                    EnableDefaultExceptionHandler = false,
                    ProcessTerminationTimeout = TerminationTimeout,
                }
            );
        }
        catch (UsageException e)
        {
            return await FailAsync(e.Message, ExitCode.WrongUsage);
        }
        catch (OperationCanceledException)
        {
            return await FailAsync("interrupted before anything was measured", ExitCode.WrongUsage);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or Win32Exception)
        {
            return await FailAsync(e.Message, ExitCode.Failed);
        }

        async Task<int> FailAsync(string problem, int exitCode)
        {
            await error.WriteLineAsync($"load test: {problem.ReplaceLineEndings(" ")}");
            return exitCode;
        }
    }

    private static RootCommand Define(TextWriter output)
    {
        var command = new RootCommand(
            "Sends a scenario to Edge at a given rate, checks every answer and every event, and judges the result."
        )
        {
            Scenario,
            Url,
            AdminUrl,
            Key,
            SyntheticKey,
            Experiment,
            Rate,
            Minutes,
            Simulation,
            WarmUp,
            Connections,
            Threads,
            Http,
            Insecure,
            ForwardedFor,
            Timeout,
            Settle,
            Thresholds,
            Baseline,
            BaselineRatio,
            ReportDirectory,
            Forwarded,
            SinkOff,
            SinkOn,
            AllowRate,
            AllowMinutes,
            Binary,
            ServerCores,
        };
        command.Options.Remove(command.Options.First(static option => option.Name == "--version"));
        command.SetAction(
            async (result, cancellation) =>
            {
                // A signal waits for the end of an action that has come back once, and for no other.
                await Task.Yield();
                var options = Read(result);
                options.Check();
                return await new LoadTest(
                    options,
                    output,
                    AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) })
                ).RunAsync(cancellation);
            }
        );
        return command;
    }

    private static LoadTestOptions Read(ParseResult result)
    {
        var http = result.GetValue(Http);
        if (http is not (1 or 2))
        {
            throw new UsageException("--http must be 1 or 2");
        }

        var simulation = result.GetValue(Simulation);
        var (off, on) = (result.GetValue(SinkOff), result.GetValue(SinkOn));
        return new LoadTestOptions
        {
            Scenario = result.GetValue(Scenario)!,
            Address = Address(result, Url),
            Admin = Address(result, AdminUrl),
            Binary =
                result.GetValue(Binary)
                ?? (
                    Environment.GetEnvironmentVariable("EDGE_BINARY") is { Length: > 0 } named
                        ? named
                        : Path.Combine("artifacts", "edge", "edge")
                ),
            ServerCores = result.GetValue(ServerCores),
            Keys =
            [
                .. result.GetValue(Key) ?? [],
                .. (Environment.GetEnvironmentVariable(KeysVariable) ?? "").Split(
                    ' ',
                    StringSplitOptions.RemoveEmptyEntries
                ),
            ],
            SyntheticKey = ReadSyntheticKey(result),
            Experiment = result.GetValue(Experiment)!,
            Rate = result.GetValue(Rate),
            Time = TimeSpan.FromMinutes(Math.Clamp(result.GetValue(Minutes), 0, 1e6)),
            Simulations = simulation is null ? null : SimulationText.Parse(simulation),
            WarmUp = Seconds(result, WarmUp),
            Connections = result.GetValue(Connections),
            Threads = result.GetValue(Threads),
            Timeout = Seconds(result, Timeout),
            Settle = Seconds(result, Settle),
            IsHttp2 = http == 2,
            TrustsAnyCertificate = result.GetValue(Insecure),
            NamesAddresses = result.GetValue(ForwardedFor),
            Thresholds = result.GetValue(Thresholds) ?? [],
            Baseline = result.GetValue(Baseline),
            BaselineRatio = result.GetValue(BaselineRatio),
            ReportDirectory = result.GetValue(ReportDirectory)!,
            Forwarded = result.GetValue(Forwarded),
            SinkSwitch =
                off is not null && on is not null ? (off, on)
                : off is null && on is null ? null
                : throw new UsageException("--sink-off and --sink-on go together"),
            RateMax = result.GetValue(AllowRate),
            TimeMax = TimeSpan.FromMinutes(Math.Clamp(result.GetValue(AllowMinutes), 0, 1e6)),
            Command = WithoutKeys(result),
        };
    }

    private static string? ReadSyntheticKey(ParseResult result)
    {
        if (result.GetValue(SyntheticKey) is not { } file)
        {
            // A private service needs none, whatever the environment is for.
            return
                result.GetValue(Url) is not null
                && Environment.GetEnvironmentVariable(SyntheticKeyVariable) is { Length: > 0 } key
                ? key
                : null;
        }

        // It may be a key in the place of a file's name, which must not stand in what is printed.
        if (!Path.Exists(file))
        {
            throw new UsageException(
                $"{SyntheticKey.Name} names a file that is not there; {SyntheticKeyVariable} may be the key itself"
            );
        }

        return GivenFile.Read(SyntheticKey.Name, file, KeyFileBytesMax).Trim();
    }

    private static TimeSpan Seconds(ParseResult result, Option<double> option) =>
        TimeSpan.FromSeconds(Math.Clamp(result.GetValue(option), -1, 1e6));

    private static Uri? Address(ParseResult result, Option<string> option) =>
        result.GetValue(option) is not { } text ? null
        : Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Host.Length > 0
            ? address.UserInfo.Length == 0
                ? address
                : throw new UsageException($"{option.Name} must not hold a password, which reports would repeat; give keys with {Key.Name}")
        : throw new UsageException($"{option.Name} must be an address like http://127.0.0.1:8080, not '{text}'");

    /// <summary>The command line for the report: keys are secrets.</summary>
    private static string WithoutKeys(ParseResult result)
    {
        var words = result.Tokens.Select(static token => token.Value).ToArray();
        for (var i = 1; i < words.Length; i++)
        {
            if (words[i - 1] == Key.Name)
            {
                words[i] = "...";
            }
        }

        return string.Join(' ', words.Select(static word => word.AsSpan().IndexOfAny(" <>") >= 0 ? $"'{word}'" : word));
    }

    private static string? Problem(ParseResult result)
    {
        if (result.Tokens.Zip(result.Tokens.Skip(1)).FirstOrDefault(static pair => pair.Second.Value.Length == 0).First is { } before)
        {
            return $"{before.Value} is given nothing; leave it out, or name its value";
        }

        if (result.UnmatchedTokens is [var token, ..])
        {
            var names = result.CommandResult.Command.Options.Select(static option => option.Name);
            return token.StartsWith('-')
                ? $"unknown option '{token}', did you mean {NearestName.Of(names, token)}?"
                : $"unexpected argument '{token}'";
        }

        return result.Errors is not [var error, ..] ? null
            : error.SymbolResult is OptionResult { IdentifierTokenCount: > 1 } twice && twice.Option.Arity.MaximumNumberOfValues <= 1
                ? $"{twice.Option.Name} is given twice"
            : error.SymbolResult is OptionResult { Tokens: [var value, ..] } wrong
                ? $"{wrong.Option.Name} must be a number, not '{value.Value}'"
            : error.SymbolResult is OptionResult option ? $"{option.Option.Name} needs a value"
            : $"needs a scenario: {string.Join(", ", ScenarioCatalog.Names)}";
    }

    private static Option<T> Named<T>(string name, string value, string description) =>
        new(name) { HelpName = value, Description = description };

    private static Option<T> Named<T>(string name, string value, string description, T byDefault) =>
        new(name)
        {
            HelpName = value,
            Description = description,
            DefaultValueFactory = _ => byDefault,
        };

    /// <summary>A number as every machine writes it: with a point, and without separators of thousands.</summary>
    private static Option<double> Number(string name, string value, string description, double byDefault)
    {
        var option = Named(name, value, description, byDefault);
        option.CustomParser = static result =>
        {
            if (
                !double.TryParse(
                    result.Tokens[0].Value,
                    NumberStyles.Float,
                    CultureInfo.InvariantCulture,
                    out var number
                ) || !double.IsFinite(number)
            )
            {
                result.AddError("no number");
            }

            return number;
        };
        return option;
    }
}
