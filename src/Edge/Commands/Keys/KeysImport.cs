using System.CommandLine;
using Edge.Access;
using Edge.Audit;
using Edge.Commands.Streams;
using Edge.Hosting;
using Edge.Settings;

namespace Edge.Commands.Keys;

/// <summary>
/// <c>edge keys import FILE</c>: adds the keys of a <c>keys.json</c> to the store, so that what was issued elsewhere holds
/// here. Those that are there stay as they are.
/// </summary>
internal static class KeysImport
{
    private const string Name = "edge keys import";

    public static Command Define(StandardStreams io)
    {
        var file = new Argument<string>("FILE") { Description = "A keys.json, or what edge keys export printed." };
        var command = new Command("import", "Adds the keys of a file to those that are there.") { file };
        KeyCommand.SetAction(
            command,
            io,
            (options, result) => Run(options, result.GetRequiredValue(file), TimeProvider.System, io.Out, io.Error),
            mayBegin: true
        );
        return command;
    }

    private static int Run(EdgeOptions options, string path, TimeProvider time, TextWriter output, TextWriter error)
    {
        if (!File.Exists(path))
        {
            error.WriteLine($"{Name}: there is no file '{path}'");
            return ExitCode.WrongUsage;
        }

        var keys = new KeyFile(path).Read();
        var added = StoreFactory.Keys(options).Import(keys);
        if (added > 0)
        {
            LocalAudit.Record(
                options,
                LocalAudit.Entry(time, AuditAction.CreateKey, Path.GetFileName(path)) with
                {
                    Detail = $"imported {added} keys",
                },
                error
            );
        }

        output.WriteLine($"added {added} of {keys.Count} keys; the others were there");
        return ExitCode.Success;
    }
}
