using System.IO.Hashing;
using Edge.Enrichment.Verdicts;
using Edge.Events;
using EventId = Edge.Events.EventId;

namespace Edge.Corrections;

/// <summary>A verdict on a click that is reached after the click was stored.</summary>
/// <param name="Click">The click.</param>
/// <param name="Before">The verdict it has so far.</param>
/// <param name="Verdict">The verdict it gets; the one it has when the rule is in shadow.</param>
/// <param name="Rule">The rule.</param>
/// <param name="IsShadow">Whether the rule is in shadow, so that nothing changes.</param>
/// <param name="FoundMs">When what the rule waited for was received, milliseconds since 1970 UTC.</param>
internal sealed record Correction(
    RingClick Click,
    Verdict Before,
    Verdict Verdict,
    LateRule Rule,
    bool IsShadow,
    long FoundMs
)
{
    private const ulong Version7 = 0x7000;
    private const ulong Variant = 0x8000_0000_0000_0000;

    /// <summary>
    /// The time of the correction: just after that of the event that led to it, so that of a click and its corrections
    /// the one with the greatest id holds.
    /// </summary>
    public long AtMs => Math.Max(FoundMs, Click.AtMs) + 1;

    /// <summary>
    /// The id of the correction, which follows from what it says about which click: one that is found again has the
    /// same low half, and with the same journal before it the same id.
    /// </summary>
    public EventId Id
    {
        get
        {
            Span<byte> message = stackalloc byte[EventId.Bytes + 1];
            Click.Id.WriteBytes(message);
            message[^1] = (byte)(IsShadow ? 0 : Verdict.IsMachine() ? 1 : 2);
            var hash = XxHash3.HashToUInt64(message);
            return new EventId(
                ((ulong)AtMs << EventId.MillisecondsShift) | Version7 | (hash & 0xFFF),
                Variant | (hash >> 2)
            );
        }
    }
}
