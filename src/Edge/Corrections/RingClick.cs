using Edge.Events;
using EventId = Edge.Events.EventId;

namespace Edge.Corrections;

/// <summary>What has become of a click that can still be judged.</summary>
internal enum ClickState
{
    /// <summary>It counts, or does not, as it was judged when it came.</summary>
    AsJudged,

    /// <summary>An enforced rule has taken it back.</summary>
    TakenBack,

    /// <summary>A visit has given it back.</summary>
    GivenBack,
}

/// <summary>By what clicks are found together.</summary>
internal enum ClickGroup
{
    Message,
    Address,
    Visitor,
}

/// <summary>A click that can still be judged, or something on a decoy. Used by one thread.</summary>
internal sealed class RingClick
{
    /// <summary>
    /// Bytes that a click takes beside what is kept of its event: the object, its place and its three groups.
    /// </summary>
    public const int OwnBytes = 344;

    /// <summary>Number in the order of arrival, from 1.</summary>
    public long Number { get; set; }

    public EventId Id { get; init; }

    public long AtMs { get; init; }

    /// <summary>
    /// The time of the journal when it was read, by which it is let go; an edge may send what is hours old.
    /// </summary>
    public long ArrivedMs { get; init; }

    public long SentMs { get; init; }

    /// <summary>The verdict that the event has.</summary>
    public Verdict Verdict { get; init; }

    public ulong Link { get; init; }

    /// <summary>Whether it was on a decoy.</summary>
    public bool IsDecoy { get; init; }

    /// <summary>
    /// Whether it is a click; else it is the picture of a decoy, which is evidence and nothing to take back.
    /// </summary>
    public bool IsClick { get; init; }

    /// <summary>
    /// The members of the event that its correction has, too, as a JSON object; empty when it needs none.
    /// </summary>
    public byte[] Kept { get; init; } = [];

    /// <summary>The late rules, by their place, that ask for one of the rules that matched it.</summary>
    public uint Precedes { get; set; }

    /// <summary>The late rules, by their place, that have judged it.</summary>
    public uint JudgedBy { get; set; }

    public ClickState State { get; set; }

    /// <summary>The verdict it was taken back with.</summary>
    public Verdict TakenAs { get; set; }

    /// <summary>Whether a rule in shadow has been recorded for it.</summary>
    public bool IsShadowed { get; set; }

    /// <summary>Whether the rule that took it back is certain.</summary>
    public bool IsCertain { get; set; }

    /// <summary>What it is found by; 0 for none.</summary>
    public required UInt128[] Keys { get; init; }

    /// <summary>Numbers of the clicks before it with the same key; 0 for none.</summary>
    public long[] Before { get; } = new long[3];

    public int Bytes => OwnBytes + Kept.Length;
}
