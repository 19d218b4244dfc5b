namespace Edge.Enrichment.Verdicts;

/// <summary>The parts of enrichment that can fail independently.</summary>
internal enum EnrichmentPart
{
    /// <summary>Browser and system versions, brand and model.</summary>
    UserAgent,

    /// <summary>The automation verdict.</summary>
    Verdict,
}

/// <summary>
/// Counts failures of enrichment since the start; each cost an event some of its members and nothing else. Thread safe.
/// </summary>
internal sealed class EnrichmentFaults
{
    public static readonly EnrichmentPart[] Parts = Enum.GetValues<EnrichmentPart>();

    private readonly long[] _counts = new long[Parts.Length];

    public void Count(EnrichmentPart part) => Interlocked.Increment(ref _counts[(int)part]);

    public long Of(EnrichmentPart part) => Volatile.Read(ref _counts[(int)part]);
}
