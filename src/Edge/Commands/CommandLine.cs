using System.Collections;
using Edge.Settings;

namespace Edge.Commands;

/// <summary>
/// The command line: finds the command, reads its options against a closed list, runs it. Wrong usage is one line on
/// stderr and exit code 2. Names and exit codes are stable.
/// </summary>
internal static class CommandLine
{
    private const string Help = """
        edge: tracking pixels, click redirects and beacons, close to visitors

          edge serve [--urls U] [--admin-urls U] [--data-dir D] [--config F] [--demo]
                                            runs the service; --demo adds example experiments to an empty data directory
          edge keys create --kind K [--project P] [--organization O] [--environment E] [--expires T] [--scope S]... [--origin O]...
                           [--data-dir D] [--config F]
                                            issues a key and prints its secret once; kinds: pictify, write, traffical, traffical-pk,
                                            millimetric-pk, millimetric-sk, millimetric-rk, artie; T is 90d, 12h or a time
          edge keys list [--data-dir D] [--config F]
                                            all keys: id, kind, end of the secret, state, issued, project, scopes, origins,
                                            organization, environment, expiry
          edge keys revoke ID [--data-dir D] [--config F]
                                            refuses a key from now on
          edge source --stdin               JSON lines {"url","referrer","request_host"} -> where each visit came from
          edge check [--config F] [--data-dir D] [--experiment F]
                                            lists everything wrong with settings, experiments, salt and journal, or with one file
          edge explain --experiment F --request F [--at T] [--config F]
                                            which variant a described request gets and why, as JSON; - is stdin
          edge geo --db F [--stdin]         addresses, one per line, to the records of a geo database, one JSON line each
          edge journal dump|verify|stat [--data-dir D] [--config F]
                                            reads the journal while the service is stopped: events as NDJSON, integrity, sizes
          edge journal skip-to --sink S --to N|end [--data-dir D] [--config F]
                                            gives up a sink's events up to number N; counted, never automatic
          edge journal replay --sink S --from T --to T [--data-dir D] [--config F]
                                            sends a sink again what the journal still holds of a period, with the same ids
          edge sink status [--url U] [--data-dir D] [--config F]
                                            how far each sink is: pending, age, rate, time to catch up, last error
          edge sink init S [--print] [--config F]
                                            makes the tables of a sink on its server, or prints the statements
          edge sink pause|resume S [--data-dir D] [--config F]
                                            holds a sink back, and lets it go on; the journal keeps its events meanwhile
          edge dead-letters list|resend [ID] [--sink S] [--data-dir D] [--config F]
                                            what sinks refused for good, and sending it again
          edge ua [--stdin]                 user agents, one per line -> what the uap-core rules make of each, as JSON lines
          edge verdict [--stdin] [--config F]
                                            JSON lines {"user_agent","ip","kind","headers"} -> person or machine, and by which rule
          edge healthcheck [--url U]        exit code 0 when the service is ready
          edge version                      version, commit, runtime
          edge help                         this text

        Settings come from edge.json (--config), then EDGE__SECTION__NAME, then these options; docs/operating.md lists them.
        """;

    private static readonly string[] SharedOptions = ["data-dir", "config"];

