namespace Edge.Statistics.Inference;

/// <summary>
/// Whether the variants got the trials their weights promised (sample ratio mismatch): a chi-square test of the trials
/// against their expectation over all weights versions. A mismatch means that something other than the weights decides
/// who is counted, so no result can be trusted. Slightly conservative when weights vary. Pure.
/// </summary>
internal static class SampleRatio
{
    /// <summary>Below this the ratio is called mismatched.</summary>
    public const double AlarmBelow = 0.001;

    /// <summary>The chi-square approximation needs this many expected trials in every variant.</summary>
    private const double MinExpected = 5;

    /// <summary>Fewer trials than this for each variant, taken together, are not tested.</summary>
    private const int MinTrialsPerArm = 8;

    /// <summary>
    /// The p-value, or null when there is too little to test: fewer than two variants with an expectation, an expected
    /// count below 5, or fewer than 8 trials per variant on average.
    /// </summary>
    /// <param name="observed">Trials of each variant.</param>
    /// <param name="expected">
    /// Sum over the weights versions of all trials times the variant's weight; a variant with 0 is left out.
    /// </param>
    public static double? Test(ReadOnlySpan<long> observed, ReadOnlySpan<double> expected)
    {
        var chiSquare = 0.0;
        var trials = 0L;
        var arms = 0;
        for (var i = 0; i < expected.Length; i++)
        {
            if (expected[i] == 0)
            {
                continue;
            }
            if (expected[i] < MinExpected)
            {
                return null;
            }
            var difference = observed[i] - expected[i];
            chiSquare += difference * difference / expected[i];
            trials += observed[i];
            arms++;
        }
        return arms < 2 || trials < MinTrialsPerArm * arms
            ? null
            : GammaFunction.UpperRegularized((arms - 1) / 2.0, chiSquare / 2);
    }
}
