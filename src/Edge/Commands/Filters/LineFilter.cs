using System.CommandLine;
using Edge.Commands.Streams;

namespace Edge.Commands.Filters;

/// <summary>What the commands share that turn lines of standard input, or the journal, into lines.</summary>
internal static class LineFilter
{
    /// <summary><c>--stdin</c>, which only says what these commands do anyway.</summary>
    public static Option<bool> StdinOption() =>
        new("--stdin")
        {
            Arity = ArgumentArity.Zero,
            Description = "Reads standard input, as it does without this.",
        };

    /// <summary>
    /// Runs the command. Whoever reads its lines may have enough before the end, as <c>head</c> does: that is no
    /// failure and no reason for a message.
    /// </summary>
    public static int Run(Func<int> run)
    {
        try
        {
            return run();
        }
        catch (OutputException e) when (e.IsClosedPipe)
        {
            return ExitCode.Success;
        }
    }
}
