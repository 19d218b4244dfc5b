using System.Text.Json.Serialization;
using Edge.Formats;

namespace Edge.Experiments;

/// <summary>
/// The generated JSON serializers of definitions. Input from outside is read by Experiments/Reading, which collects
/// every violation.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    Converters = [typeof(TimestampConverter)]
)]
[JsonSerializable(typeof(Experiment))]
internal sealed partial class ExperimentJson : JsonSerializerContext
{
    /// <summary>
    /// Indented, with non-ASCII letters unescaped, for files that people edit. Not safe for embedding in HTML.
    /// </summary>
    public static ExperimentJson Readable => ReadableContext.Instance;

    /// <summary>
    /// A separate type because the order of static initialisers across the generated files is undefined.
    /// </summary>
    private static class ReadableContext
    {
        internal static readonly ExperimentJson Instance = new(ReadableJson.From(Default.Options));
    }
}
