using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using Edge.Commands.Streams;
using Edge.Enrichment.UserAgents;

namespace Edge.Commands.Filters;

/// <summary>
/// <c>edge ua</c>: one user agent per line in, one JSON line each out, as the uap-core rules see it. A line is treated
/// as the header is: 512 bytes, UTF-8 if it is that. Lines end with LF or CRLF; each gives an answer, the empty one
/// too.
/// </summary>
internal static class UserAgentCommand
{
    private const int BufferBytes = 1 << 16;

    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static Command Define(StandardStreams io)
    {
        var command = new Command("ua", "Prints what the uap-core rules make of each user agent on stdin, as JSON lines.")
        {
            LineFilter.StdinOption(),
        };
        command.SetAction(_ =>
            LineFilter.Run(() =>
            {
                using var input = io.OpenInput();
                return Run(input, io.Output);
            })
        );
        return command;
    }

    public static int Run(Stream input, Stream output)
    {
        using var parser = new UserAgentParser(RuleTable.Load());
        using var lines = new BufferedStream(output, BufferBytes);
        using var writer = new Utf8JsonWriter(lines, WriterOptions);
        var buffer = new byte[BufferBytes];
        // One more than is looked at, so that a CR after the last byte is seen as the line's end.
        Span<char> line = stackalloc char[UserAgentText.MaxBytes + 1];
        var isFirst = true;
        var length = 0L;
        for (var read = input.Read(buffer); read > 0; read = input.Read(buffer))
        {
            foreach (var value in buffer.AsSpan(0, read))
            {
                if (value != (byte)'\n')
                {
                    if (length < line.Length)
                    {
                        line[(int)length] = (char)value;
                    }

                    length++;
                    continue;
                }
                Answer(parser, TextOf(line, length, isFirst), writer, lines);
                (length, isFirst) = (0, false);
            }
            lines.Flush();
        }
        if (length > 0)
        {
            Answer(parser, TextOf(line, length, isFirst), writer, lines);
        }

        return ExitCode.Success;
    }

    /// <summary>What was read of a line; a file may begin with a UTF-8 mark.</summary>
    private static ReadOnlySpan<char> TextOf(ReadOnlySpan<char> line, long length, bool isFirst)
    {
        var text = line[..(int)Math.Min(length, line.Length)];
        return isFirst && text is ['\u00EF', '\u00BB', '\u00BF', .. var rest] ? rest : text;
    }

    private static void Answer(
        UserAgentParser parser,
        ReadOnlySpan<char> line,
        Utf8JsonWriter writer,
        BufferedStream lines
    )
    {
        var parsed = parser.Parse(UserAgentText.Of(line is [.. var text, '\r'] ? text : line));
        writer.Reset();
        writer.WriteStartObject();
        Write(writer, "ua", parsed.Browser);
        Write(writer, "os", parsed.Os);
        writer.WriteStartObject("device");
        writer.WriteString("family", parsed.Device.Family);
        writer.WriteString("brand", parsed.Device.Brand);
        writer.WriteString("model", parsed.Device.Model);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.Flush();
        lines.WriteByte((byte)'\n');
    }

    private static void Write(Utf8JsonWriter writer, string name, VersionedFamily value)
    {
        writer.WriteStartObject(name);
        writer.WriteString("family", value.Family);
        writer.WriteString("major", value.Major);
        writer.WriteString("minor", value.Minor);
        writer.WriteString("patch", value.Patch);
        writer.WriteString("patch_minor", value.PatchMinor);
        writer.WriteEndObject();
    }
}
