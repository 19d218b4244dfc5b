using Edge.Settings;

namespace Edge.Commands.Sinks;

/// <summary>What <c>edge sink pause</c> and <c>edge sink resume</c> share.</summary>
internal static class PauseCommand
{
    /// <param name="options">The data directory and the sinks.</param>
    /// <param name="command">Who asks, for messages.</param>
    /// <param name="action">What the audit file calls it.</param>
    /// <param name="name">The sink that was named, if any.</param>
    /// <param name="error">Takes what was done, or why not.</param>
    /// <param name="act">Acts on data directory and sink, and says what it did.</param>
    public static int Run(
        EdgeOptions options,
        string command,
        string action,
        string? name,
        TextWriter error,
        Func<string, string, string> act
    )
    {
        if (SinkChoice.Find(options, command, name, error) is not { } sink)
        {
            return ExitCode.WrongUsage;
        }

        try
        {
            error.WriteLine($"edge {command}: {act(options.DataDir, sink.Name)}");
            LocalAudit.Record(options, LocalAudit.Entry(TimeProvider.System, action, sink.Name), error);
            return ExitCode.Success;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            error.WriteLine($"edge {command}: {e.Message.ReplaceLineEndings(" ")}");
            return ExitCode.Failure;
        }
    }
}
