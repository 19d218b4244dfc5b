using Edge.Journal.Records;

namespace Edge.Forwarding;

/// <summary>
/// A destination of events, as driven by its pump: <see cref="ResumeAsync"/> first, then batches and flushes in the
/// order of the journal. Failures are results, not exceptions. Used by one thread, the pump's, which it may block.
/// </summary>
internal interface ISink : IDisposable
{
    /// <summary>
    /// Whether a batch that is delivered again after a kill must hold the same events as before, because the
    /// destination recognises a repeated batch as a whole. Costs two disk syncs per batch.
    /// </summary>
    bool WantsSameBatches => false;

    /// <summary>
    /// Prepares to take what follows <paramref name="from"/> in this journal: a cursor that
    /// <see cref="FlushAsync"/> made durable, or the one this sink starts with. Called before the first batch and
    /// again after <see cref="DeliveryOutcome.Rewind"/>.
    /// </summary>
    Task<DeliveryResult> ResumeAsync(UInt128 journalEpochId, JournalCursor from);

    /// <summary>
    /// Takes a batch as a whole; it is durable after <see cref="FlushAsync"/>. After
    /// <see cref="DeliveryOutcome.Retry"/> the same batch is delivered again before any other; after
    /// <see cref="DeliveryOutcome.Refused"/> it is delivered again in parts, in order.
    /// </summary>
    Task<DeliveryResult> DeliverAsync(RecordBatch batch, CancellationToken cancellation);

    /// <summary>
    /// Returns when everything delivered so far, which is everything up to <paramref name="upTo"/>, is durable.
    /// </summary>
    /// <param name="upTo">Becomes the sink's durable cursor next. If that fails, there is no further flush.</param>
    Task<DeliveryResult> FlushAsync(JournalCursor upTo);
}

/// <summary>What a destination needs before a sink can deliver to it.</summary>
/// <param name="Server">The server and its version.</param>
/// <param name="Statements">Statements to execute there, in order; empty when nothing is missing.</param>
/// <param name="Problem"> Why the server could not be asked or a statement failed, in words; the statements are then
/// those for an empty server. Null when nothing failed.</param>
internal sealed record SinkSetup(string Server, IReadOnlyList<string> Statements, string? Problem);

/// <summary>What the pump does after a call of a sink.</summary>
internal enum DeliveryOutcome
{
    /// <summary>Done.</summary>
    Delivered,

    /// <summary>Nothing of this batch counts as taken. Deliver the same batch again after a pause.</summary>
    Retry,

    /// <summary>
    /// The destination has examined the batch and will never take it as it is; nothing of it counts as taken. Deliver
    /// it in smaller parts, until the event at fault is alone and can be set aside.
    /// </summary>
    Refused,

    /// <summary>
    /// It is unknown what was taken since the durable cursor. Go back to it and deliver from there.
    /// </summary>
    Rewind,
}

/// <summary>The result of a call of a sink. A sink that is down is a state, not an exception.</summary>
/// <param name="Outcome">What to do next.</param>
/// <param name="Reason">What failed, in words for an operator; null when delivered.</param>
/// <param name="RetryAfter">How long the destination asked to wait before a retry; zero when it did not.</param>
internal readonly record struct DeliveryResult(DeliveryOutcome Outcome, string? Reason, TimeSpan RetryAfter = default)
{
    public static DeliveryResult Delivered => default;

    public bool IsDelivered => Outcome == DeliveryOutcome.Delivered;

    public static DeliveryResult Retry(string reason, TimeSpan after = default) =>
        new(DeliveryOutcome.Retry, reason, after);

    /// <param name="reason">The destination's answer; saved with the event in the dead letters.</param>
    public static DeliveryResult Refused(string reason) => new(DeliveryOutcome.Refused, reason);

    public static DeliveryResult Rewind(string reason) => new(DeliveryOutcome.Rewind, reason);
}
