using System.Text.Json;

namespace Edge.Requests.Ingestion;

/// <summary>Where one value of a body stands and what it is; the default is a value that is not there.</summary>
/// <param name="Kind">The token it begins with.</param>
/// <param name="Start">Offset in the body; of the quote, when it is a string.</param>
/// <param name="Length">Bytes, the quotes and brackets included.</param>
/// <param name="IsEscaped">Whether it is a string with at least one escape.</param>
internal readonly record struct RawValue(JsonTokenType Kind, int Start, int Length, bool IsEscaped)
{
    /// <summary>Missing or null: a sender of optional members may write either.</summary>
    public bool IsAbsent => Kind is JsonTokenType.None or JsonTokenType.Null;

    /// <summary>One past the last byte.</summary>
    public int End => Start + Length;

    public bool IsObject => Kind == JsonTokenType.StartObject;

    public bool IsArray => Kind == JsonTokenType.StartArray;

    public bool IsNumber => Kind == JsonTokenType.Number;

    public bool IsString => Kind == JsonTokenType.String;
}
