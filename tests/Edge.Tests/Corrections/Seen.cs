using System.Globalization;
using System.Text;
using Edge.Events;

namespace Edge.Tests.Corrections;

/// <summary>One event of a story as the journal has it, written by the real encoder.</summary>
internal sealed record Seen
{
    public static readonly DateTimeOffset Sent = new(2026, 5, 16, 9, 0, 0, TimeSpan.Zero);

    public string Type { get; init; } = "click";

    /// <summary>When it is received, milliseconds after the first send.</summary>
    public long Ms { get; init; }

    /// <summary>When its message was sent, milliseconds after the first one.</summary>
    public long SentMs { get; init; }

    /// <summary>The experiment, which is the link.</summary>
    public string Link { get; init; } = "a";

    public string Url { get; init; } = "";

    /// <summary>The message of a signed link; 0 for none.</summary>
    public ulong Message { get; init; }

    /// <summary>0 for none.</summary>
    public ulong Unit { get; init; }

    /// <summary>0 for none.</summary>
    public ulong Address { get; init; } = 1;
    public string Browser { get; init; } = "chrome";
    public string Verdict { get; init; } = "human";
    public string Reason { get; init; } = "";
    public string Shadow { get; init; } = "";
    public string Goals { get; init; } = "";
    public string Synthetic { get; init; } = "";
    public string Source { get; init; } = "newsletter";
    public string Country { get; init; } = "DE";

    /// <summary>Whoever did it, for those who count people; the event does not say.</summary>
    public int Person { get; init; } = -1;

    public EventId Id { get; init; }

    public DateTimeOffset At => Sent.AddMilliseconds(Ms);

    /// <summary>A click on a link of a signed message.</summary>
    public static Seen Signed(long ms, string link, ulong message = 7) =>
        new()
        {
            Ms = ms,
            Link = link,
            Message = message,
            Unit = message * 1_000 + link[0],
        };

    /// <summary>A click on a link without a token.</summary>
    public static Seen Plain(long ms, string link, ulong address = 1) =>
        new()
        {
            Ms = ms,
            Link = link,
            Address = address,
            Unit = address * 1_000 + link[0],
        };

    public byte[] Encode(EventId id)
    {
        var tracked = new TrackedEvent
        {
            Id = id,
            Node = "test",
            ReceivedAt = At,
            SentAt = Message == 0 ? null : Sent.AddMilliseconds(SentMs),
            Api = "pictify",
            Project = "default",
            Synthetic = Encoding.UTF8.GetBytes(Synthetic),
            Type = Type,
            Event = "redirect"u8,
            Experiment = Link.Length > 0 ? "slug"u8 : default,
            ExperimentUid = Encoding.UTF8.GetBytes(Link.Length > 0 ? "exp_" + Link : ""),
            Variant = Link.Length > 0 ? "a"u8 : default,
            ProbabilityBasisPoints = Link.Length > 0 ? 2_500 : 0,
            WeightsVersion = Link.Length > 0 ? 3 : 0,
            UnitHash = Hash(Unit),
            MessageHash = Hash(Message),
            Goals = Encoding.UTF8.GetBytes(Goals),
            Url = Encoding.UTF8.GetBytes(Url),
            Source = Source,
            Country = Country,
            DeviceType = "desktop",
            Browser = Browser,
            Os = "windows",
            AddressHash = Address == 0 ? [] : [.. Hash(Address), .. Hash(Address)],
            Verdict = Verdict,
            VerdictReason = Reason,
            VerdictShadow = Shadow,
        };
        return EventEncoder.Encode(tracked, room: 0).ToArray();
    }

    private static byte[] Hash(ulong number) =>
        number == 0 ? [] : Encoding.ASCII.GetBytes(number.ToString("x16", CultureInfo.InvariantCulture));
}
