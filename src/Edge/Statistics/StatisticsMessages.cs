namespace Edge.Statistics;

/// <summary>
/// Log messages of tally and optimizer, ids 600 to 699. docs/operating.md says what to do about each.
/// </summary>
internal static partial class StatisticsMessages
{
    [LoggerMessage(600, LogLevel.Warning, "The tally starts over with the oldest event in the journal: {Reason}")]
    public static partial void TallyStartsOver(this ILogger log, string reason);

    [LoggerMessage(
        601,
        LogLevel.Warning,
        "The tally could not count {Missing} events: they are no longer in the journal"
    )]
    public static partial void TallyMissedEvents(this ILogger log, long missing);

    [LoggerMessage(602, LogLevel.Warning, "The tally could not be written and will be retried with the next events: {Reason}")]
    public static partial void TallyNotWritten(this ILogger log, string reason);

    [LoggerMessage(
        610,
        LogLevel.Information,
        "Experiment {Uid} now serves weights version {Version}: {Moved} basis points moved"
    )]
    public static partial void WeightsPublished(this ILogger log, string uid, int version, int moved);

    [LoggerMessage(611, LogLevel.Warning, "Weights of experiment {Uid} were not recomputed: {Reason}")]
    public static partial void RecomputeFailed(this ILogger log, string uid, string reason);

    [LoggerMessage(612, LogLevel.Warning, "The recomputations of experiment {Uid} were set aside and start over: {Reason}")]
    public static partial void RecomputationsStartOver(this ILogger log, string uid, string reason);

    [LoggerMessage(613, LogLevel.Warning, "A recomputation of experiment {Uid} was not recorded: {Reason}")]
    public static partial void RecomputationNotRecorded(this ILogger log, string uid, string reason);

    [LoggerMessage(614, LogLevel.Warning, "The recomputations of experiment {Uid} cannot be read: {Reason}")]
    public static partial void RecomputationsUnreadable(this ILogger log, string uid, string reason);

    [LoggerMessage(620, LogLevel.Warning, "Experiments cannot be counted from ClickHouse, and show the last counts: {Reason}")]
    public static partial void CountsNotRead(this ILogger log, string reason);

    [LoggerMessage(621, LogLevel.Information, "Experiments are counted from ClickHouse at {Place} again")]
    public static partial void CountsReadAgain(this ILogger log, string place);

    [LoggerMessage(622, LogLevel.Warning, "Experiment {Uid} cannot be counted from ClickHouse: {Reason}")]
    public static partial void ExperimentNotCounted(this ILogger log, string uid, string reason);

    [LoggerMessage(623, LogLevel.Warning, "What was kept of the counts of experiment {Uid} was set aside, and it is counted anew: {Reason}")]
    public static partial void CountsStartOver(this ILogger log, string uid, string reason);

    [LoggerMessage(624, LogLevel.Warning, "Counts from ClickHouse could not be kept and will be retried: {Reason}")]
    public static partial void CountsNotWritten(this ILogger log, string reason);
}