    public static async Task<int> RunAsync(string[] args)
    {
        var output = Console.Out;
        var error = Console.Error;
        switch (args)
        {
            case [] or ["help" or "--help" or "-h", ..]:
                await output.WriteLineAsync(Help);
                return ExitCode.Success;
            case ["version" or "--version"]:
                return VersionCommand.Run(output);
            case ["healthcheck", ..]:
                var check = Arguments.Parse("healthcheck", args.AsSpan(1), ["url"], []);
                return Refuse(check, error) ?? await HealthcheckCommand.RunAsync(check["url"], output, error);
            case ["ua", ..]:
                var agents = Arguments.Parse("ua", args.AsSpan(1), [], ["stdin"]);
                return Refuse(agents, error) ?? RunUserAgents();
            case ["serve", ..]:
                var serve = Arguments.Parse(
                    "serve",
                    args.AsSpan(1),
                    ["urls", "admin-urls", .. SharedOptions],
                    ["demo"]
                );
                return Refuse(serve, error) ?? await ServeAsync(serve, output, error);
            case ["source", ..]:
                var source = Arguments.Parse("source", args.AsSpan(1), [], ["stdin"]);
                return Refuse(source, error) ?? SourceCommand.Run(Console.In, output, error);
            case ["verdict", ..]:
                var verdict = Arguments.Parse("verdict", args.AsSpan(1), ["config"], ["stdin"]);
                return Refuse(verdict, error) ?? RunVerdict(verdict, output, error);
            case ["keys", "create", ..]:
                var create = Arguments.Parse(
                    "keys create",
                    args.AsSpan(2),
                    ["kind", "project", "organization", "environment", "expires", .. SharedOptions],
                    [],
                    "scope",
                    "origin"
                );
                return Refuse(create, error)
                    ?? RunKeys(
                        create,
                        error,
                        options => KeysCommand.Create(options, create, TimeProvider.System, output, error)
                    );
            case ["keys", "list", ..]:
                var list = Arguments.Parse("keys list", args.AsSpan(2), SharedOptions, []);
                return Refuse(list, error)
                    ?? RunKeys(list, error, options => KeysCommand.List(options, TimeProvider.System, output));
            case ["keys", "revoke", var id, ..] when !id.StartsWith('-'):
                var revoke = Arguments.Parse("keys revoke ID", args.AsSpan(3), SharedOptions, []);
                return Refuse(revoke, error)
                    ?? RunKeys(revoke, error, options => KeysCommand.Revoke(options, id, TimeProvider.System, error));
            case ["keys", ..]:
                await error.WriteLineAsync("edge keys: needs one of create, list, revoke ID");
                return ExitCode.WrongUsage;
            case ["explain", ..]:
                var explain = Arguments.Parse("explain", args.AsSpan(1), ["experiment", "request", "at", "config"], []);
                return Refuse(explain, error) ?? RunExplain(explain, error);
            case ["check", ..]:
                var findings = Arguments.Parse("check", args.AsSpan(1), ["experiment", .. SharedOptions], []);
                return Refuse(findings, error) ?? RunCheck(findings, output);
            case ["geo", ..]:
                var geo = Arguments.Parse("geo", args.AsSpan(1), ["db"], ["stdin"]);
                return Refuse(geo, error) ?? RunGeo(geo["db"], error);
            case ["journal", "dump" or "verify" or "stat", ..]:
                var journal = Arguments.Parse($"journal {args[1]}", args.AsSpan(2), SharedOptions, []);
                return Refuse(journal, error) ?? RunJournal(args[1], journal, output, error);
            case ["journal", "skip-to", ..]:
                var skip = Arguments.Parse("journal skip-to", args.AsSpan(2), ["sink", "to", .. SharedOptions], []);
                return Refuse(skip, error) ?? RunJournal(args[1], skip, output, error);
            case ["journal", "replay", ..]:
                var replay = Arguments.Parse(
                    "journal replay",
                    args.AsSpan(2),
                    ["sink", "from", "to", .. SharedOptions],
                    []
                );
                return Refuse(replay, error)
                    ?? await RunWithOptionsAsync(
                        "journal replay",
                        replay,
                        error,
                        options => JournalReplay.RunAsync(options, replay, TimeProvider.System, error)
                    );
            case ["sink", ..]:
                return await RunSinkAsync(args, output, error);
            case ["dead-letters", ..]:
                return await RunDeadLettersAsync(args, output, error);
            case ["journal", ..]:
                await error.WriteLineAsync("edge journal: needs one of dump, verify, stat, skip-to, replay");
                return ExitCode.WrongUsage;
            default:
                await error.WriteLineAsync($"edge: unknown command '{args[0]}'; edge help lists the commands");
                return ExitCode.WrongUsage;
        }
    }

    private static async Task<int> RunSinkAsync(string[] args, TextWriter output, TextWriter error)
    {
        if (args is not ["sink", "status" or "init" or "pause" or "resume", ..])
        {
            await error.WriteLineAsync("edge sink: needs one of status, init NAME, pause NAME, resume NAME");
            return ExitCode.WrongUsage;
        }
        var command = $"sink {args[1]}";
        var (name, rest) = TakeName(args);
        var flags = args[1] == "init" ? (string[])["print"] : [];
        var arguments = Arguments.Parse(
            command,
            rest,
            args[1] == "status" ? ["url", .. SharedOptions] : SharedOptions,
            flags
        );
        return Refuse(arguments, error)
            ?? await RunWithOptionsAsync(
                command,
                arguments,
                error,
                options =>
                    args[1] switch
                    {
                        "status" => new SinkStatusCommand(options, TimeProvider.System, output, error).RunAsync(
                            arguments["url"]
                        ),
                        "init" => SinkCommand.InitAsync(options, name, arguments.Has("print"), output, error),
                        "pause" => Task.FromResult(SinkCommand.Pause(options, name, error)),
                        _ => Task.FromResult(SinkCommand.Resume(options, name, error)),
                    }
            );
    }

    private static async Task<int> RunDeadLettersAsync(string[] args, TextWriter output, TextWriter error)
    {
        if (args is not ["dead-letters", "list" or "resend", ..])
        {
            await error.WriteLineAsync("edge dead-letters: needs one of list, resend [ID]");
            return ExitCode.WrongUsage;
        }
        var command = $"dead-letters {args[1]}";
        var (id, rest) = args[1] == "resend" ? TakeName(args) : (null, args[2..]);
        var arguments = Arguments.Parse(command, rest, ["sink", .. SharedOptions], []);
        return Refuse(arguments, error)
            ?? await RunWithOptionsAsync(
                command,
                arguments,
                error,
                options =>
                    args[1] == "list"
                        ? Task.FromResult(DeadLettersCommand.List(options, arguments["sink"], output, error))
                        : DeadLettersCommand.ResendAsync(options, arguments["sink"], id, TimeProvider.System, error)
            );
    }

