namespace Edge.Enrichment.Hashing;

/// <summary>
/// Log messages about the keys behind the visitor hashes, ids 410 to 419. They never contain a key. docs/operating.md
/// says what to do about each.
/// </summary>
internal static partial class KeyMessages
{
    [LoggerMessage(
        410,
        LogLevel.Error,
        "The key of the visitor hashes could not be replaced on disk, so the old key is kept for longer than promised: {Reason}"
    )]
    public static partial void HashKeyNotReplaced(this ILogger log, string reason);

    [LoggerMessage(
        411,
        LogLevel.Warning,
        "The clock is {Days} days behind the key of the visitor hashes, which never goes back"
    )]
    public static partial void HashKeysAhead(this ILogger log, int days);

    [LoggerMessage(
        412,
        LogLevel.Warning,
        "{Path} was gone, although this service has stored events with it, and a new one was made: "
            + AddressSalt.ReplacedMeans
    )]
    public static partial void AddressSaltReplaced(this ILogger log, string path);
}
