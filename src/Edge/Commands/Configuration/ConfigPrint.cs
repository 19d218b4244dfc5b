using System.CommandLine;
using Edge.Commands.Streams;
using Edge.Forwarding;
using Edge.Settings;
using Edge.Settings.Sinks;

namespace Edge.Commands.Configuration;

/// <summary>
/// <c>edge config print</c>: the value of every setting as the service would use it here, and where it comes from.
/// Secrets are masked.
/// </summary>
internal static class ConfigPrint
{
    public static Command Define(StandardStreams io)
    {
        var changed = new Option<bool>("--changed")
        {
            Arity = ArgumentArity.Zero,
            Description = "Only what differs from the defaults.",
        };
        var command = new Command("print", "Prints every setting as it holds here, and where it comes from.") { changed };
        var settings = SettingsArguments.AddTo(command).WithDataDir(command);
        command.SetAction(result =>
        {
            var (options, configuration) = settings.ReadWithOrigins(result);
            settings.NoteUnreadFile(result, io.Error);
            foreach (var problem in configuration.Problems.Concat(options.IgnoredVariables))
            {
                io.Error.WriteLine($"edge config print: {problem}");
            }

            Print(options, configuration, result.GetValue(changed), io.Out);
            return configuration.Problems.Count == 0 ? ExitCode.Success : ExitCode.Failure;
        });
        return command;
    }

    private static void Print(EdgeOptions options, EdgeConfiguration configuration, bool changedOnly, TextWriter output)
    {
        var defaults = new EdgeOptions();
        var stated = EdgeSettings.All.Select(setting => (setting.Key, Value: setting.Read(options))).ToArray();
        var lowered = FittedSettings.Of(options).Lowered;
        List<string[]> rows = [["SETTING", "VALUE", "FROM"]];
        for (var i = 0; i < stated.Length; i++)
        {
            var (key, value) = stated[i];
            var limit = lowered.LastOrDefault(limit => limit.Setting == key);
            Add(
                key,
                EdgeSettings.All[i].Read(options),
                EdgeSettings.All[i].Read(defaults),
                limit is null
                    ? configuration.OriginOf(key)
                    : $"{limit.Reason} for {value} ({configuration.OriginOf(key)})"
            );
        }

        foreach (var sink in options.Sinks)
        {
            var prefix = $"{SinkConfiguration.Prefix}{sink.Name}.";
            var sinkDefaults = new SinkOptions(sink.Name, sink.Type);
            foreach (var setting in SinkSettings.All.Where(setting => setting.Types.HasFlag(sink.Type)))
            {
                Add(
                    prefix + setting.Key,
                    setting.Read(sink),
                    setting.Read(sinkDefaults),
                    configuration.OriginOf(prefix + setting.Key)
                );
            }
        }

        TextTable.Write(output, rows);

        void Add(string key, string value, string usual, string origin)
        {
            if (!changedOnly || value != usual)
            {
                rows.Add([key, value.Length == 0 ? "(empty)" : value, origin]);
            }
        }
    }
}
