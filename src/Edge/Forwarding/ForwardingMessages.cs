namespace Edge.Forwarding;

/// <summary>
/// Log messages of forwarding, ids 500 to 599. <c>docs/operating.md</c> says what to do about each.
/// </summary>
internal static partial class ForwardingMessages
{
    [LoggerMessage(500, LogLevel.Warning, "Sink {Sink} failed {Count} times since the last message: {Reason}")]
    public static partial void SinkFailed(this ILogger log, string sink, long count, string reason);

    [LoggerMessage(501, LogLevel.Information, "Sink {Sink} has recovered, after {Count} failures since the start")]
    public static partial void SinkRecovered(this ILogger log, string sink, long count);

    [LoggerMessage(502, LogLevel.Information, "Sink {Sink} started with {Pending} events pending")]
    public static partial void SinkStarted(this ILogger log, string sink, long pending);

    [LoggerMessage(503, LogLevel.Information, "Sink {Sink} stopped with {Pending} events pending")]
    public static partial void SinkStopped(this ILogger log, string sink, long pending);

    [LoggerMessage(504, LogLevel.Warning, "Sinks did not stop in time; their last batches are delivered again after the next start")]
    public static partial void SinksAbandoned(this ILogger log);

    [LoggerMessage(
        505,
        LogLevel.Warning,
        "Sink {Sink} refused {Count} events since the last message; they are in its dead letters: {Reason}"
    )]
    public static partial void EventRefused(this ILogger log, string sink, long count, string reason);

    [LoggerMessage(506, LogLevel.Information, "Sink {Sink} is disabled; the journal does not retain events for it")]
    public static partial void SinkDisabled(this ILogger log, string sink);
}
