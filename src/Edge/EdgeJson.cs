using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Edge.Access;
using Edge.Experiments;
using Edge.Explanation;
using Edge.Formats;
using Edge.Statistics.Counting;
using Edge.Statistics.Inference;
using Edge.Statistics.Optimization;
using Edge.Statistics.Results;

namespace Edge;

/// <summary>
/// The one context of generated JSON serializers: whatever is written as an object graph is named here, because
/// reflection is off. What is read from outside goes through readers that collect every violation instead.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    Converters = [typeof(TimestampConverter)]
)]
[JsonSerializable(typeof(Experiment))]
[JsonSerializable(typeof(KeyList))]
[JsonSerializable(typeof(TallyState))]
[JsonSerializable(typeof(TrialStatisticsState))]
[JsonSerializable(typeof(IReadOnlyList<SampleRatioState>), TypeInfoPropertyName = "SampleRatioStates")]
[JsonSerializable(typeof(WinnerWatch))]
[JsonSerializable(typeof(ExperimentResults))]
[JsonSerializable(typeof(VariantExplanation))]
internal sealed partial class EdgeJson : JsonSerializerContext
{
    /// <summary>
    /// Indented, with letters outside ASCII left readable: for files that people edit. Never for text inside HTML.
    /// </summary>
    public static EdgeJson Readable => ReadableHolder.Context;

    /// <summary>
    /// A type of its own, because the order of initialisers across the generated files is not defined.
    /// </summary>
    private static class ReadableHolder
    {
        internal static readonly EdgeJson Context = new(
            new JsonSerializerOptions(Default.Options)
            {
                WriteIndented = true,
                NewLine = "\n",
                Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            }
        );
    }
}
