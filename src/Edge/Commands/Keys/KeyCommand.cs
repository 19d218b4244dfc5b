using System.CommandLine;
using Edge.Commands.Streams;
using Edge.Settings;

namespace Edge.Commands.Keys;

/// <summary>
/// What the commands about keys share: settings, a directory that is not that of a service, and the file of keys that
/// cannot be read or written.
/// </summary>
internal static class KeyCommand
{
    /// <summary>Gives the command its settings and what it does with them.</summary>
    /// <param name="command">The command.</param>
    /// <param name="io">Where it says what is wrong.</param>
    /// <param name="run">What it does.</param>
    /// <param name="mayBegin">Whether a data directory that is named and not there yet is one to begin with.</param>
    public static void SetAction(
        Command command,
        StandardStreams io,
        Func<EdgeOptions, ParseResult, int> run,
        bool mayBegin = false
    )
    {
        var settings = SettingsArguments.AddTo(command).WithOwnDataDir(command);
        command.SetAction(result =>
        {
            if (settings.Load(result, io.Error) is not { } options)
            {
                return ExitCode.Failure;
            }

            var name = UsageProblem.NameOf(result.CommandResult);
            if (options.Role == NodeRole.Edge)
            {
                io.Error.WriteLine($"{name}: role is edge, and an edge has the keys of its origin; run this there");
                return ExitCode.Failure;
            }

            if (options.StoreKind == StoreKind.Postgres)
            {
                // Nothing of it is in the data directory.
            }
            else if (mayBegin && options.IsDataDirNamed)
            {
                if (!Directory.Exists(options.DataDir))
                {
                    io.Error.WriteLine(
                        $"{name}: makes {Path.GetFullPath(options.DataDir)}; the key is for the service that will start"
                            + " there"
                    );
                }
            }
            else if (!DataDirectory.IsThere(options, name, io.Error))
            {
                return ExitCode.Failure;
            }

            try
            {
                return run(options, result);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                io.Error.WriteLine($"{name}: {e.Message.ReplaceLineEndings(" ")}");
                return ExitCode.Failure;
            }
        });
    }
}
