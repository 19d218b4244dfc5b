using System.CommandLine;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Edge.Commands.Streams;
using Edge.Settings;

namespace Edge.Commands.Configuration;

/// <summary><c>edge config schema</c>: the JSON Schema of <c>edge.json</c>, for editors.</summary>
internal static class ConfigSchema
{
    public static Command Define(StandardStreams io)
    {
        var command = new Command("schema", "Prints the JSON Schema of edge.json, for editors.");
        command.SetAction(_ => Run(io.Out));
        return command;
    }

    public static int Run(TextWriter output)
    {
        using var stream = new MemoryStream();
        var format = new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (var json = new Utf8JsonWriter(stream, format))
        {
            SettingsSchema.Write(json);
        }

        output.WriteLine(Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length));
        return ExitCode.Success;
    }
}
