using System.Globalization;
using System.Text;
using Edge.Events;

namespace Edge.Tests.Statistics;

/// <summary>One event as the tally meets it, written by the real encoder.</summary>
internal sealed record VisitEvent
{
    public static readonly DateTimeOffset Noon = new(2026, 5, 16, 12, 0, 0, TimeSpan.Zero);

    private static readonly EventIds Ids = new(TimeProvider.System);

    public string Type { get; init; } = "impression";
    public string Uid { get; init; } = "exp_abc123";
    public string Variant { get; init; } = "a";
    public DateTimeOffset At { get; init; } = Noon;

    /// <summary>0 is none.</summary>
    public ulong Unit { get; init; }
    public ulong PreviousUnit { get; init; }
    public ulong StableUnit { get; init; }
    public string Verdict { get; init; } = "human";

    /// <summary>The verdict that a correction replaces; empty for what is none.</summary>
    public string Before { get; init; } = "";
    public string Country { get; init; } = "";
    public string Source { get; init; } = "";
    public string Device { get; init; } = "desktop";
    public int BasisPoints { get; init; } = 5_000;
    public int Version { get; init; } = 1;

    public static VisitEvent Impression(ulong unit, double minutes, string variant = "a") =>
        new()
        {
            Unit = unit,
            Variant = variant,
            At = Noon.AddMinutes(minutes),
        };

    public static VisitEvent Click(ulong unit, double minutes, string variant = "a") =>
        Impression(unit, minutes, variant) with
        {
            Type = "click",
        };

    public static VisitEvent View(ulong unit, double minutes, string variant = "a") =>
        Impression(unit, minutes, variant) with
        {
            Type = "view",
        };

    /// <summary>An event that names no experiment and reaches the goal of one.</summary>
    public static VisitEvent Goal(double minutes, string uid = "exp_abc123", params ulong[] units) =>
        Goal(minutes, uid, "", units);

    public static VisitEvent Worth(double minutes, string value, params ulong[] units) =>
        Goal(minutes, "exp_abc123", $"\"value\":{value},", units);

    private static VisitEvent Goal(double minutes, string uid, string value, ulong[] units) =>
        new()
        {
            Type = "track",
            Uid = "",
            Variant = "",
            BasisPoints = 0,
            At = Noon.AddMinutes(minutes),
            Goals =
                $$"""[{"experiment_uid":"{{uid}}",{{value}}"unit_hashes":[{{string.Join(',', units.Select(u => $"\"{u:x16}\""))}}]}]""",
        };

    public string Goals { get; init; } = "";

    public string UnitIgnored { get; init; } = "";

    /// <summary>Name of the test that it is of; empty for none.</summary>
    public string Synthetic { get; init; } = "";

    /// <summary>Id of the event that a correction is about; null for what is none.</summary>
    public EventId? Corrects { get; init; }

    public byte[] Encode()
    {
        var tracked = new TrackedEvent
        {
            Id = Ids.Next(At),
            Timestamp = Type == "verdict" ? At : null,
            VerdictBefore = Before,
            Corrects = Corrects,
            Synthetic = Encoding.UTF8.GetBytes(Synthetic),
            Node = "test",
            ReceivedAt = At,
            Api = "pictify",
            Project = "default",
            Type = Type,
            Event = "pixel"u8,
            Experiment = Uid.Length > 0 ? "slug"u8 : default,
            UnitIgnored = Encoding.UTF8.GetBytes(UnitIgnored),
            Goals = Encoding.UTF8.GetBytes(Goals),
            ExperimentUid = Encoding.UTF8.GetBytes(Uid),
            Variant = Encoding.UTF8.GetBytes(Variant),
            ProbabilityBasisPoints = BasisPoints,
            WeightsVersion = BasisPoints > 0 ? Version : 0,
            UnitHash = Hash(Unit),
            UnitHashPrevious = Hash(PreviousUnit),
            UnitHashStable = Hash(StableUnit),
            Referrer = "https://mail.example/"u8,
            Source = Source,
            Country = Country,
            DeviceType = Device,
            Browser = "chrome",
            Os = "windows",
            AddressHash = "9c2f0d5a7f4e3b1a6d8c9e0f1a2b3c4d"u8,
            Verdict = Verdict,
            VerdictReason = "",
        };
        return EventEncoder.Encode(tracked, room: 0).ToArray();
    }

    public string Text() => Encoding.UTF8.GetString(Encode());

    private static byte[] Hash(ulong unit) =>
        unit == 0 ? [] : Encoding.ASCII.GetBytes(unit.ToString("x16", CultureInfo.InvariantCulture));
}
