using Edge.Statistics.Inference;
using Edge.Statistics.Results;

namespace Edge.Statistics.Counting;

/// <summary>
/// What was counted elsewhere of one experiment in a stretch of whole UTC days: events by the day they were received on,
/// trials by the day they began on. Immutable.
/// </summary>
internal sealed record CountedStretch
{
    /// <summary>What is known of the stretch as a whole; null when it has no events.</summary>
    public StretchFacts? Facts { get; init; }

    /// <summary>Events by variant and hour, the variant that was seen first before the others.</summary>
    public IReadOnlyList<CountedEvents> Events { get; init; } = [];

    /// <summary>Matured trials by the baseline that they are compared with, in order.</summary>
    public IReadOnlyList<CountedEpoch> Epochs { get; init; } = [];

    /// <summary>Both by what is known of the visitor, the value that was seen first before the others.</summary>
    public IReadOnlyList<CountedValue> Values { get; init; } = [];

    /// <summary>Different units by variant and hour, and by variant and day.</summary>
    public IReadOnlyList<CountedUnits> Units { get; init; } = [];

    /// <summary>Trials whose window has not passed.</summary>
    public int OpenTrials { get; init; }

    /// <summary>Whether outcomes are values, and not successes.</summary>
    public bool AreValued { get; init; }
}

/// <summary>Events by kind.</summary>
internal readonly record struct KindCounts(long Impressions, long Clicks, long Views, long Conversions)
{
    public long Total => Impressions + Clicks + Views + Conversions;
}

/// <summary>What is known of a stretch as a whole.</summary>
/// <param name="FirstEventMs">Time of its first event, milliseconds since 1970 UTC.</param>
/// <param name="LastEventMs">Time of its last event.</param>
/// <param name="MachineImpressions">Impressions of machines.</param>
/// <param name="MachineClicks">Clicks of machines.</param>
/// <param name="UnfilledTags">Events with an unfilled merge tag.</param>
/// <param name="Missed">Exposures that began no trial.</param>
internal sealed record StretchFacts(
    long FirstEventMs,
    long LastEventMs,
    MachineCounts MachineImpressions,
    MachineCounts MachineClicks,
    long UnfilledTags,
    TrialsMissed Missed
);

/// <summary>Events of one variant in one hour.</summary>
/// <param name="Variant">Id of the variant, UTF-8.</param>
/// <param name="HourMs">When the hour begins.</param>
/// <param name="Counts">How many there are.</param>
/// <param name="LastMs">Time of the last of them.</param>
/// <param name="First">Id of the first of them.</param>
internal sealed record CountedEvents(byte[] Variant, long HourMs, KindCounts Counts, long LastMs, string First);

/// <summary>Different units of one variant in one hour or day.</summary>
/// <param name="Variant">Id of the variant, UTF-8.</param>
/// <param name="IsDay">Whether it is a day.</param>
/// <param name="PeriodMs">When it begins.</param>
/// <param name="Count">How many there are.</param>
/// <param name="Error">Relative standard error of that number.</param>
internal sealed record CountedUnits(byte[] Variant, bool IsDay, long PeriodMs, long Count, double Error);

/// <summary>Trials that matured under one baseline (<see cref="TrialStatistics.BeginEpoch"/>).</summary>
/// <param name="IsLook">Whether a recomputation began it; a new weights version begins one by itself.</param>
/// <param name="Trials">The trials, those of the version that began it first.</param>
internal sealed record CountedEpoch(bool IsLook, IReadOnlyList<CountedTrials> Trials);

/// <summary>Matured trials of one variant, weights version and probability that began in one hour.</summary>
/// <param name="Variant">Id of the variant, UTF-8.</param>
/// <param name="WeightsVersion">The version under which it was shown.</param>
/// <param name="BasisPoints">The probability with which that version chose it.</param>
/// <param name="HourMs">When the hour begins.</param>
/// <param name="Sums">The trials.</param>
/// <param name="First">Id of the exposure that began the first of them.</param>
internal sealed record CountedTrials(
    byte[] Variant,
    int WeightsVersion,
    int BasisPoints,
    long HourMs,
    TrialSums Sums,
    string First
);

/// <summary>Events and trials of one variant and one value of a property.</summary>
/// <param name="Breakdown">The property: country, device, browser, source, verdict from 0 on.</param>
/// <param name="Value">The value as events have it, escapes included; empty when it is unknown, null for all others.</param>
/// <param name="Variant">Id of the variant, UTF-8.</param>
/// <param name="Counts">Events.</param>
/// <param name="Trials">Matured trials whose exposure had the value.</param>
/// <param name="Successes">Those that succeeded.</param>
internal sealed record CountedValue(
    int Breakdown,
    byte[]? Value,
    byte[] Variant,
    KindCounts Counts,
    long Trials,
    long Successes
);
