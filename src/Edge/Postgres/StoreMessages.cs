namespace Edge.Postgres;

/// <summary>Log messages of PostgreSQL as the store: ids 8xx. <c>docs/operating.md</c> says what to do about each.</summary>
internal static partial class StoreMessages
{
    [LoggerMessage(800, LogLevel.Warning, "The store is away, what was read last stays in force and changes are refused: {Reason}")]
    public static partial void StoreAway(this ILogger logger, string reason);

    [LoggerMessage(801, LogLevel.Information, "The store answers (experiments: {Experiments}, keys: {Keys})")]
    public static partial void StoreReached(this ILogger logger, int experiments, int keys);

    public static void StoredExperimentRefused(this ILogger logger, string uid, string field, string reason) =>
        StoredExperimentRefused(logger, uid, field.Length == 0 ? reason : $"{field}: {reason}");

    [LoggerMessage(803, LogLevel.Warning, "Experiment {Uid} of the store is served, although {Field} {Reason}")]
    public static partial void StoredMemberIgnored(this ILogger logger, string uid, string field, string reason);

    [LoggerMessage(804, LogLevel.Error, "The copy of the store could not be written, so a restart without the store would find an older one: {Reason}")]
    public static partial void StoreCopyNotWritten(this ILogger logger, string reason);

    [LoggerMessage(805, LogLevel.Information, "This node leads: it recomputes the weights of bandits")]
    public static partial void LeadershipWon(this ILogger logger);

    [LoggerMessage(806, LogLevel.Information, "This node leads no more")]
    public static partial void LeadershipLost(this ILogger logger);

    [LoggerMessage(807, LogLevel.Error, "The keys of the store cannot be used, the previous keys stay in force: {Reason}")]
    public static partial void StoredKeysRefused(this ILogger logger, string reason);

    [LoggerMessage(802, LogLevel.Warning, "Experiment {Uid} of the store was refused: {Problem}")]
    private static partial void StoredExperimentRefused(ILogger logger, string uid, string problem);
}
