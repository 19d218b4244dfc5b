namespace Edge.Statistics.Counting;

/// <summary>The files and limits of the tally.</summary>
internal sealed record TallyOptions
{
    /// <summary>The data directory.</summary>
    public required string Directory { get; init; }

    /// <summary>Path of the pump's cursor.</summary>
    public required string CursorPath { get; init; }

    public TallyLimits Limits { get; init; } = TallyLimits.Default;
}
