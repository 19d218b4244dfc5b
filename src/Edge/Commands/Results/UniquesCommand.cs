using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Edge.Commands.Filters;
using Edge.Commands.Streams;
using Edge.Formats;
using Edge.Statistics.Counting;

namespace Edge.Commands.Results;

/// <summary>
/// <c>edge uniques FILE...</c>: merges what several nodes answered to <c>GET /experiments/api/{uid}/uniques</c>, so
/// that a visitor whom two of them saw is one.
/// </summary>
internal static class UniquesCommand
{
    private const string Name = "edge uniques";

    /// <summary>Bytes of a file: 100 variants with all their hours and days.</summary>
    private const int FileMaxBytes = 64 << 20;

    private static readonly string[] Heads = ["VARIANT", "UNIQUES", "ERROR"];

    public static Command Define(StandardStreams io)
    {
        var files = new Argument<string[]>("FILE")
        {
            Arity = ArgumentArity.OneOrMore,
            Description = "An answer of GET /experiments/api/{uid}/uniques.",
        };
        var command = new Command("uniques", "Merges the unique visitors of several nodes: one that two of them saw is one.")
        {
            files,
        };
        command.SetAction(result => LineFilter.Run(() => Run(result.GetRequiredValue(files), io.Out, io.Error)));
        return command;
    }

    private static int Run(string[] files, TextWriter output, TextWriter error)
    {
        var merged = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        var variants = new List<string>();
        foreach (var file in files)
        {
            try
            {
                var bytes = Storage.DiskFile.ReadWhole(file, FileMaxBytes);
                using var answer = JsonDocument.Parse(JsonProblem.WithoutMark(bytes));
                Merge(answer.RootElement, merged, variants);
            }
            catch (Exception e)
                when (e is IOException or UnauthorizedAccessException or InvalidDataException or JsonException)
            {
                error.WriteLine($"{Name}: {file}: {e.Message.ReplaceLineEndings(" ")}");
                return ExitCode.Failure;
            }
        }

        var rows = new List<string[]> { Heads };
        foreach (var variant in variants)
        {
            rows.Add(
                [
                    variant,
                    UniqueSketch.EstimateOf(merged[variant]).ToString("0", CultureInfo.InvariantCulture),
                    (UniqueSketch.RegisterError * 100).ToString("0.0 '%'", CultureInfo.InvariantCulture),
                ]
            );
        }
        TextTable.Write(output, rows);
        return ExitCode.Success;
    }

    /// <summary>
    /// Throws <see cref="InvalidDataException"/> for what is no such answer, or one without registers.
    /// </summary>
    private static void Merge(JsonElement answer, Dictionary<string, byte[]> merged, List<string> variants)
    {
        if (
            answer.ValueKind != JsonValueKind.Object
            || !answer.TryGetProperty("uniques", out var sketches)
            || sketches.ValueKind != JsonValueKind.Array
        )
        {
            throw new InvalidDataException("is not an answer of /experiments/api/{uid}/uniques");
        }
        foreach (var sketch in sketches.EnumerateArray())
        {
            if (
                sketch.ValueKind != JsonValueKind.Object
                || !sketch.TryGetProperty("variantId", out var id)
                || id.ValueKind != JsonValueKind.String
                || !sketch.TryGetProperty("registers", out var text)
            )
            {
                throw new InvalidDataException("is not an answer of /experiments/api/{uid}/uniques");
            }
            var variant = id.GetString()!;
            if (text.ValueKind == JsonValueKind.Null)
            {
                throw new InvalidDataException($"has no registers of variant {variant}: the counts of ClickHouse are those of all nodes");
            }
            if (
                text.ValueKind != JsonValueKind.String
                || !text.TryGetBytesFromBase64(out var registers)
                || registers.Length != UniqueSketch.Registers
            )
            {
                throw new InvalidDataException($"the registers of variant {variant} are not {UniqueSketch.Registers} bytes in base 64");
            }
            if (merged.TryAdd(variant, registers))
            {
                variants.Add(variant);
            }
            else
            {
                UniqueSketch.Merge(merged[variant], registers);
            }
        }
    }
}
