namespace Edge.LoadTests.Reconciliation;

/// <summary>What a run knows of the events that it sent, warm-up and trial requests included.</summary>
/// <param name="Acknowledged">Events whose answer was as it should be.</param>
/// <param name="Refused">Events that were refused, by reason: not taken.</param>
/// <param name="Unconfirmed">Events of which it is not known whether they were taken.</param>
internal sealed record OwnLedger(long Acknowledged, IReadOnlyDictionary<string, long> Refused, long Unconfirmed)
{
    public long Sent => Acknowledged + Refused.Values.Sum() + Unconfirmed;
}
