using System.Collections;
using System.CommandLine;
using Edge.Settings;
using Edge.Storage;

namespace Edge.Commands;

/// <summary>
/// The options of a command that are settings, and the settings that result: defaults, configuration file, environment,
/// these options.
/// </summary>
internal sealed class SettingsArguments
{
    private readonly Option<string> _config = new("--config")
    {
        HelpName = "FILE",
        Description = "Configuration file in JSON.",
    };
    private readonly List<(Option<string> Option, string Key)> _flags = [];

    private bool _changesData;

    private SettingsArguments() { }

    /// <summary>Gives a command <c>--config</c>.</summary>
    public static SettingsArguments AddTo(Command command)
    {
        var arguments = new SettingsArguments();
        command.Add(arguments._config);
        return arguments;
    }

    /// <summary>Gives the command <c>--data-dir</c> too.</summary>
    public SettingsArguments WithDataDir(Command command) =>
        With(command, "--data-dir", "DIR", "dataDir", "Directory of everything the service keeps.");

    /// <summary>
    /// Gives the command <c>--data-dir</c>, and lets it act as the owner of that directory: it writes there.
    /// </summary>
    public SettingsArguments WithOwnDataDir(Command command)
    {
        _changesData = true;
        return WithDataDir(command);
    }

    /// <summary>Gives the command an option that is the setting <paramref name="key"/>.</summary>
    public SettingsArguments With(Command command, string name, string value, string key, string description)
    {
        var option = new Option<string>(name) { HelpName = value, Description = description };
        _flags.Add((option, key));
        command.Add(option);
        return this;
    }

    /// <summary>The settings; null after one line for each problem.</summary>
    public EdgeOptions? Load(ParseResult result, TextWriter error)
    {
        var (options, problems) = Read(result);
        foreach (var problem in problems)
        {
            error.WriteLine($"{UsageProblem.NameOf(result.CommandResult)}: {problem}");
        }

        if (problems.Count > 0)
        {
            return null;
        }

        if (_changesData)
        {
            options.ReachDataDir(DirectoryOwner.ActAs(options.DataDir));
        }

        return options;
    }

    /// <summary>
    /// The settings of a command that asks the service: somebody who names its address needs no configuration, not even
    /// a right one. Null after one line for each problem.
    /// </summary>
    public EdgeOptions? LoadUnlessNamed(ParseResult result, string? address, TextWriter error) =>
        address is null ? Load(result, error) : Read(result).Options;

    /// <summary>
    /// For commands about the settings: says so when a file stands here that was not read, because no option names it.
    /// </summary>
    public void NoteUnreadFile(ParseResult result, TextWriter error)
    {
        const string Name = "edge.json";
        if (result.GetValue(_config) is null && File.Exists(Name))
        {
            error.WriteLine(
                $"{UsageProblem.NameOf(result.CommandResult)}: {Name} of this directory was not read; --config {Name} names it"
            );
        }
    }

    /// <summary>The settings and what is wrong with them.</summary>
    public (EdgeOptions Options, IReadOnlyList<string> Problems) Read(ParseResult result)
    {
        var (options, configuration) = ReadWithOrigins(result);
        return (options, configuration.Problems);
    }

    /// <summary>The settings, with what knows where they come from and what is wrong with them.</summary>
    public (EdgeOptions Options, EdgeConfiguration Configuration) ReadWithOrigins(ParseResult result)
    {
        var flags = new List<KeyValuePair<string, string>>();
        foreach (var (option, key) in _flags)
        {
            if (result.GetValue(option) is { } value)
            {
                flags.Add(KeyValuePair.Create(key, value));
            }
        }

        var environment = Environment
            .GetEnvironmentVariables()
            .Cast<DictionaryEntry>()
            .Select(entry => KeyValuePair.Create((string)entry.Key, (string?)entry.Value ?? ""));
        var configuration = new EdgeConfiguration();
        return (configuration.Load(result.GetValue(_config), environment, flags), configuration);
    }
}
