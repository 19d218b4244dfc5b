using System.Text.Json;
using Edge.Formats;

namespace Edge.Requests.Ingestion;

/// <summary>Where one value of a body is and what it is; the default is an absent value.</summary>
/// <param name="Kind">The token it begins with.</param>
/// <param name="Start">Offset in the body; of the quote, when it is a string.</param>
/// <param name="Length">Bytes, the quotes and brackets included.</param>
/// <param name="IsEscaped">Whether it is a string with at least one escape.</param>
internal readonly record struct RawValue(JsonTokenType Kind, int Start, int Length, bool IsEscaped)
{
    /// <summary>Missing or null: a sender of optional members may write either.</summary>
    public bool IsAbsent => Kind is JsonTokenType.None or JsonTokenType.Null;

    /// <summary>Whether it is there, if only as null.</summary>
    public bool IsSent => Kind != JsonTokenType.None;

    /// <summary>One past the last byte.</summary>
    public int End => Start + Length;

    public bool IsObject => Kind == JsonTokenType.StartObject;

    public bool IsArray => Kind == JsonTokenType.StartArray;

    public bool IsNumber => Kind == JsonTokenType.Number;

    public bool IsString => Kind == JsonTokenType.String;
}

/// <summary>
/// Measures a value of a body as it was sent, by what limits speak of. The value must come from a JSON reader that has
/// accepted it. Pure; allocates nothing.
/// </summary>
internal static class RawJson
{
    /// <summary>
    /// Bytes of the value as <c>JSON.stringify</c> would write it: no whitespace outside strings, in strings only what
    /// must be escaped is. Numbers count as they were sent, because that is how they are kept. Never more than the
    /// value itself has.
    /// </summary>
    public static int StringifiedBytes(ReadOnlySpan<byte> json)
    {
        var bytes = 0;
        for (var at = 0; at < json.Length; at++)
        {
            if (json[at] == (byte)'"')
            {
                var text = StringAt(json, at);
                bytes += JsonEscapes.StringifiedBytes(text) + 2;
                at += text.Length + 1;
            }
            else if (json[at] is not ((byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r'))
            {
                bytes++;
            }
        }
        return bytes;
    }

    /// <summary>Most objects and arrays inside one another, the value itself included; 0 for any other value.</summary>
    public static int Depth(ReadOnlySpan<byte> json)
    {
        var depth = 0;
        var open = 0;
        for (var at = 0; at < json.Length; at++)
        {
            switch (json[at])
            {
                case (byte)'"':
                    at += StringAt(json, at).Length + 1;
                    break;
                case (byte)'{' or (byte)'[':
                    depth = Math.Max(depth, ++open);
                    break;
                case (byte)'}' or (byte)']':
                    open--;
                    break;
            }
        }
        return depth;
    }

    /// <summary>The inside of the string whose opening quote is at <paramref name="at"/>.</summary>
    private static ReadOnlySpan<byte> StringAt(ReadOnlySpan<byte> json, int at)
    {
        var rest = json[(at + 1)..];
        var end = 0;
        while (rest[end..].IndexOfAny((byte)'"', (byte)'\\') is var ahead && rest[end + ahead] == (byte)'\\')
        {
            end += ahead + 2;
        }

        return rest[..(end + rest[end..].IndexOf((byte)'"'))];
    }
}
