using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Edge.Formats;

namespace Edge.Commands;

/// <summary>Says in one line what is wrong with a command line and how to mend it.</summary>
internal static class UsageProblem
{
    /// <summary>The line; null when the command can be run.</summary>
    public static string? Of(ParseResult result)
    {
        var isUnknownCommand = result.CommandResult.Command.Subcommands.Count > 0 && result.UnmatchedTokens.Count > 0;
        return result.Action is ParseErrorAction || (result.Action is HelpAction && isUnknownCommand)
            ? $"{NameOf(result.CommandResult)}: {Describe(result)}".ReplaceLineEndings(" ")
            : WrongPath(result.CommandResult) ?? OptionAsValue(result.CommandResult);
    }

    /// <summary>The words that lead to a command, such as <c>edge keys create</c>.</summary>
    public static string NameOf(CommandResult result) =>
        result.Parent is CommandResult parent ? $"{NameOf(parent)} {result.Command.Name}" : "edge";

    /// <summary>
    /// An empty variable in a script must not become the current directory, nor no file at all; nor is a directory a file.
    /// </summary>
    private static string? WrongPath(CommandResult result)
    {
        foreach (var option in result.Children.OfType<OptionResult>())
        {
            var isFile = option.Option.HelpName == "FILE";
            if (option.Tokens is not [{ Value: var path }, ..] || (!isFile && option.Option.HelpName != "DIR"))
            {
                continue;
            }

            if (path.Length == 0)
            {
                return $"{NameOf(result)}: {option.Option.Name} needs the name of a {(isFile ? "file" : "directory")}";
            }

            if (isFile && Directory.Exists(path))
            {
                return $"{NameOf(result)}: {option.Option.Name} needs the name of a file, and '{path}' is a directory";
            }
        }

        return null;
    }

    /// <summary>A misspelt option must not become a slug, nor an option the value of the one before it.</summary>
    private static string? OptionAsValue(CommandResult result)
    {
        foreach (var child in result.Children)
        {
            foreach (var token in child.Tokens.Where(static token => token.Value.StartsWith("--", StringComparison.Ordinal)))
            {
                return child is OptionResult option
                    ? $"{NameOf(result)}: {option.Option.Name} needs a value, and '{token.Value}' is none"
                    : $"{NameOf(result)}: {Unmatched(result, token.Value)}; {NameOf(result)} --help shows how it is used";
            }
        }

        return null;
    }

    private static string Describe(ParseResult result)
    {
        var command = result.CommandResult.Command;
        var help = $"{NameOf(result.CommandResult)} --help shows how it is used";
        if (result.UnmatchedTokens is [var token, ..])
        {
            return Unmatched(result.CommandResult, token) + "; " + help;
        }

        if (command.Subcommands.Count > 0)
        {
            return $"needs one of {string.Join(", ", command.Subcommands.Select(static c => c.Name))}; {help}";
        }

        if (Missing(result.CommandResult) is { Length: > 0 } missing)
        {
            return $"needs {missing}; {help}";
        }

        var error = result.Errors[0];
        return error.SymbolResult is OptionResult option
            ? $"{option.Option.Name} {Fault(option)}; {help}"
            : $"{error.Message.TrimEnd('.')}; {help}";
    }

    private static string Fault(OptionResult option) =>
        option.Tokens switch
        {
            [] => "needs a value",
            [var token] => $"must be a whole number, not '{token.Value}'",
            _ => "is given twice",
        };

    private static string Unmatched(CommandResult result, string token)
    {
        var options = new List<string>();
        for (var at = result; at is not null; at = at.Parent as CommandResult)
        {
            options.AddRange(at.Command.Options.Where(o => at == result || o.Recursive).Select(static o => o.Name));
        }

        if (token.StartsWith('-'))
        {
            var name = token.Split('=')[0];
            return options.Contains(name)
                ? $"{name} takes no value"
                : $"unknown option '{name}'{Suggestion(options, name, "--".Length)}";
        }

        var commands = result.Command.Subcommands.Select(static c => c.Name).ToArray();
        if (commands.Length > 0)
        {
            return $"unknown command '{token}'{Suggestion(commands, token, 0)}";
        }

        return $"unexpected argument '{token}'";
    }

    /// <summary>The known name that was most likely meant; nothing when not even the first letter agrees.</summary>
    private static string Suggestion(IReadOnlyList<string> known, string name, int firstLetter)
    {
        var nearest = NearestName.Of(known, name);
        return name.Length > firstLetter && nearest[firstLetter] == name[firstLetter]
            ? $", did you mean {nearest}?"
            : "";
    }

    /// <summary>What must be given and is not: <c>--sink NAME and --to NUMBER</c>.</summary>
    private static string Missing(CommandResult result) =>
        string.Join(
            " and ",
            [
                .. result.Command.Arguments.Where(a => a.Arity.MinimumNumberOfValues > 0)
                    .Where(a => result.GetResult(a) is not { Tokens.Count: > 0 })
                    .Select(static a => a.Name),
                .. result.Command.Options.Where(o => o.Required && result.GetResult(o) is not { Tokens.Count: > 0 })
                    .Select(static o => $"{o.Name} {o.HelpName}"),
            ]
        );
}
