using Edge.Journal.Records;

namespace Edge.Forwarding;

/// <summary>
/// A destination of events, as its pump drives it: <see cref="ResumeAsync"/> first, then batches and flushes in the
/// order of the journal. Failures are answers and not exceptions. Used by one thread, the pump's, which may be blocked.
/// </summary>
internal interface ISink : IDisposable
{
    /// <summary>
    /// Whether a batch that comes again after a kill must hold the same events as before, because the destination
    /// recognises a repeated batch as a whole. Costs two syncs of the disk per batch.
    /// </summary>
    bool WantsSameBatches => false;

    /// <summary>
    /// Makes ready to take what follows <paramref name="from"/> in this journal: a cursor that
    /// <see cref="FlushAsync"/> made durable, or the one this sink begins with. Called before the first batch and
    /// again after <see cref="DeliveryOutcome.Rewind"/>.
    /// </summary>
    Task<DeliveryResult> ResumeAsync(UInt128 journalEpochId, JournalCursor from);

    /// <summary>
    /// Takes a batch as a whole; it is durable after <see cref="FlushAsync"/>. A batch answered with
    /// <see cref="DeliveryOutcome.Retry"/> must come again before any other; one answered with
    /// <see cref="DeliveryOutcome.Refused"/> comes again in parts, in order.
    /// </summary>
    Task<DeliveryResult> DeliverAsync(RecordBatch batch, CancellationToken cancellation);

    /// <summary>
    /// Returns when everything delivered so far, which is everything up to <paramref name="upTo"/>, is durable.
    /// </summary>
    /// <param name="upTo">Becomes the sink's durable cursor next. If that fails there must be no further
    /// flush.</param>
    Task<DeliveryResult> FlushAsync(JournalCursor upTo);
}
