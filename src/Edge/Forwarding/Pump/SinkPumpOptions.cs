namespace Edge.Forwarding.Pump;

/// <summary>Every setting of one sink's pump. Times are milliseconds.</summary>
internal sealed record SinkPumpOptions
{
    /// <summary>The sink's name in metrics, status and messages.</summary>
    public required string SinkName { get; init; }

    /// <summary>The file that keeps the sink's durable cursor (<c>DATA/cursors/NAME</c>).</summary>
    public required string CursorPath { get; init; }

    /// <summary>
    /// The file that keeps the batch under way (<c>DATA/intents/NAME</c>); for sinks that want the same batches.
    /// </summary>
    public string? IntentPath { get; init; }

    /// <summary>Directory of the events the sink refused; null when it never refuses any.</summary>
    public string? DeadLetterDirectory { get; init; }

    /// <summary>The file that says the sink is paused; null when it cannot be.</summary>
    public string? PausePath { get; init; }

    /// <summary>Which events the sink gets; null is all.</summary>
    public EventFilter? Filter { get; init; }

    /// <summary>Which members of an event the sink gets; null is all, unchanged.</summary>
    public EventFields? Fields { get; init; }

    /// <summary>
    /// Events that may be set aside one after another without one that is taken; then the sink holds. 1 to 1000000.
    /// </summary>
    public int RefusedInARowMax { get; init; } = 100;

    /// <summary>Most events in one batch. 1 to 1000000.</summary>
    public int BatchMaxRecords { get; init; } = 20_000;

    /// <summary>
    /// Most bytes in one batch: what 100 ms of a fully loaded small machine amount to, and the memory a pump needs.
    /// </summary>
    public int BatchMaxBytes { get; init; } = 4 << 20;

    /// <summary>
    /// Under load a batch begins at the earliest this long after the one before, so that batches are large and the
    /// pump costs little. An event that follows a longer silence is not held back. 0 to 10000.
    /// </summary>
    public int LingerMs { get; init; } = 100;

    /// <summary>
    /// Most events a second, in the mean of a batch; 0 is without a limit. A backlog drains no faster.
    /// </summary>
    public int EventsPerSecondMax { get; init; }

    /// <summary>
    /// Longest time between a delivery and its durable cursor; what a kill makes the sink see a second time. 10 to
    /// 60000.
    /// </summary>
    public int CheckpointIntervalMs { get; init; } = 1_000;

    /// <summary>Bytes after which the cursor is made durable before its time.</summary>
    public long CheckpointBytes { get; init; } = 32L << 20;

    /// <summary>Upper end of the first pause after a failure; doubles with each further one.</summary>
    public int RetryBaseMs { get; init; } = 100;

    /// <summary>
    /// Upper end of every pause: a sink that works again gets events at most this much later. 100 to 600000.
    /// </summary>
    public int RetryCeilingMs { get; init; } = 5_000;
}
