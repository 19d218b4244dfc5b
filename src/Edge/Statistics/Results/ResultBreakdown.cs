using System.Text.Json.Serialization;

namespace Edge.Statistics.Results;

/// <summary>
/// The counts of an experiment by what is known of its visitors; those of each property add up to the totals. Immutable.
/// </summary>
internal sealed record ResultBreakdown(
    BreakdownDimension Country,
    BreakdownDimension Device,
    BreakdownDimension Browser,
    BreakdownDimension Source,
    BreakdownDimension Verdict
)
{
    /// <summary>Nothing was counted.</summary>
    public static readonly ResultBreakdown Empty = new(
        BreakdownDimension.Empty,
        BreakdownDimension.Empty,
        BreakdownDimension.Empty,
        BreakdownDimension.Empty,
        BreakdownDimension.Empty
    );
}

/// <summary>The counts by one property.</summary>
/// <param name="Values">The most frequent values, descending.</param>
/// <param name="Others">The counts of all other values, by variant.</param>
internal sealed record BreakdownDimension(
    IReadOnlyList<BreakdownValue> Values,
    IReadOnlyList<BreakdownCounts> Others
)
{
    public static readonly BreakdownDimension Empty = new([], []);
}

/// <summary>The counts of one value.</summary>
/// <param name="Value">The value; null when it is unknown.</param>
/// <param name="Variants">The variants that were counted with it.</param>
internal sealed record BreakdownValue(string? Value, IReadOnlyList<BreakdownCounts> Variants);

/// <summary>What was counted of one variant and one value.</summary>
/// <param name="VariantId">The variant.</param>
/// <param name="Impressions">As in <see cref="VariantCounts"/>, and so on.</param>
/// <param name="Clicks">Clicks.</param>
/// <param name="Views">Views.</param>
/// <param name="Conversions">Conversions.</param>
/// <param name="Trials">Matured trials whose exposure had the value.</param>
/// <param name="Successes">Those of them that succeeded.</param>
internal readonly record struct BreakdownCounts(
    string VariantId,
    long Impressions,
    long Clicks,
    long Views,
    long Conversions,
    long Trials,
    long Successes
)
{
    /// <summary>Whether nothing was counted.</summary>
    [JsonIgnore]
    public bool IsEmpty => Impressions + Clicks + Views + Conversions + Trials == 0;
}
