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
    IReadOnlyList<VariantCounts> Others
)
{
    public static readonly BreakdownDimension Empty = new([], []);
}

/// <summary>The counts of one value.</summary>
/// <param name="Value">The value; null when it is unknown.</param>
/// <param name="Variants">The variants that were counted with it.</param>
internal sealed record BreakdownValue(string? Value, IReadOnlyList<VariantCounts> Variants);
