using System.Text.Json.Serialization;
using Edge.Formats;

namespace Edge.Explanation;

/// <summary>The generated JSON serializers of explanations.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    Converters = [typeof(TimestampConverter)]
)]
[JsonSerializable(typeof(VariantExplanation))]
internal sealed partial class ExplanationJson : JsonSerializerContext
{
    /// <summary>
    /// Indented, with letters outside ASCII left readable: for files that people edit. Never for text inside HTML.
    /// </summary>
    public static ExplanationJson Readable => ReadableContext.Instance;

    /// <summary>A type of its own: the order of initialisers across the generated files is not defined.</summary>
    private static class ReadableContext
    {
        internal static readonly ExplanationJson Instance = new(ReadableJson.From(Default.Options));
    }
}
