namespace Edge.Statistics.Counting;

/// <summary>Where the tally keeps its files, and how much it may hold.</summary>
internal sealed record TallyOptions
{
    /// <summary>The data directory.</summary>
    public required string Directory { get; init; }

    /// <summary>The pump's cursor.</summary>
    public required string CursorPath { get; init; }

    public TallyLimits Limits { get; init; } = TallyLimits.Default;
}
