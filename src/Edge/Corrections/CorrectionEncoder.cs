using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Edge.Events;
using EventId = Edge.Events.EventId;

namespace Edge.Corrections;

/// <summary>
/// Keeps of a click what its correction says, too, and writes the correction as an event of type <c>verdict</c>
/// (<c>docs/event-schema.md</c>). Used by one thread.
/// </summary>
internal static class CorrectionEncoder
{
    /// <summary>Longest value that is kept of a click, bytes; a longer one is left out of its correction.</summary>
    private const int ValueBytesMax = 512;

    private static readonly EventMember[] KeptMembers =
    [
        EventSchema.Api,
        EventSchema.Project,
        EventSchema.Environment,
        EventSchema.Experiment,
        EventSchema.ExperimentUid,
        EventSchema.Variant,
        EventSchema.Probability,
        EventSchema.WeightsVersion,
        EventSchema.UnitHash,
        EventSchema.UnitHashPrevious,
        EventSchema.UnitHashStable,
        EventSchema.MessageHash,
        EventSchema.Source,
        EventSchema.Country,
        EventSchema.DeviceType,
        EventSchema.Browser,
    ];

    /// <summary>The members of a click that its correction has, as a JSON object.</summary>
    public static byte[] Keep(ReadOnlySpan<byte> payload)
    {
        Span<byte> kept = stackalloc byte[KeptMembers.Length * (ValueBytesMax + 32)];
        var length = 0;
        var members = new EventScanner(payload);
        while (members.Next())
        {
            if (members.Value.Length <= ValueBytesMax && Find(members.Name) is { } member)
            {
                kept[length] = (byte)(length == 0 ? '{' : ',');
                var name = member.NameAndColon[1..];
                name.CopyTo(kept[(length + 1)..]);
                length += 1 + name.Length;
                var quote = members.IsText ? 1 : 0;
                var from = members.ValueAt.Start.Value - quote;
                var value = payload[from..(members.ValueAt.End.Value + quote)];
                value.CopyTo(kept[length..]);
                length += value.Length;
            }
        }

        if (length == 0)
        {
            return [];
        }

        kept[length] = (byte)'}';
        return kept[..(length + 1)].ToArray();
    }

    /// <summary>
    /// Encodes a correction after <paramref name="room"/> free bytes; the span is valid until the next event is encoded
    /// on this thread.
    /// </summary>
    public static Span<byte> Encode(Correction correction, EventId id, string node, int room)
    {
        var at = DateTimeOffset.FromUnixTimeMilliseconds(correction.AtMs);
        var tracked = new TrackedEvent
        {
            Id = id,
            Corrects = correction.Click.Id,
            Node = node,
            ReceivedAt = at,
            Timestamp = DateTimeOffset.FromUnixTimeMilliseconds(correction.Click.AtMs),
            Api = "",
            Project = "",
            Type = "verdict",
            Event = "click"u8,
            Country = "",
            DeviceType = "",
            Browser = "",
            Os = "",
            VerdictBefore = VerdictNames.Of(correction.Before),
            Verdict = VerdictNames.Of(correction.Verdict),
            VerdictReason = correction.IsShadow ? "" : correction.Rule.Id,
            VerdictCertainty = correction.Rule.CertaintyText,
            VerdictShadow = correction.IsShadow ? correction.Rule.ShadowText : null,
        };
        var members = new EventScanner(correction.Click.Kept);
        while (members.Next())
        {
            Take(ref tracked, members);
        }

        return EventEncoder.Encode(tracked, room);
    }

    private static EventMember? Find(ReadOnlySpan<byte> name)
    {
        foreach (var member in KeptMembers)
        {
            if (member.Is(name))
            {
                return member;
            }
        }

        return null;
    }

    private static void Take(ref TrackedEvent to, in EventScanner member)
    {
        var name = member.Name;
        if (EventSchema.Probability.Is(name))
        {
            if (Utf8Parser.TryParse(member.Value, out double share, out _))
            {
                to.ProbabilityBasisPoints = (int)Math.Round(share * Formats.BasisPoints.Whole);
            }
        }
        else if (EventSchema.WeightsVersion.Is(name))
        {
            to.WeightsVersion = Utf8Parser.TryParse(member.Value, out int version, out _) ? version : 0;
        }
        else if (Find(name) is { } kept)
        {
            TakeText(ref to, kept, TextOf(member));
        }
    }

    private static void TakeText(ref TrackedEvent to, EventMember member, byte[] text)
    {
        if (member == EventSchema.Api)
        {
            to.Api = Encoding.UTF8.GetString(text);
        }
        else if (member == EventSchema.Project)
        {
            to.Project = Encoding.UTF8.GetString(text);
        }
        else if (member == EventSchema.Environment)
        {
            to.Environment = Encoding.UTF8.GetString(text);
        }
        else if (member == EventSchema.Experiment)
        {
            to.Experiment = text;
        }
        else if (member == EventSchema.ExperimentUid)
        {
            to.ExperimentUid = text;
        }
        else if (member == EventSchema.Variant)
        {
            to.Variant = text;
        }
        else if (member == EventSchema.UnitHash)
        {
            to.UnitHash = text;
        }
        else if (member == EventSchema.UnitHashPrevious)
        {
            to.UnitHashPrevious = text;
        }
        else if (member == EventSchema.UnitHashStable)
        {
            to.UnitHashStable = text;
        }
        else if (member == EventSchema.MessageHash)
        {
            to.MessageHash = text;
        }
        else if (member == EventSchema.Source)
        {
            to.Source = Encoding.UTF8.GetString(text);
        }
        else if (member == EventSchema.Country)
        {
            to.Country = Encoding.UTF8.GetString(text);
        }
        else if (member == EventSchema.DeviceType)
        {
            to.DeviceType = Encoding.UTF8.GetString(text);
        }
        else if (member == EventSchema.Browser)
        {
            to.Browser = Encoding.UTF8.GetString(text);
        }
    }

    private static byte[] TextOf(in EventScanner member)
    {
        if (!member.IsEscaped)
        {
            return member.Value.ToArray();
        }

        var reader = new Utf8JsonReader([(byte)'"', .. member.Value, (byte)'"']);
        reader.Read();
        return Encoding.UTF8.GetBytes(reader.GetString()!);
    }
}
