using System.Text.Json;

namespace Edge.Experiments.Reading;

/// <summary>Writes a stored experiment as bytes: indented JSON in UTF-8 that ends with a line feed. Pure.</summary>
internal static class ExperimentWriter
{
    /// <summary>
    /// Rules for what has been accepted before: the operator's limits were checked when the definition was received.
    /// </summary>
    public static readonly ExperimentRules Loosest = new()
    {
        VariantsMax = int.MaxValue,
        SchemesAllowed = Destination.AnyScheme,
    };

    /// <summary>
    /// Returns the bytes, which the reader is certain to accept. A definition it would refuse is a bug of the caller
    /// and throws <see cref="InvalidOperationException"/>: nothing may be stored that the next start cannot load.
    /// </summary>
    public static byte[] WriteStored(Experiment experiment)
    {
        byte[] bytes =
        [
            .. JsonSerializer.SerializeToUtf8Bytes(StoredPartOf(experiment), ExperimentJson.Readable.Experiment),
            (byte)'\n',
        ];
        var violations = ExperimentReader.ReadStored(bytes, Loosest, default).Violations;
        return violations.Count == 0
            ? bytes
            : throw new InvalidOperationException($"experiment {experiment.Uid}: {violations[0]}");
    }

    /// <summary>Writes what is stored of an experiment as a value, in the writer's own layout.</summary>
    public static void WriteStored(Utf8JsonWriter json, Experiment experiment) =>
        JsonSerializer.Serialize(json, StoredPartOf(experiment), ExperimentJson.Default.Experiment);

    /// <summary>Counts are added where they are shown.</summary>
    private static Experiment StoredPartOf(Experiment experiment)
    {
        var variants = experiment.Variants.Select(variant => variant with { Impressions = null, Clicks = null });
        return experiment with { Variants = [.. variants] };
    }
}
