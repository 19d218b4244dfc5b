using System.CommandLine;
using System.Text;
using System.Text.Json;
using Edge.Commands.Streams;
using Edge.Formats;

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

    /// <summary>The JSON of a line, which the caller disposes; null and what is wrong, with the column.</summary>
    public static JsonDocument? Parse(string line, out string? problem)
    {
        var document = JsonSyntax.Parse(Encoding.UTF8.GetBytes(line), out var reason);
        // The line of the file is the caller's to name.
        problem = document is null ? reason.Replace("line 1, column", "column", StringComparison.Ordinal) : null;
        return document;
    }

    /// <summary>
    /// Runs the command. Whoever reads its lines may have enough before the end, as <c>head</c> does: that is no
    /// failure and no reason for a message.
    /// </summary>
    public static int Run(Func<int> run) => RunAsync(() => Task.FromResult(run())).GetAwaiter().GetResult();

    /// <summary>The same for a command that waits.</summary>
    public static async Task<int> RunAsync(Func<Task<int>> run)
    {
        try
        {
            return await run();
        }
        catch (OutputException e) when (e.IsClosedPipe)
        {
            return ExitCode.Success;
        }
    }
}
