namespace Edge.Fleet;

/// <summary>Log messages of a fleet: ids 7xx. <c>docs/operating.md</c> says what to do about each.</summary>
internal static partial class FleetMessages
{
    [LoggerMessage(
        700,
        LogLevel.Warning,
        "An edge has edition {Version} of the catalog, and this origin knows of none after {Current}: the next edition goes on from there"
    )]
    public static partial void FleetVersionLearned(this ILogger logger, long version, long current);

    [LoggerMessage(701, LogLevel.Error, "A change was not published to the edges, it is tried again: {Reason}")]
    public static partial void EditionNotPublished(this ILogger logger, Exception exception, string reason);

    [LoggerMessage(702, LogLevel.Warning, "Two edges are named {Node}: give each a name of its own (node)")]
    public static partial void NodeNameTwice(this ILogger logger, string node);

    [LoggerMessage(
        703,
        LogLevel.Warning,
        "Edge {Node} hashes visitors with another salt than this origin, so its events do not join those of others (privacy.addressSalt)"
    )]
    public static partial void NodeSaltDiffers(this ILogger logger, string node);

    [LoggerMessage(704, LogLevel.Information, "Edition {Version} of the catalog is in force (experiments: {Experiments}, keys: {Keys})")]
    public static partial void EditionTaken(this ILogger logger, long version, int experiments, int keys);

    [LoggerMessage(705, LogLevel.Error, "An edition of the catalog was refused, what was in force stays: it {Reason}")]
    public static partial void EditionRefused(this ILogger logger, string reason);

    [LoggerMessage(706, LogLevel.Warning, "The origin gives no catalog, what is in force stays: {Reason}")]
    public static partial void OriginFailed(this ILogger logger, string reason);

    [LoggerMessage(707, LogLevel.Information, "The origin answers")]
    public static partial void OriginReached(this ILogger logger);

    [LoggerMessage(
        708,
        LogLevel.Error,
        "The copy of the catalog on disk was set aside, and this edge serves nothing until its origin is reached: {Reason}"
    )]
    public static partial void CopySetAside(this ILogger logger, string reason);

    [LoggerMessage(
        710,
        LogLevel.Error,
        "The copy of the catalog on disk cannot be used nor set aside, and this edge serves nothing until its origin is reached: {Reason}"
    )]
    public static partial void CopyNotSetAside(this ILogger logger, string reason);

    [LoggerMessage(709, LogLevel.Error, "The copy of the catalog could not be written, so a restart would find an older one: {Reason}")]
    public static partial void CopyNotWritten(this ILogger logger, string reason);

    [LoggerMessage(
        711,
        LogLevel.Error,
        "The rollout has ended, and every edge gets the newest edition: what was held for the others cannot be read: {Reason}"
    )]
    public static partial void HeldEditionLost(this ILogger logger, string reason);
}
