using System.CommandLine;
using System.Text;
using System.Text.Json;
using Edge.Access;
using Edge.Commands.Streams;
using Edge.Hosting;

namespace Edge.Commands.Keys;

/// <summary>
/// <c>edge keys export</c>: prints the keys of the store as a <c>keys.json</c> has them, for <c>edge keys import</c>. Hashes
/// only, no secret.
/// </summary>
internal static class KeysExport
{
    public static Command Define(StandardStreams io)
    {
        var command = new Command("export", "Prints all keys as keys.json has them: hashes, no secrets.");
        KeyCommand.SetAction(
            command,
            io,
            (options, _) =>
            {
                var keys = new KeyList(StoreFactory.Keys(options).Read());
                io.Out.WriteLine(
                    Encoding.UTF8.GetString(JsonSerializer.SerializeToUtf8Bytes(keys, KeyJson.Readable.KeyList))
                );
                return ExitCode.Success;
            }
        );
        return command;
    }
}
