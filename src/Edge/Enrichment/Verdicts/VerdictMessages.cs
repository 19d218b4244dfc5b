namespace Edge.Enrichment.Verdicts;

/// <summary>
/// Log messages of the verdict, ids 420 to 429. Never an address. What to do about each stands in the operator's
/// documentation.
/// </summary>
internal static partial class VerdictMessages
{
    [LoggerMessage(
        420,
        LogLevel.Warning,
        "Rules of the verdict were not taken, the built-in ones stay in force: {Reason}"
    )]
    public static partial void VerdictRulesRefused(this ILogger log, string reason);
}
