using Edge.Statistics.Inference;
using Edge.Statistics.Optimization;
using Edge.Statistics.Results;

namespace Edge.Statistics.Counting;

/// <summary>
/// The checkpoint of the tally, <c>DATA/tally.json</c>: everything counted in one journal up to one cursor. Long lists
/// of numbers are packed (<see cref="PackedNumbers"/>).
/// </summary>
internal sealed record TallyState
{
    /// <summary>The version that is written.</summary>
    public const int CurrentVersion = 1;

    public required int Version { get; init; }

    /// <summary>Identity of the journal, 32 hexadecimal digits.</summary>
    public required string Journal { get; init; }

    /// <summary>Journal address of the first event that is not counted.</summary>
    public required long Address { get; init; }

    /// <summary>Sequence of the last counted event.</summary>
    public required long Sequence { get; init; }

    /// <summary>Time of the newest event, milliseconds since 1970 UTC.</summary>
    public required long NewestMs { get; init; }

    /// <summary>Exposures that started no trial because too many units were remembered.</summary>
    public required long Unlearned { get; init; }

    /// <summary>Events beyond the limits of experiments and variants.</summary>
    public required long Uncounted { get; init; }

    public required IReadOnlyList<ExperimentState> Experiments { get; init; }
}

/// <summary>One experiment of a <see cref="TallyState"/>.</summary>
internal sealed record ExperimentState
{
    public required string Uid { get; init; }
    public required long FirstEventMs { get; init; }
    public required long LastEventMs { get; init; }

    /// <summary>The latest event that counted for a variant; null in a file of an earlier version.</summary>
    public long? LastCountedMs { get; init; }

    /// <summary>When the experiment disappeared from the catalog; null while it is there.</summary>
    public long? MissingSinceMs { get; init; }
    public required IReadOnlyList<VariantState> Variants { get; init; }
    public required MachineCounts MachineImpressions { get; init; }
    public required MachineCounts MachineClicks { get; init; }

    /// <summary>Events with an unfilled merge tag; 0 in a file of an earlier version.</summary>
    public long UnfilledTags { get; init; }

    /// <summary>Exposures that began no trial; none in a file of an earlier version.</summary>
    public TrialsMissed TrialsMissed { get; init; }
    public required TrialStatisticsState Trials { get; init; }
    public required IReadOnlyList<SampleRatioState> SampleRatio { get; init; }
    public required IReadOnlyList<VersionWeights> Weights { get; init; }
    public required WinnerWatch Watch { get; init; }

    /// <summary>The counts by country and so on; null in a file of a version that did not count them.</summary>
    public IReadOnlyList<BreakdownState>? Breakdowns { get; init; }

    /// <summary>Units seen within the last day (<see cref="TrialTracker.PackUnits"/>).</summary>
    public required byte[] Units { get; init; }

    /// <summary>Trials that are not mature (<see cref="TrialTracker.PackTrials"/>).</summary>
    public required byte[] OpenTrials { get; init; }
}

/// <summary>The counts by one property in an <see cref="ExperimentState"/>.</summary>
internal sealed record BreakdownState
{
    public required string Name { get; init; }
    public required IReadOnlyList<BreakdownRowState> Rows { get; init; }

    /// <summary>The counts of all other values; null when there are none.</summary>
    public byte[]? Others { get; init; }

    /// <summary>Their trials; null too in a file of a version that did not count them.</summary>
    public byte[]? OthersTrials { get; init; }
}

/// <summary>One value of a <see cref="BreakdownState"/>.</summary>
internal sealed record BreakdownRowState
{
    /// <summary>The value as events have it, JSON escapes included; empty when it is unknown.</summary>
    public required byte[] Value { get; init; }

    /// <summary>Packed: their number, then impressions, clicks, views and conversions of each variant.</summary>
    public required byte[] Counts { get; init; }

    /// <summary>By which open trials name it; 0 in a file of a version that did not count them.</summary>
    public ushort Id { get; init; }

    /// <summary>Packed: their number, then trials and successes of each variant; null in such a file.</summary>
    public byte[]? Trials { get; init; }
}

/// <summary>One variant of an <see cref="ExperimentState"/>.</summary>
internal sealed record VariantState
{
    public required VariantTally Counts { get; init; }

    /// <summary>By hour (<see cref="CountSeries.Pack"/>).</summary>
    public required byte[] Hourly { get; init; }

    /// <summary>By day.</summary>
    public required byte[] Daily { get; init; }

    /// <summary>
    /// Units and their sketches (<see cref="CountSeries.PackUnits"/>); null in a file of a version that did not count
    /// them.
    /// </summary>
    public byte[]? Uniques { get; init; }
}
