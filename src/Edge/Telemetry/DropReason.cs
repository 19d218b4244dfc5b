namespace Edge.Telemetry;

/// <summary>
/// Why an event was received and not stored. The numbers are persisted with every commit: members may be added at the
/// end, never renumbered or reused.
/// </summary>
internal enum DropReason
{
    /// <summary>The disk, or the journal's budget on it, is full.</summary>
    JournalFull = 0,

    /// <summary>A write to the journal failed; the process is about to restart.</summary>
    JournalFault = 1,

    /// <summary>The event does not fit into one record.</summary>
    TooLarge = 2,

    /// <summary>The process is stopping.</summary>
    Stopping = 3,

    /// <summary>The disk is slower than the rate of events, and the memory buffer is full.</summary>
    JournalBusy = 4,
}
