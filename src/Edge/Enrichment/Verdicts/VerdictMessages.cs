namespace Edge.Enrichment.Verdicts;

/// <summary>
/// Log messages about verdict rules, ids 420 to 429. They never contain an address. docs/operating.md says what to do
/// about each.
/// </summary>
internal static partial class VerdictMessages
{
    [LoggerMessage(
        420,
        LogLevel.Warning,
        "Verdict rules could not be loaded, those in force stay: {Reason}"
    )]
    public static partial void VerdictRulesRefused(this ILogger log, string reason);

    [LoggerMessage(421, LogLevel.Warning, "Late verdicts start over with what comes next: {Reason}")]
    public static partial void LateVerdictsStartOver(this ILogger log, string reason);

    [LoggerMessage(422, LogLevel.Warning, "Late verdicts are delayed: {Reason}")]
    public static partial void LateVerdictsFailed(this ILogger log, string reason);
}
