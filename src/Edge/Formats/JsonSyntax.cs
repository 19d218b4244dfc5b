using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Edge.Experiments;

namespace Edge.Formats;

/// <summary>
/// Decides once, before anything is read, whether bytes are one JSON text whose every string is Unicode. After it has
/// passed, no reader of the document can throw: not for invalid UTF-8, not for a lone surrogate behind an escape.
/// </summary>
internal static class JsonSyntax
{
    /// <summary>Deepest nesting that is read.</summary>
    public const int DepthMax = 64;

    private const string Repeated = "is given twice";

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = DepthMax };

    /// <summary>
    /// The document, which the caller disposes, of an object; null, and what is wrong noted, when it is none. Members that
    /// are given twice are noted, and of each the last counts: a caller that may refuse does.
    /// </summary>
    /// <param name="utf8">The text.</param>
    /// <param name="violations">Where broken rules are noted.</param>
    /// <param name="isStored">Whether it was accepted once, so that what is given twice is only worth a note.</param>
    public static JsonDocument? ParseObject(ReadOnlyMemory<byte> utf8, Violations violations, bool isStored = false)
    {
        var document = Parse(utf8, out var problem);
        if (document is null)
        {
            violations.Add("", problem, ViolationCodes.InvalidFormat);
        }
        else if (document.RootElement.ValueKind != JsonValueKind.Object)
        {
            violations.Add("", "must be a JSON object", ViolationCodes.InvalidType);
            document.Dispose();
            return null;
        }
        else
        {
            NoteRepeated(document.RootElement, violations, isStored);
        }

        return document;
    }

    /// <summary>Notes the members that are given twice, wherever they are: readers would differ in which of them counts.</summary>
    public static void NoteRepeated(JsonElement root, Violations violations, bool isStored = false)
    {
        foreach (var path in RepeatedMembers(root).Take(ExperimentRules.ViolationsMax))
        {
            if (isStored)
            {
                violations.AddUnknown(path, Repeated, ViolationCodes.NotUnique);
            }
            else
            {
                violations.Add(path, Repeated, ViolationCodes.NotUnique);
            }
        }
    }

    /// <summary>What is wrong with the first member that is given twice, as a sentence; null when there is none.</summary>
    public static string? RepeatedProblem(JsonElement root) =>
        RepeatedMembers(root).FirstOrDefault() is { } path ? $"{path} {Repeated}" : null;

    /// <summary>
    /// The document, which the caller disposes; or null and what is wrong, with line and position from 1.
    /// </summary>
    public static JsonDocument? Parse(ReadOnlyMemory<byte> utf8, out string problem)
    {
        utf8 = JsonProblem.WithoutMark(utf8);
        if (!Utf8.IsValid(utf8.Span))
        {
            problem = $"is not valid UTF-8 at {JsonProblem.Position(utf8.Span, FirstInvalidByte(utf8.Span))}";
            return null;
        }
        try
        {
            var lone = FirstLoneSurrogate(utf8.Span);
            if (lone >= 0)
            {
                problem = $"has half of a surrogate pair in a string at {JsonProblem.Position(utf8.Span, lone)}";
                return null;
            }
            problem = "";
            return JsonDocument.Parse(utf8, Options);
        }
        catch (JsonException e)
        {
            // The platform has no parser that returns a verdict, and definitions are read rarely enough for a throw.
            problem = JsonProblem.Describe(e, utf8.Span, new JsonReaderOptions { MaxDepth = DepthMax });
            return null;
        }
    }

    /// <summary>The dotted paths of members whose object has had one of that name before, in order.</summary>
    private static IEnumerable<string> RepeatedMembers(JsonElement element, string path = "")
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            var index = 0;
            foreach (var item in element.EnumerateArray())
            {
                if (item.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
                {
                    var place = string.Create(CultureInfo.InvariantCulture, $"{path}[{index}]");
                    foreach (var found in RepeatedMembers(item, place))
                    {
                        yield return found;
                    }
                }

                index++;
            }
        }
        else if (element.ValueKind == JsonValueKind.Object)
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var member in element.EnumerateObject())
            {
                var name = member.Name;
                var place = path.Length == 0 ? name : $"{path}.{name}";
                if (!seen.Add(name))
                {
                    yield return place;
                }

                if (member.Value.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
                {
                    foreach (var found in RepeatedMembers(member.Value, place))
                    {
                        yield return found;
                    }
                }
            }
        }
    }

    private static int FirstInvalidByte(ReadOnlySpan<byte> utf8)
    {
        var at = 0;
        while (
            at < utf8.Length
            && Rune.DecodeFromUtf8(utf8[at..], out _, out var consumed) == System.Buffers.OperationStatus.Done
        )
        {
            at += consumed;
        }
        return at;
    }

    private static int FirstLoneSurrogate(ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = DepthMax });
        while (reader.Read())
        {
            if (
                reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName
                && reader.ValueIsEscaped
                && JsonEscapes.HasLoneSurrogate(reader.ValueSpan)
            )
            {
                return (int)reader.TokenStartIndex;
            }
        }
        return -1;
    }
}
