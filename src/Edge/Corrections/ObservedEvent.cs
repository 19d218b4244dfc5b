using System.Buffers.Text;
using System.IO.Hashing;
using Edge.Events;
using Edge.Formats;

namespace Edge.Corrections;

/// <summary>What a late verdict needs to know an event as.</summary>
internal enum ObservedKind
{
    /// <summary>An event that no late verdict is about.</summary>
    Other,

    /// <summary>A pixel or image; only one of a decoy is of interest.</summary>
    Impression,

    Click,

    /// <summary>What a page or a server reported: somebody was there.</summary>
    Report,

    /// <summary>An earlier correction.</summary>
    Correction,
}

/// <summary>
/// The members of an event that late verdicts need, read from its bytes without allocating. Meanings:
/// <c>docs/event-schema.md</c>.
/// </summary>
internal ref struct ObservedEvent
{
    private const int HashChars = 16;

    private EventScanner _members;
    private ulong _experiment;
    private ulong _agent;
    private UInt128 _addressHash;

    public ObservedKind Kind { get; private set; }

    /// <summary>When it was received, milliseconds since 1970 UTC.</summary>
    public long AtMs { get; private set; }

    /// <summary>When its link was sent, likewise; 0 when that is not known.</summary>
    public long SentMs { get; private set; }

    public Verdict Verdict { get; private set; }

    /// <summary>The rule that gave its verdict; empty for none.</summary>
    public ReadOnlySpan<byte> Reason { get; private set; }

    /// <summary>What a rule in shadow would have made of it, <c>verdict:rule</c>; empty for none.</summary>
    public ReadOnlySpan<byte> Shadow { get; private set; }

    public ReadOnlySpan<byte> ExperimentUid { get; private set; }

    /// <summary>The goals it reaches, a JSON array; empty for none.</summary>
    public ReadOnlySpan<byte> Goals { get; private set; }

    /// <summary>The message its link stands in; 0 for none.</summary>
    public ulong Message { get; private set; }

    /// <summary>The unit within its experiment; 0 for none.</summary>
    public ulong Unit { get; private set; }

    /// <summary>
    /// The link, which is the experiment: it leads to one place, and whoever clicks can add to its URL what he likes.
    /// </summary>
    public readonly ulong Link => _experiment;

    public bool IsSynthetic { get; private set; }

    /// <summary>The address with the kind of browser; 0 when there is no address.</summary>
    public readonly UInt128 Address => _addressHash == 0 ? 0 : _addressHash ^ _agent;

    /// <summary>The unit with its experiment; 0 for none.</summary>
    public readonly UInt128 Visitor => VisitorOf(_experiment, Unit);

    public static UInt128 VisitorOf(ulong experiment, ulong unit) => unit == 0 ? 0 : new UInt128(experiment, unit);

    /// <summary>An experiment's uid as a number.</summary>
    public static ulong ExperimentOf(ReadOnlySpan<byte> uid) => XxHash3.HashToUInt64(uid);

    /// <summary>16 hexadecimal digits as a number; 0 when they are not.</summary>
    public static ulong Hash(ReadOnlySpan<byte> text) =>
        text.Length == HashChars && Utf8Parser.TryParse(text, out ulong hash, out var read, 'x') && read == HashChars
            ? hash
            : 0;

    /// <summary>
    /// Reads the first members of an event, up to its experiment; false when it is no event, or of a test.
    /// </summary>
    /// <param name="payload">The event.</param>
    /// <param name="acceptedMs">When its id was created, for an event without <c>received_at</c>.</param>
    /// <param name="read">What was read; <see cref="ReadRest"/> goes on.</param>
    public static bool TryReadHead(ReadOnlySpan<byte> payload, long acceptedMs, out ObservedEvent read)
    {
        read = new ObservedEvent { _members = new EventScanner(payload), AtMs = acceptedMs };
        while (read._members.Next())
        {
            if (read.ReadHead(read._members))
            {
                break;
            }
        }

        return !read._members.IsBroken && !read.IsSynthetic;
    }

    /// <summary>Reads all that follows; false when it is no event.</summary>
    public bool ReadRest()
    {
        var agent = new XxHash3State();
        while (_members.Next())
        {
            ReadMember(_members, ref agent);
        }

        _agent = agent.Value;
        return !_members.IsBroken;
    }

    /// <summary>Returns true when nothing of the head follows.</summary>
    private bool ReadHead(EventScanner member)
    {
        var name = member.Name;
        switch (name.Length)
        {
            case 11 when EventSchema.ReceivedAt.Is(name):
                AtMs = TimeOf(member) ?? AtMs;
                break;
            case 7 when EventSchema.SentAt.Is(name):
                SentMs = TimeOf(member) ?? 0;
                break;
            case 9 when EventSchema.Synthetic.Is(name):
                IsSynthetic = true;
                return true;
            case 4 when EventSchema.Type.Is(name):
                Kind = KindOf(member.PlainText);
                // Without an experiment there is no uid to stop at.
                return Kind is ObservedKind.Report or ObservedKind.Other or ObservedKind.Correction;
            case 14 when EventSchema.ExperimentUid.Is(name):
                TakeExperiment(member.PlainText);
                return true;
        }

        return false;
    }

    private void ReadMember(EventScanner member, ref XxHash3State agent)
    {
        var name = member.Name;
        switch (name.Length)
        {
            case 14 when EventSchema.ExperimentUid.Is(name):
                TakeExperiment(member.PlainText);
                break;
            case 9 when EventSchema.UnitHash.Is(name):
                Unit = Hash(member.PlainText);
                break;
            case 12 when EventSchema.MessageHash.Is(name):
                Message = Hash(member.PlainText);
                break;
            case 5 when EventSchema.Goals.Is(name):
                Goals = member.Value;
                break;
            case 11 when EventSchema.DeviceType.Is(name):
            case 7 when EventSchema.Browser.Is(name):
            case 15 when EventSchema.BrowserVersion.Is(name):
            case 2 when EventSchema.Os.Is(name):
            case 10 when EventSchema.OsVersion.Is(name):
                agent.Add(name.Length, member.Value);
                break;
            case 7 when EventSchema.AddressHash.Is(name):
                _addressHash = WideHash(member.PlainText);
                break;
            case 7 when EventSchema.Verdict.Is(name):
                Verdict = VerdictNames.Find(member.PlainText);
                break;
            case 14 when EventSchema.VerdictReason.Is(name):
                Reason = member.PlainText;
                break;
            case 14 when EventSchema.VerdictShadow.Is(name):
                Shadow = member.PlainText;
                break;
        }
    }

    private void TakeExperiment(ReadOnlySpan<byte> uid)
    {
        ExperimentUid = uid;
        _experiment = ExperimentOf(uid);
    }

    private static long? TimeOf(in EventScanner member) =>
        Timestamp.TryParse(member.PlainText, out var at) ? at.ToUnixTimeMilliseconds() : null;

    private static ObservedKind KindOf(ReadOnlySpan<byte> text) =>
        text switch
        {
            _ when text.SequenceEqual("impression"u8) => ObservedKind.Impression,
            _ when text.SequenceEqual("click"u8) => ObservedKind.Click,
            _ when text.SequenceEqual("verdict"u8) => ObservedKind.Correction,
            _ when text.SequenceEqual("decision"u8) => ObservedKind.Other,
            _ => ObservedKind.Report,
        };

    private static UInt128 WideHash(ReadOnlySpan<byte> text) =>
        text.Length == 2 * HashChars ? new UInt128(Hash(text[..HashChars]), Hash(text[HashChars..])) : 0;

    /// <summary>What the words of a browser add up to, in their order.</summary>
    private struct XxHash3State
    {
        public ulong Value { get; private set; }

        public void Add(int part, ReadOnlySpan<byte> word) =>
            Value = XxHash3.HashToUInt64(word, unchecked((long)Value) + part);
    }
}
