namespace Edge.Journal;

/// <summary>
/// The result of one append. Everything but <see cref="Appended"/> was counted in the ledger as dropped.
/// </summary>
internal enum AppendResult
{
    /// <summary>In memory; durable once the commit that covers its sequence has returned.</summary>
    Appended,

    /// <summary>The disk or its budget is full. Appends succeed again when space is free.</summary>
    Full,

    /// <summary>The disk is slower than the appends and the memory buffer is full; usually for milliseconds.</summary>
    Busy,

    /// <summary>A write failed; nothing is accepted until the process restarts.</summary>
    Faulted,

    /// <summary>The record is empty or does not fit on one page.</summary>
    TooLarge,

    /// <summary>The journal is being closed.</summary>
    Stopping,
}
