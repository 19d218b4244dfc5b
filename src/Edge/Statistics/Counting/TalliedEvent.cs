using System.Buffers.Text;
using System.Text.Json;

namespace Edge.Statistics.Counting;

/// <summary>The kinds of events that experiments count.</summary>
internal enum TalliedKind
{
    /// <summary>An event that experiments do not count.</summary>
    Other,

    /// <summary>A variant was shown.</summary>
    Impression,

    /// <summary>Its link was followed.</summary>
    Click,

    /// <summary>A view reported by the sender.</summary>
    View,

    /// <summary>A conversion reported by the sender.</summary>
    Conversion,
}

/// <summary>The event's verdict, as far as the tally tells verdicts apart.</summary>
internal enum TalliedVerdict
{
    /// <summary>Unknown, as for a client without a user agent; counted, but starts no trial.</summary>
    Unknown,

    /// <summary>A person.</summary>
    Human,

    /// <summary>A mail provider's image proxy, acting for a person.</summary>
    Proxy,

    /// <summary>A crawler.</summary>
    Bot,

    /// <summary>A mail security scanner.</summary>
    Scanner,

    /// <summary>A speculative load by a browser.</summary>
    Prefetch,
}

/// <summary>
/// The members of an event that the tally needs, read from its bytes without allocating and without parsing the rest.
/// Meanings: <c>docs/event-schema.md</c>.
/// </summary>
internal struct TalliedEvent
{
    private const double BasisPointsOfOne = 10_000;
    private const int UnitHashChars = 16;

    private Range _experimentUid;
    private Range _variantId;

    public TalliedKind Kind { get; private set; }

    public TalliedVerdict Verdict { get; private set; }

    /// <summary>When it was received, milliseconds since 1970 UTC.</summary>
    public long AtMs { get; private set; }

    /// <summary>The variant's probability when it was chosen; 0 when no chance was involved.</summary>
    public int BasisPoints { get; private set; }

    /// <summary>Version of the weights of that choice; 0 when no chance was involved.</summary>
    public int WeightsVersion { get; private set; }

    /// <summary>The unit under the key of the day; 0 when there is none.</summary>
    public ulong Unit { get; private set; }

    /// <summary>The unit under the key of the day before; 0 when there is none.</summary>
    public ulong PreviousUnit { get; private set; }

    /// <summary>Whether it is automated, so that it counts only among the machines.</summary>
    public readonly bool IsMachine =>
        Verdict is TalliedVerdict.Bot or TalliedVerdict.Scanner or TalliedVerdict.Prefetch;

    /// <summary>Whether it can start or complete a trial.</summary>
    public readonly bool IsPerson => Verdict is TalliedVerdict.Human or TalliedVerdict.Proxy;

    /// <summary>Reads one event; false when it belongs to no experiment, or is not JSON.</summary>
    /// <param name="payload">The event as the journal has it.</param>
    /// <param name="acceptedMs">When its id was created, for an event without <c>received_at</c>.</param>
    /// <param name="read">The event.</param>
    public static bool TryRead(ReadOnlySpan<byte> payload, long acceptedMs, out TalliedEvent read)
    {
        read = new TalliedEvent { AtMs = acceptedMs };
        try
        {
            var reader = new Utf8JsonReader(payload);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return false;
            }
            // Members are in the documented order, so nothing of interest follows the verdict.
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName && !read.ReadMember(ref reader)) { }
        }
        catch (JsonException)
        {
            return false;
        }
        return !read.ExperimentUid(payload).IsEmpty;
    }

    /// <summary>Uid of the experiment, a view of the event's payload.</summary>
    public readonly ReadOnlySpan<byte> ExperimentUid(ReadOnlySpan<byte> payload) => payload[_experimentUid];

    /// <summary>Id of the variant, a view of the event's payload; empty when the event has none.</summary>
    public readonly ReadOnlySpan<byte> VariantId(ReadOnlySpan<byte> payload) => payload[_variantId];

    /// <summary>Returns true when this was the last member of interest.</summary>
    private bool ReadMember(ref Utf8JsonReader reader)
    {
        var name = reader.ValueSpan;
        reader.Read();
        switch (name.Length)
        {
            case 4 when name.SequenceEqual("type"u8):
                Kind = KindOf(Text(ref reader));
                return false;
            case 7 when name.SequenceEqual("variant"u8):
                _variantId = RangeOf(ref reader);
                return false;
            case 7 when name.SequenceEqual("verdict"u8):
                Verdict = VerdictOf(Text(ref reader));
                return true;
            case 9 when name.SequenceEqual("unit_hash"u8):
                Unit = Hash(Text(ref reader));
                return false;
            case 11 when name.SequenceEqual("received_at"u8):
                if (reader.TokenType == JsonTokenType.String && reader.TryGetDateTimeOffset(out var at))
                {
                    AtMs = at.ToUnixTimeMilliseconds();
                }
                return false;
            case 11 when name.SequenceEqual("probability"u8):
                if (
                    reader.TokenType == JsonTokenType.Number
                    && reader.TryGetDouble(out var probability)
                    && probability is > 0 and <= 1
                )
                {
                    BasisPoints = (int)Math.Round(probability * BasisPointsOfOne);
                }
                return false;
            case 14 when name.SequenceEqual("experiment_uid"u8):
                _experimentUid = RangeOf(ref reader);
                return false;
            case 14 when name.SequenceEqual("unit_hash_prev"u8):
                PreviousUnit = Hash(Text(ref reader));
                return false;
            case 15 when name.SequenceEqual("weights_version"u8):
                if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var version))
                {
                    WeightsVersion = version;
                }
                return false;
            default:
                reader.Skip();
                return false;
        }
    }

    /// <summary>The range of a string value within the payload; no value read here needs escapes.</summary>
    private static Range RangeOf(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.String && !reader.ValueIsEscaped)
        {
            var start = (int)reader.TokenStartIndex + 1;
            return new Range(start, start + reader.ValueSpan.Length);
        }
        reader.Skip();
        return default;
    }

    private static ReadOnlySpan<byte> Text(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.String && !reader.ValueIsEscaped)
        {
            return reader.ValueSpan;
        }
        reader.Skip();
        return default;
    }

    private static ulong Hash(ReadOnlySpan<byte> text) =>
        text.Length == UnitHashChars
        && Utf8Parser.TryParse(text, out ulong hash, out var read, 'x')
        && read == UnitHashChars
            ? hash
            : 0;

    private static TalliedKind KindOf(ReadOnlySpan<byte> text) =>
        text switch
        {
            _ when text.SequenceEqual("impression"u8) => TalliedKind.Impression,
            _ when text.SequenceEqual("click"u8) => TalliedKind.Click,
            _ when text.SequenceEqual("view"u8) => TalliedKind.View,
            _ when text.SequenceEqual("conversion"u8) => TalliedKind.Conversion,
            _ => TalliedKind.Other,
        };

    private static TalliedVerdict VerdictOf(ReadOnlySpan<byte> text) =>
        text switch
        {
            _ when text.SequenceEqual("human"u8) => TalliedVerdict.Human,
            _ when text.SequenceEqual("proxy"u8) => TalliedVerdict.Proxy,
            _ when text.SequenceEqual("bot"u8) => TalliedVerdict.Bot,
            _ when text.SequenceEqual("scanner"u8) => TalliedVerdict.Scanner,
            _ when text.SequenceEqual("prefetch"u8) => TalliedVerdict.Prefetch,
            _ => TalliedVerdict.Unknown,
        };
}
