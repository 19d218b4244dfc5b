namespace Edge.Telemetry;

/// <summary>
/// The diagnostic messages of host and endpoints; folders with messages of their own keep them beside their code. Ids:
/// 1xx host, 2xx experiments, 3xx journal, 4xx enrichment, 5xx forwarding; never reused. Never an address, a URL, a
/// header or a key in a message. What to do about each stands in <c>docs/operating.md</c> under its id.
/// </summary>
internal static partial class LogMessages
{
    [LoggerMessage(100, LogLevel.Information, "Started in {DurationMs} ms on {Urls} with data in {DataDir}")]
    public static partial void Started(this ILogger logger, double durationMs, string urls, string dataDir);

    [LoggerMessage(101, LogLevel.Information, "Stopping: not ready, closing the listener in {GraceMs} ms")]
    public static partial void Stopping(this ILogger logger, int graceMs);

    [LoggerMessage(102, LogLevel.Information, "Stopped: {Stored} events stored, {Pending} not yet forwarded")]
    public static partial void Stopped(this ILogger logger, long stored, long pending);

    [LoggerMessage(103, LogLevel.Error, "A request failed inside the service ({Count} times since the last message)")]
    public static partial void RequestFailed(this ILogger logger, Exception exception, long count);

    [LoggerMessage(200, LogLevel.Warning, "Experiment file {File} was not taken: {Field}: {Reason}")]
    public static partial void ExperimentRefused(this ILogger logger, string file, string field, string reason);

    [LoggerMessage(201, LogLevel.Error, "The file of keys was not taken, the keys before stay in force: {Reason}")]
    public static partial void KeysRefused(this ILogger logger, string reason);

    [LoggerMessage(300, LogLevel.Critical, "The journal met an I/O error and stopped acknowledging: {Reason}")]
    public static partial void JournalFaulted(this ILogger logger, string reason);
}
