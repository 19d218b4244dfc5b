using System.Buffers.Text;
using System.Text.Json;
using Edge.Events;
using Edge.Formats;
using Edge.Visits;

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

    /// <summary>Another verdict on an earlier click.</summary>
    Correction,
}

/// <summary>
/// The members of an event that the tally needs, read from its bytes without allocating and without parsing the rest.
/// Meanings: <c>docs/event-schema.md</c>.
/// </summary>
internal struct TalliedEvent
{
    private const int UnitHashChars = 16;

    private Range _experimentUid;
    private Range _variantId;
    private Range _goals;
    private Range _source;
    private Range _country;
    private Range _device;
    private Range _browser;
    private Range _verdictBefore;
    private Range _verdict;
    private long _timestampMs;
    private bool _isSynthetic;
    private bool _isUnitIgnored;

    public TalliedKind Kind { get; private set; }

    /// <summary>
    /// The automation verdict; <see cref="Verdict.Unjudged"/> counts like <see cref="Verdict.Unknown"/>.
    /// </summary>
    public Verdict Verdict { get; private set; }

    /// <summary>The verdict that a correction replaces.</summary>
    public Verdict VerdictBefore { get; private set; }

    /// <summary>
    /// When it was received, milliseconds since 1970 UTC; of a correction, when what it corrects was.
    /// </summary>
    public long AtMs { get; private set; }

    /// <summary>The variant's probability when it was chosen; 0 when no chance was involved.</summary>
    public int BasisPoints { get; private set; }

    /// <summary>Version of the weights of that choice; 0 when no chance was involved.</summary>
    public int WeightsVersion { get; private set; }

    /// <summary>The unit under the key of the day; 0 when there is none.</summary>
    public ulong Unit { get; private set; }

    /// <summary>The unit under the key of the day before; 0 when there is none.</summary>
    public ulong PreviousUnit { get; private set; }

    /// <summary>The unit under the experiment's own key, the same every day; 0 when there is none.</summary>
    public ulong StableUnit { get; private set; }

    /// <summary>Whether its sender's id of the unit was a merge tag that was not filled.</summary>
    public bool IsUnfilledTag { get; private set; }

    /// <summary>
    /// Whether the person was left out of it, so that it stands for whoever was shown its variant.
    /// </summary>
    public readonly bool IsUnitless => _isUnitIgnored && Unit == 0 && BasisPoints > 0;

    /// <summary>64 bits of its id that no other event has; 0 when there is none.</summary>
    public ulong IdBits { get; private set; }

    /// <summary>Whether it is automated, so that it counts only among the machines.</summary>
    public readonly bool IsMachine => Verdict.IsMachine();

    /// <summary>Whether it can start or complete a trial.</summary>
    public readonly bool IsPerson => Verdict.IsPerson();

    /// <summary>Reads one event; false when no experiment counts it, as none does a test's, or it is not JSON.</summary>
    /// <param name="payload">The event as the journal has it.</param>
    /// <param name="acceptedMs">When its id was created, for an event without <c>received_at</c>.</param>
    /// <param name="read">The event.</param>
    public static bool TryRead(ReadOnlySpan<byte> payload, long acceptedMs, out TalliedEvent read)
    {
        read = new TalliedEvent { AtMs = acceptedMs };
        var members = new EventScanner(payload);
        // Members are in the documented order, so nothing of interest follows the verdict.
        while (members.Next() && !read.ReadMember(members)) { }

        return !members.IsBroken
            && !read._isSynthetic
            && (!read.ExperimentUid(payload).IsEmpty || !read.Goals(payload).IsEmpty);
    }

    /// <summary>Uid of the experiment, a view of the event's payload.</summary>
    public readonly ReadOnlySpan<byte> ExperimentUid(ReadOnlySpan<byte> payload) => payload[_experimentUid];

    /// <summary>Id of the variant, a view of the event's payload; empty when the event has none.</summary>
    public readonly ReadOnlySpan<byte> VariantId(ReadOnlySpan<byte> payload) => payload[_variantId];

    // What is known of the visitor: views of the payload as the event has it, escapes included; empty when unknown.
    public readonly ReadOnlySpan<byte> Source(ReadOnlySpan<byte> payload) => payload[_source];

    public readonly ReadOnlySpan<byte> Country(ReadOnlySpan<byte> payload) => payload[_country];

    public readonly ReadOnlySpan<byte> Device(ReadOnlySpan<byte> payload) => payload[_device];

    public readonly ReadOnlySpan<byte> Browser(ReadOnlySpan<byte> payload) => payload[_browser];

    public readonly ReadOnlySpan<byte> VerdictWordBefore(ReadOnlySpan<byte> payload) => payload[_verdictBefore];

    public readonly ReadOnlySpan<byte> VerdictWord(ReadOnlySpan<byte> payload) => payload[_verdict];

    /// <summary>
    /// The experiments whose goal it reaches by its name, an array that <see cref="TryReadGoal"/> reads; empty for none.
    /// </summary>
    public readonly ReadOnlySpan<byte> Goals(ReadOnlySpan<byte> payload) => payload[_goals];

