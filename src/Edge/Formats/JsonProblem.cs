using System.Text;
using System.Text.Json;

namespace Edge.Formats;

/// <summary>
/// Says where and why bytes are not the JSON they should be, in the words of a person who edits a file.
/// </summary>
internal static class JsonProblem
{
    /// <summary>What the platform takes when no depth is named.</summary>
    private const int DepthMaxDefault = 64;

    /// <summary>The bytes without the UTF-8 mark that some editors put in front.</summary>
    public static ReadOnlyMemory<byte> WithoutMark(ReadOnlyMemory<byte> utf8) =>
        utf8.Span.StartsWith("\uFEFF"u8) ? utf8[3..] : utf8;

    /// <summary>
    /// The rest of a sentence that begins with the file: <c>is not valid JSON at line 3, column 7: ...</c>. Lines and
    /// columns count from 1, columns in characters.
    /// </summary>
    /// <param name="refusal">What the platform said; its text names types and is not shown.</param>
    /// <param name="utf8">What was read.</param>
    /// <param name="options">How it was read.</param>
    public static string Describe(JsonException refusal, ReadOnlySpan<byte> utf8, JsonReaderOptions options = default)
    {
        var reader = new Utf8JsonReader(utf8, options);
        try
        {
            while (reader.Read())
            {
                // Looks for the first mistake.
            }
        }
        catch (JsonException e)
        {
            var at = IndexOf(utf8, e);
            var depthMax = options.MaxDepth == 0 ? DepthMaxDefault : options.MaxDepth;
            // The reader counts an object or array from its first member on.
            var isFirst = reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray;
            var depth = reader.CurrentDepth + (isFirst ? 1 : 0);
            var isTooDeep = depth >= depthMax && utf8[at..] is [(byte)'{' or (byte)'[', ..];
            return $"is not valid JSON at {Position(utf8, at)}: "
                + (isTooDeep ? $"it is nested to a depth over {depthMax}" : Cause(utf8, at));
        }

        var path = refusal.Path is { Length: > 2 } member ? $" ({member[2..]})" : "";
        return $"has a value of the wrong kind at {Position(utf8, IndexOf(utf8, refusal))}{path}";
    }

    /// <summary>Line and column of a byte.</summary>
    public static string Position(ReadOnlySpan<byte> utf8, int at)
    {
        var before = utf8[..at];
        var line = before[(before.LastIndexOf((byte)'\n') + 1)..];
        return $"line {before.Count((byte)'\n') + 1}, column {Encoding.UTF8.GetCharCount(line) + 1}";
    }

    private static int IndexOf(ReadOnlySpan<byte> utf8, JsonException e)
    {
        var at = 0;
        for (var line = e.LineNumber ?? 0; line > 0; line--)
        {
            var end = utf8[at..].IndexOf((byte)'\n');
            if (end < 0)
            {
                break;
            }

            at += end + 1;
        }

        return (int)Math.Min(at + (e.BytePositionInLine ?? 0), utf8.Length);
    }

    private static string Cause(ReadOnlySpan<byte> utf8, int at)
    {
        if (utf8[at..].Trim(" \t\r\n"u8).IsEmpty)
        {
            return "it ends too early, something that was opened is not closed";
        }

        var previous = utf8[..at].TrimEnd(" \t\r\n"u8);
        return utf8[at] switch
        {
            (byte)'}' or (byte)']' when previous is [.., (byte)','] => "the comma before this is one too many",
            (byte)'}' or (byte)']' => $"'{(char)utf8[at]}' closes nothing that can be closed here",
            (byte)'{' or (byte)'[' => "a comma is missing before this",
            (byte)'"' => "a comma or a colon is missing before this",
            (byte)'\'' => "texts and names are written in double quotation marks",
            (byte)'/' => "a comment is not allowed here",
            (byte)'\\' => "a backslash in a text must be doubled, or be one of the escapes of JSON",
            < 0x20 => "a line end or another control character in a text must be written as an escape",
            var value when char.IsAsciiLetter((char)value) =>
                $"'{(char)value}' is not expected here; texts and names are written in double quotation marks",
            var value when char.IsBetween((char)value, ' ', '~') => $"'{(char)value}' is not expected here",
            _ => "this character is not expected here",
        };
    }
}
