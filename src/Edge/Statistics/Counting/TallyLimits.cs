namespace Edge.Statistics.Counting;

/// <summary>What the tally may hold at most, so that no traffic can make it grow without end.</summary>
internal sealed record TallyLimits
{
    /// <summary>The limits of the service.</summary>
    public static readonly TallyLimits Default = new();

    /// <summary>Hours in an hourly series: 35 days when something happens in each.</summary>
    public const int HoursKept = 35 * 24;

    /// <summary>Days in a daily series.</summary>
    public const int DaysKept = 400;

    /// <summary>
    /// Days the counts of an experiment outlive its file, so that a volume that comes late loses nothing.
    /// </summary>
    public const int MissingKeptDays = 7;

    /// <summary>Hours a unit is remembered after its first exposure; a second one within them is no trial.</summary>
    public const int UnitKeptHours = 24;

    /// <summary>
    /// Seconds an event may come later than others of its time and still find its trial open. Requests run side by
    /// side and a commit takes a moment, so the journal is not quite in the order of time.
    /// </summary>
    public const int LatenessSeconds = 10;

    /// <summary>
    /// Seconds an event may be ahead of the clock before its time is not believed: what is left of a clock that was
    /// wrong for a while must not close the trials of the right time.
    /// </summary>
    public const int AheadSeconds = 60;

    /// <summary>Most experiments with counts, deleted ones included.</summary>
    public int ExperimentsMax { get; init; } = 20_000;

    /// <summary>
    /// Most variants of one experiment, removed ones included: five times what a definition may have.
    /// </summary>
    public int VariantsMax { get; init; } = 100;

    /// <summary>
    /// Most units remembered over all experiments, at about 50 bytes; further ones are counted but not learned from.
    /// </summary>
    public int UnitsMax { get; init; } = 1_000_000;

    /// <summary>
    /// Most points of all series, at 40 bytes; with more, all series are cut to half, again if need be.
    /// </summary>
    public int SeriesPointsMax { get; init; } = 500_000;

    /// <summary>Most weights versions of one experiment whose weights are kept; the oldest go first.</summary>
    public int WeightVersionsMax { get; init; } = 1_000;
}