    /// <summary>
    /// Splits what follows the two words of a command into its name, if there is one, and its options.
    /// </summary>
    private static (string? Name, string[] Options) TakeName(string[] args) =>
        args is [_, _, var name, ..] && !name.StartsWith('-') ? (name, args[3..]) : (null, args[2..]);

    private static async Task<int> RunWithOptionsAsync(
        string command,
        Arguments arguments,
        TextWriter error,
        Func<EdgeOptions, Task<int>> run
    ) => LoadOptions(command, arguments, error) is { } options ? await run(options) : ExitCode.Failure;

    /// <summary>Reads standard input with and without --stdin, which only says so.</summary>
    private static int RunUserAgents()
    {
        using var input = Console.OpenStandardInput();
        using var lines = Console.OpenStandardOutput();
        return UserAgentCommand.Run(input, lines);
    }

    private static int? Refuse(Arguments arguments, TextWriter error)
    {
        if (arguments.Problem is null)
        {
            return null;
        }

        error.WriteLine(arguments.Problem);
        return ExitCode.WrongUsage;
    }

    private static async Task<int> ServeAsync(Arguments arguments, TextWriter output, TextWriter error) =>
        LoadOptions("serve", arguments, error) is { } options
            ? await ServeCommand.RunAsync(options, output, error)
            : ExitCode.Failure;

    /// <summary>Reads the settings; on problems writes all of them and returns null.</summary>
    private static EdgeOptions? LoadOptions(string command, Arguments arguments, TextWriter error)
    {
        var (options, problems) = ReadOptions(arguments);
        foreach (var problem in problems)
        {
            error.WriteLine($"edge {command}: {problem}");
        }

        return problems.Count == 0 ? options : null;
    }

    private static (EdgeOptions Options, IReadOnlyList<string> Problems) ReadOptions(Arguments arguments)
    {
        var flags = new List<KeyValuePair<string, string>>();
        Add("data-dir", "dataDir");
        Add("urls", "urls");
        Add("admin-urls", "adminUrls");
        var environment = Environment
            .GetEnvironmentVariables()
            .Cast<DictionaryEntry>()
            .Select(entry => KeyValuePair.Create((string)entry.Key, (string?)entry.Value ?? ""));
        var configuration = new EdgeConfiguration();
        var options = configuration.Load(arguments["config"], environment, flags);
        options.Demo = arguments.Has("demo");
        return (options, configuration.Problems);

        void Add(string name, string key)
        {
            if (arguments[name] is { } value)
            {
                flags.Add(KeyValuePair.Create(key, value));
            }
        }
    }

    private static int RunKeys(Arguments arguments, TextWriter error, Func<EdgeOptions, int> run)
    {
        if (LoadOptions("keys", arguments, error) is not { } options)
        {
            return ExitCode.Failure;
        }

        try
        {
            return run(options);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            error.WriteLine($"edge keys: {e.Message.ReplaceLineEndings(" ")}");
            return ExitCode.Failure;
        }
    }

    private static int RunExplain(Arguments arguments, TextWriter error)
    {
        if (LoadOptions("explain", arguments, error) is not { } options)
        {
            return ExitCode.Failure;
        }

        using var json = Console.OpenStandardOutput();
        return ExplainCommand.Run(
            options,
            arguments["experiment"],
            arguments["request"],
            arguments["at"],
            TimeProvider.System,
            json,
            error
        );
    }

    private static int RunCheck(Arguments arguments, TextWriter output)
    {
        var (options, problems) = ReadOptions(arguments);
        return new CheckCommand(options, TimeProvider.System, output).Run(problems, arguments["experiment"]);
    }

    private static int RunVerdict(Arguments arguments, TextWriter output, TextWriter error) =>
        LoadOptions("verdict", arguments, error) is { } options
            ? VerdictCommand.Run(options, Console.In, output, error)
            : ExitCode.Failure;

    private static int RunGeo(string? path, TextWriter error)
    {
        if (path is null)
        {
            error.WriteLine("edge geo: needs --db FILE, a database in the MaxMind DB format");
            return ExitCode.WrongUsage;
        }
        using var lines = Console.OpenStandardOutput();
        return GeoCommand.Run(path, Console.In, lines, error);
    }

    private static int RunJournal(string verb, Arguments arguments, TextWriter output, TextWriter error)
    {
        if (LoadOptions($"journal {verb}", arguments, error) is not { } options)
        {
            return ExitCode.Failure;
        }

        var journal = options.ToJournalOptions();
        switch (verb)
        {
            case "dump":
                using (var lines = Console.OpenStandardOutput())
                {
                    return JournalDump.Run(journal, lines, error);
                }

            case "stat":
                using (var lines = Console.OpenStandardOutput())
                {
                    return JournalStat.Run(journal, lines, error);
                }

            case "verify":
                return JournalVerify.Run(journal, output, error);
            default:
                if (arguments["sink"] is { } sink && arguments["to"] is { } target)
                {
                    return JournalSkipTo.Run(journal, sink, target, output, error);
                }

                error.WriteLine("edge journal skip-to: needs --sink NAME and --to NUMBER or end");
                return ExitCode.WrongUsage;
        }
    }
}
