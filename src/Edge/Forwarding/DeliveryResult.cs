namespace Edge.Forwarding;

/// <summary>What the pump has to do after it asked a sink for something.</summary>
internal enum DeliveryOutcome
{
    /// <summary>Done; go on.</summary>
    Delivered,

    /// <summary>Nothing of this batch counts as taken. Hand over the same batch again after a pause.</summary>
    Retry,

    /// <summary>
    /// What was taken since the durable cursor is in doubt. Go back to the durable cursor and deliver from there.
    /// </summary>
    Rewind,
}

/// <summary>A sink's answer. Failures are values: a sink that is down is a state, not an exception.</summary>
/// <param name="Outcome">What to do next.</param>
/// <param name="Reason">Why not, in words for an operator; null when delivered.</param>
internal readonly record struct DeliveryResult(DeliveryOutcome Outcome, string? Reason)
{
    public static DeliveryResult Delivered => default;

    public bool IsDelivered => Outcome == DeliveryOutcome.Delivered;

    public static DeliveryResult Retry(string reason) => new(DeliveryOutcome.Retry, reason);

    public static DeliveryResult Rewind(string reason) => new(DeliveryOutcome.Rewind, reason);
}
