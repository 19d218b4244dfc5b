using Edge.Catalog;
using Edge.Experiments;

namespace Edge.Statistics.Optimization;

/// <summary>Creates the version of an experiment with new served weights. Pure.</summary>
internal static class WeightPublication
{
    /// <summary>
    /// The next version: the new weights, the slot table that moves the fewest viewers to reach them, and the
    /// configured weights kept beside. This is not an edit, so the time of the last change stays.
    /// </summary>
    /// <param name="entry">The experiment as it is served.</param>
    /// <param name="weights">Basis points in variant order; they sum to 10,000.</param>
    public static Experiment Of(CatalogEntry entry, IReadOnlyList<int> weights)
    {
        var current = entry.Experiment;
        var variants = current
            .Variants.Select(
                (variant, i) =>
                    variant with
                    {
                        Weight = weights[i],
                        ConfiguredWeight = weights[i] == variant.RequestedWeight ? null : variant.RequestedWeight,
                    }
            )
            .ToArray();
        return current with
        {
            Variants = variants,
            Slots = entry.Slots.Change([.. weights]).ToRanges(variants),
            WeightsVersion = current.WeightsVersion + 1,
        };
    }

    /// <summary>Whether weights computed for one version of an experiment are also valid for another.</summary>
    public static bool Fits(Experiment changed, Experiment computedFor)
    {
        if (
            changed.WeightsVersion != computedFor.WeightsVersion
            || changed.BanditConfig != computedFor.BanditConfig
            || changed.GoalConfig.Type != computedFor.GoalConfig.Type
            || changed.Variants.Count != computedFor.Variants.Count
        )
        {
            return false;
        }
        for (var i = 0; i < changed.Variants.Count; i++)
        {
            var (after, before) = (changed.Variants[i], computedFor.Variants[i]);
            if (
                after.Id != before.Id
                || after.Weight != before.Weight
                || after.RequestedWeight != before.RequestedWeight
            )
            {
                return false;
            }
        }
        return true;
    }
}
