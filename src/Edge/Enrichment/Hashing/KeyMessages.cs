namespace Edge.Enrichment.Hashing;

/// <summary>
/// Log messages of the keys behind the visitor hashes, ids 410 to 419. Never a key. What to do about each stands in the
/// operator's documentation.
/// </summary>
internal static partial class KeyMessages
{
    [LoggerMessage(
        410,
        LogLevel.Error,
        "The key of the visitor hashes could not be replaced on disk, the old one is kept longer than promised: {Reason}"
    )]
    public static partial void HashKeyNotReplaced(this ILogger log, string reason);

    [LoggerMessage(
        411,
        LogLevel.Warning,
        "The clock is {Days} days behind the key of the visitor hashes, which does not go back"
    )]
    public static partial void HashKeysAhead(this ILogger log, int days);
}