    /// <summary>Reads the next goal of an array; false at its end.</summary>
    /// <param name="reader">A reader of the array.</param>
    /// <param name="units">Room for the hashes of the units; further ones are left out.</param>
    /// <param name="uid">Uid of the experiment.</param>
    /// <param name="count">Number of units.</param>
    /// <param name="value">The number that counts; 0 when the event itself does.</param>
    public static bool TryReadGoal(
        ref Utf8JsonReader reader,
        scoped Span<ulong> units,
        out ReadOnlySpan<byte> uid,
        out int count,
        out double value
    )
    {
        uid = default;
        count = 0;
        value = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                continue;
            }
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isUid = EventSchema.ExperimentUid.Is(reader.ValueSpan);
                reader.Read();
                if (isUid)
                {
                    uid = Text(ref reader);
                }
                else if (reader.TokenType == JsonTokenType.Number)
                {
                    value = reader.GetDouble();
                }
                else if (reader.TokenType == JsonTokenType.StartArray)
                {
                    while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                    {
                        if (Hash(Text(ref reader)) is not 0 and var unit && count < units.Length)
                        {
                            units[count++] = unit;
                        }
                    }
                }
                else
                {
                    reader.Skip();
                }
            }
            return true;
        }
        return false;
    }

    /// <summary>Returns true when this was the last member of interest.</summary>
    private bool ReadMember(in EventScanner member)
    {
        var name = member.Name;
        switch (name.Length)
        {
            case 2 when EventSchema.Id.Is(name):
                IdBits = Fold(member.PlainText);
                return false;
            case 4 when EventSchema.Type.Is(name):
                Kind = KindOf(member.PlainText);
                AtMs = Kind == TalliedKind.Correction && _timestampMs > 0 ? _timestampMs : AtMs;
                return false;
            case 5 when EventSchema.Goals.Is(name):
                _goals = member.ValueAt;
                return false;
            case 7 when EventSchema.Variant.Is(name):
                _variantId = member.IsEscaped ? default : TextAt(member);
                return false;
            case 6 when EventSchema.Source.Is(name):
                _source = TextAt(member);
                return false;
            case 7 when EventSchema.Country.Is(name):
                _country = TextAt(member);
                return false;
            case 7 when EventSchema.Browser.Is(name):
                _browser = TextAt(member);
                return false;
            case 11 when EventSchema.DeviceType.Is(name):
                _device = TextAt(member);
                return false;
            case 7 when EventSchema.Verdict.Is(name):
                Verdict = VerdictNames.Find(member.PlainText);
                _verdict = TextAt(member);
                return true;
            case 9 when EventSchema.Synthetic.Is(name):
                _isSynthetic = true;
                return true;
            case 9 when EventSchema.Timestamp.Is(name):
                // Until the type is known it can be that of any sender.
                _timestampMs = Timestamp.TryParse(member.PlainText, out var stated) ? stated.ToUnixTimeMilliseconds() : 0;
                return false;
            case 14 when EventSchema.VerdictBefore.Is(name):
                VerdictBefore = VerdictNames.Find(member.PlainText);
                _verdictBefore = TextAt(member);
                return false;
            case 9 when EventSchema.UnitHash.Is(name):
                Unit = Hash(member.PlainText);
                return false;
            case 11 when EventSchema.ReceivedAt.Is(name):
                if (Timestamp.TryParse(member.PlainText, out var at))
                {
                    AtMs = at.ToUnixTimeMilliseconds();
                }
                return false;
            case 11 when EventSchema.Probability.Is(name):
                if (TryReadNumber(member, out double probability) && probability is > 0 and <= 1)
                {
                    BasisPoints = (int)Math.Round(probability * Edge.Formats.BasisPoints.Whole);
                }
                return false;
            case 12 when EventSchema.UnitIgnored.Is(name):
                _isUnitIgnored = true;
                IsUnfilledTag = member.PlainText.SequenceEqual(Visit.MergeTagIgnored);
                return false;
            case 14 when EventSchema.ExperimentUid.Is(name):
                _experimentUid = member.IsEscaped ? default : TextAt(member);
                return false;
            case 14 when EventSchema.UnitHashPrevious.Is(name):
                PreviousUnit = Hash(member.PlainText);
                return false;
            case 15 when EventSchema.WeightsVersion.Is(name):
                if (!member.IsText && Utf8Parser.TryParse(member.Value, out int version, out var read))
                {
                    WeightsVersion = read == member.Value.Length ? version : 0;
                }
                return false;
            case 16 when EventSchema.UnitHashStable.Is(name):
                StableUnit = Hash(member.PlainText);
                return false;
            default:
                return false;
        }
    }

    /// <summary>Where a text value stands in the payload, with the escapes it has.</summary>
    private static Range TextAt(in EventScanner member) => member.IsText ? member.ValueAt : default;

    private static bool TryReadNumber(in EventScanner member, out double number)
    {
        number = 0;
        return !member.IsText
            && Utf8Parser.TryParse(member.Value, out number, out var read)
            && read == member.Value.Length;
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

    /// <summary>
    /// An id in its text form as 64 bits: its first half, which has the time, spread over all of them by an odd factor, and
    /// its second half.
    /// </summary>
    private static ulong Fold(ReadOnlySpan<byte> text)
    {
        const ulong Odd = 0x9e37_79b9_7f4a_7c15;
        Span<byte> digits = stackalloc byte[2 * UnitHashChars];
        if (text.Length != Events.EventId.TextChars)
        {
            return 0;
        }

        text[..8].CopyTo(digits);
        text[9..13].CopyTo(digits[8..]);
        text[14..18].CopyTo(digits[12..]);
        text[19..23].CopyTo(digits[16..]);
        text[24..].CopyTo(digits[20..]);
        return unchecked(Hash(digits[..UnitHashChars]) * Odd) ^ Hash(digits[UnitHashChars..]);
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
            _ when text.SequenceEqual("verdict"u8) => TalliedKind.Correction,
            _ => TalliedKind.Other,
        };
}
