using Edge.Formats;

namespace Edge.Statistics.Inference;

/// <summary>
/// Observed and expected trials of each variant, summed trial by trial so that no history of weights is needed: a trial
/// under weights w adds w_i to the expected trials of each variant i. One writer; not safe for concurrent use.
/// </summary>
internal sealed class SampleRatioCounts
{
    private readonly Dictionary<string, (long Observed, double Expected)> _counts = new(StringComparer.Ordinal);

    /// <summary>
    /// Counts matured trials. Do not add trials whose weights version is no longer known: they are left out of both
    /// counts.
    /// </summary>
    /// <param name="variantId">The variant that was chosen.</param>
    /// <param name="weights">The weights of that version by variant id, in basis points.</param>
    /// <param name="trials">How many such trials there are.</param>
    public void Add(string variantId, IReadOnlyDictionary<string, int> weights, long trials = 1)
    {
        foreach (var (id, weight) in weights)
        {
            var (observed, expected) = _counts.GetValueOrDefault(id);
            _counts[id] = (observed, expected + trials * weight / (double)BasisPoints.Whole);
        }
        var chosen = _counts.GetValueOrDefault(variantId);
        _counts[variantId] = (chosen.Observed + trials, chosen.Expected);
    }

    /// <summary>Observed and expected trials of one variant.</summary>
    public (long Observed, double Expected) Of(string variantId) => _counts.GetValueOrDefault(variantId);

    /// <summary>The p-value over every variant that ever had a weight; see <see cref="SampleRatio.Test"/>.</summary>
    public double? Test()
    {
        var observed = new long[_counts.Count];
        var expected = new double[_counts.Count];
        var i = 0;
        foreach (var count in _counts.Values)
        {
            (observed[i], expected[i]) = count;
            i++;
        }
        return SampleRatio.Test(observed, expected);
    }

    /// <summary>The state from which <see cref="FromState"/> continues.</summary>
    public IReadOnlyList<SampleRatioState> ToState() =>
        [.. _counts.Select(count => new SampleRatioState(count.Key, count.Value.Observed, count.Value.Expected))];

    /// <summary>Continues from a saved state.</summary>
    public static SampleRatioCounts FromState(IReadOnlyList<SampleRatioState> state)
    {
        var counts = new SampleRatioCounts();
        foreach (var (id, observed, expected) in state)
        {
            counts._counts[id] = (observed, expected);
        }
        return counts;
    }
}

/// <summary>One variant of <see cref="SampleRatioCounts"/> in a checkpoint.</summary>
/// <param name="VariantId">The variant.</param>
/// <param name="Observed">Observed trials.</param>
/// <param name="Expected">Trials expected from the weights.</param>
internal readonly record struct SampleRatioState(string VariantId, long Observed, double Expected);
