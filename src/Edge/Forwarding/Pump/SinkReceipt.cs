namespace Edge.Forwarding.Pump;

/// <summary>What became of one event at a sink.</summary>
internal enum SinkFate
{
    /// <summary>The sink has not come to it.</summary>
    Pending,

    /// <summary>The sink has taken it.</summary>
    Forwarded,

    /// <summary>The sink's filters leave it out.</summary>
    Filtered,

    /// <summary>The destination refused it for good; it is in the dead letters.</summary>
    DeadLettered,

    /// <summary>
    /// The sink is past it, and nobody knows any longer whether it took it: before the start it has skipped events.
    /// </summary>
    Passed,
}

/// <summary>What became of one event at one sink.</summary>
/// <param name="Sink">Name of the sink.</param>
/// <param name="Fate">What became of it.</param>
/// <param name="By">A time by which the sink had come past it; null when it has not, or had before the start.</param>
/// <param name="IsDurable">Whether that survives a crash; else the event may be sent once more.</param>
/// <param name="State">What the sink is doing.</param>
internal readonly record struct SinkReceipt(
    string Sink,
    SinkFate Fate,
    DateTimeOffset? By,
    bool IsDurable,
    SinkState State
);
