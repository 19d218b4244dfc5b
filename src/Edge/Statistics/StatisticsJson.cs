using System.Text.Json.Serialization;
using Edge.Formats;
using Edge.Statistics.Counting;
using Edge.Statistics.Inference;
using Edge.Statistics.Optimization;
using Edge.Statistics.Querying;
using Edge.Statistics.Results;

namespace Edge.Statistics;

/// <summary>The generated JSON serializers of the tally's checkpoint and of the results.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    Converters = [typeof(TimestampConverter)]
)]
[JsonSerializable(typeof(TallyState))]
[JsonSerializable(typeof(TrialStatisticsState))]
[JsonSerializable(typeof(IReadOnlyList<SampleRatioState>), TypeInfoPropertyName = "SampleRatioStates")]
[JsonSerializable(typeof(WinnerWatch))]
[JsonSerializable(typeof(ExperimentResults))]
[JsonSerializable(typeof(QueriedState))]
internal sealed partial class StatisticsJson : JsonSerializerContext;
