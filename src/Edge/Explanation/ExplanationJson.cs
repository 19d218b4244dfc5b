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
    /// Indented, with non-ASCII letters unescaped, for files that people edit. Not safe for embedding in HTML.
    /// </summary>
    public static ExplanationJson Readable => ReadableContext.Instance;

    /// <summary>
    /// A separate type because the order of static initialisers across the generated files is undefined.
    /// </summary>
    private static class ReadableContext
    {
        internal static readonly ExplanationJson Instance = new(ReadableJson.From(Default.Options));
    }
}
