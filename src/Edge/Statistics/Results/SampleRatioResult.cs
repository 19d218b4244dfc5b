using System.Globalization;
using Edge.Experiments;
using Edge.Statistics.Inference;

namespace Edge.Statistics.Results;

/// <summary>The sample ratio test in the results. Immutable.</summary>
/// <param name="PValue">Null when there is too little data to test.</param>
/// <param name="IsMismatch">Whether the alarm is raised: p below 0.001.</param>
/// <param name="Warning">The alarm in plain words, or null.</param>
internal sealed record SampleRatioResult(double? PValue, bool IsMismatch, string? Warning)
{
    /// <summary>Nothing to test: the weights do not decide who gets what, or there is too little data.</summary>
    public static readonly SampleRatioResult Untested = new(null, false, null);

    /// <summary>Tests the trials of an A/B test.</summary>
    public static SampleRatioResult Of(Experiment experiment, SampleRatioCounts counts)
    {
        if (counts.Test() is not { } pValue)
        {
            return Untested;
        }
        return pValue < SampleRatio.AlarmBelow
            ? new SampleRatioResult(pValue, true, WarningOf(experiment, counts))
            : new SampleRatioResult(pValue, false, null);
    }

    private static string WarningOf(Experiment experiment, SampleRatioCounts counts)
    {
        var worst = experiment
            .Variants.Select(variant => (variant.Id, Count: counts.Of(variant.Id)))
            .Where(variant => variant.Count.Expected > 0)
            .MaxBy(variant =>
                Math.Abs(variant.Count.Observed - variant.Count.Expected) / Math.Sqrt(variant.Count.Expected)
            );
        var example = worst.Id is null
            ? ""
            : string.Create(
                CultureInfo.InvariantCulture,
                $" Variant {worst.Id} had {worst.Count.Observed} where about {worst.Count.Expected:F0} were expected."
            );
        return "The variants did not get the share of visitors that their weights call for."
            + example
            + " Something other than the weights decides who is counted, for example a client that fails to load one "
            + "variant, a cache in between, or links that point to a single variant. "
            + "Do not trust these results until the cause is found.";
    }
}
