namespace Edge.Statistics.Inference;

/// <summary>
/// Tests for sample ratio mismatch: a chi-square test of the observed trials of each variant against the number
/// expected from its weights, over all weights versions. A mismatch means that something other than the weights decides
/// who is counted, so no result can be trusted. Slightly conservative when weights vary. Pure.
/// </summary>
internal static class SampleRatio
{
    /// <summary>A p-value below this is reported as a mismatch.</summary>
    public const double AlarmBelow = 0.001;

    /// <summary>The chi-square approximation needs this many expected trials in every variant.</summary>
    private const double MinExpected = 5;

    /// <summary>Trials needed per variant, on average, before the test is made.</summary>
    private const int MinTrialsPerArm = 8;

    /// <summary>
    /// The p-value, or null when there is too little data: fewer than two variants with an expected count, an expected
    /// count below 5, or fewer than 8 trials per variant on average.
    /// </summary>
    /// <param name="observed">Trials of each variant.</param>
    /// <param name="expected">
    /// Sum over the weights versions of all trials times the variant's weight; variants with 0 are left out.
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
