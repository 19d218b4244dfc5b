using System.Text.Encodings.Web;
using System.Text.Json;

namespace Edge.Formats;

/// <summary>JSON for people: indented, letters outside ASCII as they are, lines that end alike on every system.</summary>
internal static class ReadableJson
{
    /// <summary>The same serializer, for people to read. Never for text inside HTML: too little is escaped.</summary>
    public static JsonSerializerOptions From(JsonSerializerOptions options) =>
        new(options)
        {
            WriteIndented = true,
            NewLine = "\n",
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        };
}
