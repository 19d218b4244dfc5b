namespace Edge.Forwarding;

/// <summary>What the pump has to do after it asked a sink for something.</summary>
internal enum DeliveryOutcome
{
    /// <summary>Done; go on.</summary>
    Delivered,

    /// <summary>Nothing of this batch counts as taken. Hand over the same batch again after a pause.</summary>
    Retry,

    /// <summary>
    /// The destination has looked at the batch and will never take it as it is; nothing of it counts as taken. It comes
    /// again in smaller parts, until what is wrong is alone and can be set aside.
    /// </summary>
    Refused,

    /// <summary>
    /// What was taken since the durable cursor is in doubt. Go back to the durable cursor and deliver from there.
    /// </summary>
    Rewind,
}

/// <summary>A sink's answer. Failures are values: a sink that is down is a state, not an exception.</summary>
/// <param name="Outcome">What to do next.</param>
/// <param name="Reason">Why not, in words for an operator; null when delivered.</param>
/// <param name="RetryAfter">The destination asked not to be tried again before; zero when it did not.</param>
internal readonly record struct DeliveryResult(DeliveryOutcome Outcome, string? Reason, TimeSpan RetryAfter = default)
{
    public static DeliveryResult Delivered => default;

    public bool IsDelivered => Outcome == DeliveryOutcome.Delivered;

    public static DeliveryResult Retry(string reason, TimeSpan after = default) =>
        new(DeliveryOutcome.Retry, reason, after);

    /// <param name="reason">The destination's words; they go to the dead letters beside the event.</param>
    public static DeliveryResult Refused(string reason) => new(DeliveryOutcome.Refused, reason);

    public static DeliveryResult Rewind(string reason) => new(DeliveryOutcome.Rewind, reason);
}
