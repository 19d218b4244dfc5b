using System.Text.Json.Serialization;
using Edge.Formats;

namespace Edge.Experiments;

/// <summary>The generated JSON serializers of definitions. What comes from outside is read by Experiments/Reading, which collects every violation.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    Converters = [typeof(TimestampConverter)]
)]
[JsonSerializable(typeof(Experiment))]
internal sealed partial class ExperimentJson : JsonSerializerContext
{
    /// <summary>
    /// Indented, with letters outside ASCII left readable: for files that people edit. Never for text inside HTML.
    /// </summary>
    public static ExperimentJson Readable => ReadableContext.Instance;

    /// <summary>A type of its own: the order of initialisers across the generated files is not defined.</summary>
    private static class ReadableContext
    {
        internal static readonly ExperimentJson Instance = new(ReadableJson.From(Default.Options));
    }
}
