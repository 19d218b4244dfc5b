using System.CommandLine;
using Edge.Forwarding;
using Edge.Settings;

namespace Edge.Commands.Sinks;

/// <summary>Finds the sink a command names among the configured ones.</summary>
internal static class SinkChoice
{
    /// <summary>The name of a sink on the command line.</summary>
    public static Argument<string?> Argument() =>
        new("NAME")
        {
            Arity = ArgumentArity.ZeroOrOne,
            Description = "The sink, as the configuration names it.",
        };

    /// <summary>The sink; null after one line about why there is none.</summary>
    public static SinkOptions? Find(EdgeOptions options, string command, string? name, TextWriter error)
    {
        foreach (var sink in options.Sinks)
        {
            if (sink.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return sink;
            }
        }
        var names = string.Join(", ", options.Sinks.Select(static sink => sink.Name));
        error.WriteLine(
            name is null
                ? $"edge {command}: needs the name of a sink; there are: {names}"
                : $"edge {command}: there is no sink '{name}'; there are: {names}"
        );
        return null;
    }
}
