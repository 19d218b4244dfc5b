using System.Text.Json.Serialization;
using Edge.Formats;

namespace Edge.Access;

/// <summary>The generated JSON serializers of this folder; reflection is off.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    Converters = [typeof(TimestampConverter)]
)]
[JsonSerializable(typeof(KeyList))]
internal sealed partial class KeyJson : JsonSerializerContext
{
    /// <summary>
    /// Indented, with letters outside ASCII left readable: for files that people edit. Never for text inside HTML.
    /// </summary>
    public static KeyJson Readable => ReadableContext.Instance;

    /// <summary>A type of its own: the order of initialisers across the generated files is not defined.</summary>
    private static class ReadableContext
    {
        internal static readonly KeyJson Instance = new(ReadableJson.From(Default.Options));
    }
}
