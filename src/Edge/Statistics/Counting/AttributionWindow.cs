using Edge.Experiments;

namespace Edge.Statistics.Counting;

/// <summary>
/// How long after its exposure a unit's click still counts as a success: twice the pause between recomputations, and
/// at most half an hour, which is as far as a click after midnight carries yesterday's hash of its unit.
/// </summary>
internal static class AttributionWindow
{
    /// <summary>Longest window, minutes.</summary>
    public const int MinutesMax = 30;

    /// <summary>The window of an experiment; of one whose definition is not known, that of the defaults.</summary>
    public static TimeSpan Of(BanditConfig? config) =>
        TimeSpan.FromMinutes(Math.Min(MinutesMax, 2 * (config ?? BanditConfig.Default).RecomputeIntervalMinutes));
}
