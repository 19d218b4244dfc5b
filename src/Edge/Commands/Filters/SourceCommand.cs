using System.Buffers;
using System.CommandLine;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Edge.Commands.Streams;
using Edge.Enrichment.Sources;

namespace Edge.Commands.Filters;

/// <summary>
/// <c>edge source --stdin</c>: classifies visits, one JSON object a line, with the code that classifies events. A line
/// that is no such object is named on stderr and makes the exit code 1; the rest is answered.
/// </summary>
internal static class SourceCommand
{
    private static readonly JsonWriterOptions Readable = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static Command Define(StandardStreams io)
    {
        var command = new Command(
            "source",
            "Classifies where visits came from: JSON lines {\"url\",\"referrer\",\"request_host\"} on stdin."
        )
        {
            LineFilter.StdinOption(),
        };
        command.SetAction(_ => LineFilter.Run(() => Run(io.In, io.Out, io.Error)));
        return command;
    }

    public static int Run(TextReader input, TextWriter output, TextWriter error)
    {
        var exitCode = ExitCode.Success;
        var line = new ArrayBufferWriter<byte>();
        for (var number = 1; input.ReadLine() is { } text; number++)
        {
            if (string.IsNullOrWhiteSpace(text))
            {
                continue;
            }

            line.ResetWrittenCount();
            using var visit = LineFilter.Parse(text, out var problem);
            if (visit is not null && TryClassify(visit.RootElement, line))
            {
                output.WriteLine(Encoding.UTF8.GetString(line.WrittenSpan));
                continue;
            }
            problem ??= "must be a JSON object with the texts url, referrer, request_host";
            error.WriteLine($"edge source: line {number}: {problem}");
            exitCode = ExitCode.Failure;
        }
        return exitCode;
    }

    private static bool TryClassify(JsonElement visit, ArrayBufferWriter<byte> line)
    {
        if (
            visit.ValueKind != JsonValueKind.Object
            || Text("url") is not { } url
            || Text("referrer") is not { } referrer
            || Text("request_host") is not { } host
        )
        {
            return false;
        }

        Span<char> scratch = stackalloc char[SourceClassifier.ScratchChars];
        // Nothing at all is a visit too: somebody who typed the address.
        var isKnown = SourceClassifier.TryClassify(url, referrer, host, scratch, out var source);
        using var json = new Utf8JsonWriter(line, Readable);
        json.WriteStartObject();
        json.WriteString("source", isKnown ? source.Source : "direct");
        json.WriteString("medium", isKnown ? source.Medium : "direct");
        json.WriteString("campaign", source.Campaign);
        json.WriteString("source_confidence", isKnown ? source.Confidence : "high");
        json.WriteString("source_rule_id", isKnown ? source.RuleId : "direct");
        json.WriteEndObject();
        return true;

        string? Text(string name)
        {
            if (!visit.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
            {
                return "";
            }

            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
    }
}
