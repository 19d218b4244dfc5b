using Edge.Experiments;

namespace Edge.Statistics.Counting;

/// <summary>
/// How long after its exposure a unit's click still counts as a success: twice the interval between recomputations, and
/// at most half an hour, because a click carries the previous day's hash of its unit only for the first half hour after
/// midnight UTC.
/// </summary>
internal static class AttributionWindow
{
    /// <summary>Longest window, minutes.</summary>
    public const int MinutesMax = 30;

    /// <summary>The window of an experiment; the default window when its definition is unknown.</summary>
    public static TimeSpan Of(BanditConfig? config) =>
        TimeSpan.FromMinutes(Math.Min(MinutesMax, 2 * (config ?? BanditConfig.Default).RecomputeIntervalMinutes));
}
