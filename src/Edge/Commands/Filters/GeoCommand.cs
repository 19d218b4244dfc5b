using System.Buffers;
using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using Edge.Commands.Streams;
using Edge.Enrichment.Geo;
using Edge.Requests;

namespace Edge.Commands.Filters;

/// <summary>
/// <c>edge geo</c>: addresses, one per line, to the records of a geo database, one JSON line each, <c>null</c> where
/// there is none. Any file in the MaxMind DB format will do. A line that is no address is answered with <c>null</c>
/// too, so that lines stay in step, named on stderr by its number, and makes the exit code 1.
/// </summary>
internal static class GeoCommand
{
    /// <summary>Longest line that can be an address, with room for blanks.</summary>
    private const int LineCharsMax = 128;

    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    public static Command Define(StandardStreams io)
    {
        var database = new Option<string>("--db")
        {
            HelpName = "FILE",
            Description = "A database in the MaxMind DB format.",
            Required = true,
        };
        var command = new Command("geo", "Prints the geo record of each address on stdin, one JSON line each.")
        {
            database,
            LineFilter.StdinOption(),
        };
        command.SetAction(result =>
            LineFilter.Run(() => Run(result.GetRequiredValue(database), io.In, io.Output, io.Error))
        );
        return command;
    }

    public static int Run(string path, TextReader input, Stream output, TextWriter error)
    {
        if (GeoFile.TryLoad(path, out var problem) is not { } database)
        {
            error.WriteLine($"edge geo: {path} was not taken: {problem}");
            return ExitCode.Failure;
        }
        var exitCode = ExitCode.Success;
        var record = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(record, WriterOptions);
        using var lines = new BufferedStream(output);
        Span<char> line = stackalloc char[LineCharsMax];
        for (var number = 1; TryReadLine(input, line, out var length); number++)
        {
            record.ResetWrittenCount();
            json.Reset(record);
            problem = Answer(database, line[..Math.Min(length, LineCharsMax)], isCut: length > LineCharsMax, json);
            if (problem is not null)
            {
                error.WriteLine($"edge geo: line {number}: {problem}");
                exitCode = ExitCode.Failure;
            }
            json.Flush();
            lines.Write(record.WrittenSpan);
            lines.WriteByte((byte)'\n');
        }
        return exitCode;

        string? Answer(MaxMindDatabase database, ReadOnlySpan<char> text, bool isCut, Utf8JsonWriter json)
        {
            string? problem = null;
            if (isCut || !ClientAddress.TryParse(text, out var address))
            {
                problem = $"'{text.Trim()}' is not an IPv4 or IPv6 address";
            }
            else
            {
                var outcome = database.Write(address.ToBits(out var isV4), isV4, json);
                if (outcome == LookupOutcome.Found)
                {
                    return null;
                }

                if (outcome == LookupOutcome.Damaged)
                {
                    problem = "the record of this address is damaged, nested too deep or too large; get the file anew";
                }
            }
            record.ResetWrittenCount();
            json.Reset(record);
            json.WriteNullValue();
            return problem;
        }
    }

    /// <summary>Reads up to a line feed; <paramref name="length"/> counts what did not fit, too.</summary>
    private static bool TryReadLine(TextReader input, Span<char> line, out int length)
    {
        length = 0;
        var c = input.Read();
        if (c < 0)
        {
            return false;
        }

        for (; c >= 0 && c != '\n'; c = input.Read())
        {
            if (c == '\r' && input.Peek() == '\n')
            {
                continue;
            }

            if (length < line.Length)
            {
                line[length] = (char)c;
            }

            length++;
        }
        return true;
    }
}
