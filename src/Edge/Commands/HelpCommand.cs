using System.CommandLine;
using System.CommandLine.Help;
using Edge.Commands.Streams;

namespace Edge.Commands;

/// <summary><c>edge help [COMMAND...]</c>: the same as <c>edge COMMAND... --help</c>.</summary>
internal static class HelpCommand
{
    /// <param name="table">Makes the table of commands that is asked.</param>
    /// <param name="parsing">How the words of a command are read.</param>
    /// <param name="io">Takes the text, or the line about an unknown command.</param>
    public static Command Define(Func<RootCommand> table, ParserConfiguration parsing, StandardStreams io)
    {
        var words = new Argument<string[]>("COMMAND")
        {
            Arity = ArgumentArity.ZeroOrMore,
            Description = "The command, such as keys create; none is all of them.",
        };
        var command = new Command("help", "Shows how a command is used.") { words };
        command.SetAction(result =>
        {
            var asked = table().Parse([.. result.GetValue(words) ?? [], "--help"], parsing);
            if (UsageProblem.Of(asked) is { } problem)
            {
                io.Error.WriteLine(problem);
                return ExitCode.WrongUsage;
            }

            return asked.Invoke(result.InvocationConfiguration);
        });
        return command;
    }

    /// <summary>The help of the command that was parsed.</summary>
    public static int Show(ParseResult result) => new HelpAction().Invoke(result);
}
