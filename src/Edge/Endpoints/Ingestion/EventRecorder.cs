using System.Text;
using Edge.Access;
using Edge.Catalog;
using Edge.Duplicates;
using Edge.Enrichment.Sources;
using Edge.Enrichment.Verdicts;
using Edge.Events;
using Edge.Experiments;
using Edge.Formats;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Requests;
using Edge.Requests.Ingestion;
using Edge.Selection;
using Edge.Telemetry;
using Edge.Visits;
using EventId = Edge.Events.EventId;

namespace Edge.Endpoints.Ingestion;

/// <summary>Who sends events, as its key says.</summary>
/// <param name="Api">The API, a word of <see cref="EventApi"/>.</param>
/// <param name="Project">The project.</param>
/// <param name="Environment">The part of the project; null when the key names none.</param>
/// <param name="IsAuthenticated">Whether a valid key was shown.</param>
internal readonly record struct Sender(string Api, string Project, string? Environment, bool IsAuthenticated)
{
    public static Sender Of(string api, ApiKey key) =>
        new(api, key.Project ?? ApiKey.DefaultProject, key.Environment, IsAuthenticated: true);
}

/// <summary>An event of a running experiment, as it was reported.</summary>
/// <param name="Index">Its position in the request.</param>
/// <param name="Event">What was reported.</param>
/// <param name="Experiment">The experiment.</param>
/// <param name="Stated">Index of the variant the sender showed; negative when it did not say.</param>
/// <param name="IsVisitor">Whether the visitor's own browser reports it, so that address and user agent are the
/// visitor's.</param>
/// <param name="IsAuthenticated">Whether it came with a valid key.</param>
internal readonly record struct ExperimentEvent(
    int Index,
    ReceivedEvent Event,
    CatalogEntry Experiment,
    int Stated,
    bool IsVisitor,
    bool IsAuthenticated
);

/// <summary>
/// Turns the events of one request into records of the journal: the server reads its sender once, then each event is
/// recognised or enriched, encoded and appended. Nothing here waits for a disk. Thread safe.
/// </summary>
/// <param name="node">Name of this process, a member of every event.</param>
/// <param name="payloadBytesMax">Longest event a record of the journal holds.</param>
/// <param name="time">The clock.</param>
/// <param name="requests">Describes requests.</param>
/// <param name="visitors">Reads their senders.</param>
/// <param name="variants">Says what variant a visitor was shown.</param>
/// <param name="goals">Says which experiments' goals an event reaches by its name.</param>
/// <param name="verdicts">Where rules that decided are counted.</param>
/// <param name="duplicates">Recognises events sent before.</param>
/// <param name="journal">Where events go.</param>
/// <param name="metrics">Where events are counted.</param>
internal sealed class EventRecorder(
    string node,
    int payloadBytesMax,
    TimeProvider time,
    VisitRequestReader requests,
    VisitorReader visitors,
    VariantAssigner variants,
    GoalMatcher goals,
    VerdictJudge verdicts,
    DuplicateWindow duplicates,
    EventJournal journal,
    Metrics metrics
)
{
    /// <summary>Bytes that node, project, names and enrichment of one event take at most, generously.</summary>
    private const int OwnBytesMax = 16 * 1024;

    /// <summary>Events from which on what the server adds is measured instead: the bound above would be too high.</summary>
    private const int MeasuredFrom = 16;

    /// <summary>By how much it may differ between the events of a request: names of sources, ids, instants.</summary>
    private const int OwnBytesVary = 512;

    /// <summary>Envelope, header of the engine and padding of one record.</summary>
    private const int RecordBytes = 128;

    /// <summary>
    /// A byte of text becomes three at most: a character outside the first plane is four bytes and is escaped as
    /// twelve.
    /// </summary>
    private const int EscapeFactor = 3;

    private const int TextCharsMax = 2_048;

    private readonly EventIds _ids = new(time);

    public DateTimeOffset Now => time.GetUtcNow();

    /// <summary>
    /// Whether an event fits one record of the journal; asked before anything of a request that is all or nothing is
    /// appended.
    /// </summary>
    public bool Fits(ReceivedEvent e) => StatedBytes(e) + OwnBytesMax <= payloadBytesMax;

    /// <summary>
    /// Room in the journal for all events of a request, before the first is appended. For many events, what the server
    /// adds to each is measured on the first.
    /// </summary>
    public RoomNeed RoomFor(HttpContext context, in Sender sender, IReadOnlyList<ReceivedEvent> events)
    {
        var own = events.Count > MeasuredFrom ? MeasureOwn(context, sender, events[0]) : OwnBytesMax;
        var need = new RoomNeed { IsSynthetic = IsSynthetic(context) };
        foreach (var e in events)
        {
            // The source is taken from these two.
            var source = EscapeFactor * (long)(e.Url.Length + e.Referrer.Length);
            need = need.With(StatedBytes(e) + own + source + goals.BytesMax(e) + RecordBytes);
        }

        return need;
    }

    /// <summary>Room in the journal for the events of experiments of a request, at most a hundred.</summary>
    public RoomNeed RoomFor(HttpContext context, List<ExperimentEvent> events)
    {
        var need = new RoomNeed { IsSynthetic = IsSynthetic(context) };
        foreach (var e in events)
        {
            var record = StatedBytes(e.Event) + OwnBytesMax + GoalMatcher.GoalBytesMax + RecordBytes;
            need = need.With(record);
        }

        return need;
    }

    /// <summary>Appends all events; the answer says how many, and what to wait for.</summary>
    /// <param name="context">The request.</param>
    /// <param name="sender">Who sent them.</param>
    /// <param name="events">The events.</param>
    /// <param name="room">Room for all of them; returned once they are appended.</param>
    /// <param name="serverIds">Ids the server made for events without one, at the same indexes; such an event cannot be
    /// a repetition.</param>
    public Receipt Record(
        HttpContext context,
        Sender sender,
        IReadOnlyList<ReceivedEvent> events,
        JournalRoom room,
        ReadOnlyMemory<byte>[]? serverIds = null
    )
    {
        using var used = room;
        HeaderLineBuffer lines = default;
        var request = requests.Read(context, lines);
        var visitor = visitors.Read(request, VerdictScope.Api, stackalloc byte[VisitorReader.RoomBytes]);
        var siteHost = UrlText.Host(request.Origin);
        var trace = TraceIdOf(context, stackalloc byte[TraceParent.TraceIdChars]);
        Span<char> scratch = stackalloc char[SourceScratch.Chars];
        var statesFacts = events.Any(StatesVisitor);
        Span<byte> statedRoom = stackalloc byte[statesFacts ? VisitorReader.RoomBytes : 0];
        Span<char> agentRoom = stackalloc char[statesFacts ? VisitorFacts.CharsMax : 0];
        var test = request.SyntheticTest;
        var scope = DuplicateScope.Of(duplicates.Hash, sender.Api, sender.Project, sender.Environment, test);
        var receipt = new Receipt
        {
            Judgement = visitor.Judgement,
            IsSynthetic = !test.IsEmpty,
            Ids = AckHeader.IsAsked(context) ? [] : null,
        };
        for (var i = 0; i < events.Count; i++)
        {
            var serverId = serverIds is null ? default : serverIds[i].Span;
            var isRepeatable = serverId.IsEmpty && !events[i].SenderId.IsEmpty;
            var id = isRepeatable ? scope.HashOf(events[i].SenderId.Span) : default;
            if (isRepeatable && !duplicates.TryClaim(id, out var known))
            {
                receipt.Add(EventFate.Repeated, known);
                continue;
            }
            var tracked = Describe(sender, events[i], serverId);
            tracked.Synthetic = test;
            tracked.TraceId = trace;
            tracked.Goals = goals.Match(request, visitor, sender.Project, events[i]);
            var subject = StatesVisitor(events[i])
                ? ReadStated(request, events[i], statedRoom, agentRoom)
                : visitor;
            var result = Append(tracked, subject, siteHost, events[i], room, scratch, receipt.Ids, out var sequence);
            if (isRepeatable && result == AppendResult.Appended)
            {
                duplicates.Settle(id, sequence);
            }
            else if (isRepeatable)
            {
                duplicates.Forget(id);
            }

            receipt.Add(result, sequence);
        }
        Count(receipt);
        metrics.CountEvents(sender.Api, receipt.Stored, receipt.Repeated);
        return receipt;
    }

    /// <summary>
    /// Appends events of experiments, each with the variant its visitor was shown: the stated one, or for a visitor's
    /// own browser the one the pixel would give.
    /// </summary>
    public Receipt Record(HttpContext context, List<ExperimentEvent> events, JournalRoom room)
    {
        using var used = room;
        HeaderLineBuffer lines = default;
        var request = requests.Read(context, lines);
        var visitor = visitors.Read(request, VerdictScope.Api, stackalloc byte[VisitorReader.RoomBytes]);
        var siteHost = UrlText.Host(request.Origin);
        var trace = TraceIdOf(context, stackalloc byte[TraceParent.TraceIdChars]);
        Span<char> scratch = stackalloc char[SourceScratch.Chars];
        Span<byte> unitRoom = stackalloc byte[Bucketing.UnitBytesMax];
        Span<byte> hashRoom = stackalloc byte[VisitorReader.UnitRoomBytes];
        var unit = visitors.ReadUnit(request, visitor, null, unitRoom, out var unitSource, out var link);
        var receipt = new Receipt
        {
            Judgement = visitor.Judgement,
            IsUnitIgnored = unitSource == UnitSource.UnfilledTag,
            IsSynthetic = !request.SyntheticTest.IsEmpty,
            Ids = AckHeader.IsAsked(context) ? [] : null,
        };
        var statesFacts = events.Any(e => StatesVisitor(e.Event));
        Span<byte> statedRoom = stackalloc byte[statesFacts ? VisitorReader.RoomBytes : 0];
        Span<char> agentRoom = stackalloc char[statesFacts ? VisitorFacts.CharsMax : 0];
        foreach (var e in events)
        {
            var subject = StatesVisitor(e.Event) ? ReadStated(request, e.Event, statedRoom, agentRoom) : visitor;
            var shown = new Exposure(-1, 0, 0);
            scoped UnitHashes unitHashes = default;
            if (e.IsVisitor || unitSource.IsNamed())
            {
                var joins = e.Event.Type is "click" or "conversion";
                var isNamed = unitSource.IsNamed();
                unitHashes = visitors.HashUnit(e.Experiment, unit, isNamed, visitor.Now, joins, hashRoom);
                var kind = joins ? VisitKind.Click : VisitKind.Impression;
                shown = variants.AssignReported(
                    request,
                    subject,
                    e.Experiment,
                    kind,
                    e.Stated,
                    unit,
                    unitHashes.Longest
                );
            }
            else if (e.Stated >= 0 || e.Experiment is { Type: ExperimentType.Scheduled, IsByVisitorsClock: false })
            {
                // What such a schedule shows does not depend on who asks.
                shown = variants.AssignWithoutUnit(request, subject, e.Experiment, e.Stated);
            }
            var team = e.Experiment.Experiment.Team ?? ApiKey.DefaultProject;
            var sender = new Sender(EventApi.Pictify, team, null, e.IsAuthenticated);
            var tracked = Describe(sender, e.Event, default);
            tracked.Synthetic = request.SyntheticTest;
            tracked.TraceId = trace;
            tracked.Experiment = e.Experiment.SlugUtf8;
            tracked.ExperimentUid = e.Experiment.UidUtf8;
            tracked.Variant = shown.CountedVariant(e.Experiment);
            tracked.ProbabilityBasisPoints = shown.BasisPoints;
            tracked.WeightsVersion = shown.WeightsVersion;
            tracked.UnitHash = unitHashes.Today;
            tracked.UnitHashPrevious = unitHashes.Yesterday;
            tracked.UnitHashStable = unitHashes.Stable;
            if (unitSource == UnitSource.UnfilledTag)
            {
                tracked.UnitIgnored = Visit.MergeTagIgnored;
                metrics.CountUnfilledTag();
            }
            else
            {
                tracked.UnitIgnored = link.Ignored;
            }
            var isServer = e is { IsVisitor: false, IsAuthenticated: true };
            tracked.Goals = GoalMatcher.Match(
                e.Experiment,
                e.Event,
                unitHashes,
                subject.Judgement.Verdict,
                isServer
            );
            var result = Append(tracked, subject, siteHost, e.Event, room, scratch, receipt.Ids, out var sequence);
            receipt.Add(result, sequence);
        }

        Count(receipt);
        metrics.CountEvents(EventApi.Pictify, receipt.Stored, receipt.Repeated);
        return receipt;
    }

    private bool IsSynthetic(HttpContext context) => !requests.SyntheticTestOf(context).IsEmpty;

    /// <summary>Counts the rules that decided on people and machines.</summary>
    private void Count(in Receipt receipt)
    {
        if (!receipt.IsSynthetic)
        {
            verdicts.Count(receipt.Judgement);
        }
    }

    /// <summary>Bytes that the server adds to an event of this request.</summary>
    private int MeasureOwn(HttpContext context, in Sender sender, ReceivedEvent e)
    {
        HeaderLineBuffer lines = default;
        var request = requests.Read(context, lines);
        var visitor = visitors.Read(request, VerdictScope.Api, stackalloc byte[VisitorReader.RoomBytes]);
        var stated = e.Properties.Length + e.Extra.Length + e.Layers.Length;
        scoped var tracked = Describe(sender, e, default);
        tracked.Synthetic = request.SyntheticTest;
        tracked.TraceId = TraceIdOf(context, stackalloc byte[TraceParent.TraceIdChars]);
        return Math.Max(0, EncodedBytes(tracked, visitor) - stated) + OwnBytesVary;
    }

    private static int EncodedBytes(scoped TrackedEvent tracked, scoped in Visitor visitor)
    {
        visitor.WriteTo(ref tracked, default);
        return EventEncoder.Encode(tracked, Envelope.HeaderBytes).Length;
    }

    /// <summary>
    /// The trace that the request belongs to; empty when it says none, or more than one. Events do not depend on it.
    /// </summary>
    private static ReadOnlySpan<byte> TraceIdOf(HttpContext context, Span<byte> room) =>
        context.Request.Headers.TraceParent is [{ } header] && TraceParent.TraceIdIn(header) is { IsEmpty: false } id
            ? room[..Encoding.ASCII.GetBytes(id, room)]
            : default;

    /// <summary>Bytes of an event that its sender stated, as they are encoded at most.</summary>
    private static long StatedBytes(ReceivedEvent e)
    {
        var raw = e.Properties.Length + e.Extra.Length + e.Layers.Length;
        var text =
            e.Event.Length
            + e.SenderId.Length
            + e.UnitKey.Length
            + e.AnonymousId.Length
            + e.UserId.Length
            + e.SessionId.Length
            + e.DecisionId.Length
            + e.Url.Length
            + e.Path.Length
            + e.Referrer.Length;
        return raw + (long)EscapeFactor * text;
    }

    /// <summary>
    /// Whether an event says anything of its visitor that the request does not; only with a key that may are facts read.
    /// </summary>
    private static bool StatesVisitor(ReceivedEvent e) => !e.VisitorAddress.IsEmpty || !e.VisitorAgent.IsEmpty;

    /// <summary>
    /// The visitor whom a server describes: what it states instead of what the request says of the server itself.
    /// Headers are the server's own, so none of them counts.
    /// </summary>
    private Visitor ReadStated(in VisitRequest request, ReceivedEvent e, Span<byte> room, Span<char> agentRoom)
    {
        var hasAddress = ClientAddress.TryParse(Widen(e.VisitorAddress.Span, agentRoom), out var address);
        var agent = Widen(e.VisitorAgent.Span, agentRoom);
        var stated = new VisitRequest
        {
            Peer = hasAddress ? address : request.Peer,
            Query = request.Query,
            UserAgent = agent.IsEmpty ? request.UserAgent : agent,
            Headers = hasAddress ? default : request.Headers,
            SyntheticTest = request.SyntheticTest,
        };
        return visitors.Read(stated, VerdictScope.Api, room);
    }

    /// <summary>The event as its sender stated it.</summary>
    private TrackedEvent Describe(in Sender sender, ReceivedEvent e, ReadOnlySpan<byte> serverId) =>
        new()
        {
            SenderId = serverId.IsEmpty ? e.SenderId.Span : serverId,
            Node = node,
            Timestamp = e.Timestamp,
            Api = sender.Api,
            Project = sender.Project,
            Environment = sender.Environment,
            Type = e.Type,
            Event = e.Event.Span,
            Channel = e.Channel,
            UnitKey = e.UnitKey.Span,
            AnonymousId = e.AnonymousId.Span,
            UserId = e.UserId.Span,
            SessionId = e.SessionId.Span,
            DecisionId = e.DecisionId.Span,
            Layers = e.Layers.Span,
            Url = e.Url.Span,
            Path = e.Path.Span,
            Referrer = e.Referrer.Span,
            IsAuthenticated = sender.IsAuthenticated,
            Properties = e.Properties.Span,
            Extra = e.Extra.Span,
        };

    /// <summary>Adds what the server knows and appends the event.</summary>
    private AppendResult Append(
        scoped TrackedEvent tracked,
        scoped in Visitor visitor,
        scoped ReadOnlySpan<char> siteHost,
        ReceivedEvent e,
        JournalRoom room,
        scoped Span<char> scratch,
        List<EventId>? ids,
        out long sequence
    )
    {
        var source = SourceOf(siteHost, e, new SourceScratch(scratch));
        // Stamped with the time of receipt: on a server whose times are in seconds the id has its milliseconds.
        tracked.Id = _ids.Next(visitor.Now);
        if (ids?.Count < AckHeader.ReceiptsMax)
        {
            ids.Add(tracked.Id);
        }

        visitor.WriteTo(ref tracked, source);
        if (e.DeviceType.Length > 0)
        {
            tracked.DeviceType = e.DeviceType;
        }

        var record = EventEncoder.Encode(tracked, Envelope.HeaderBytes);
        return journal.TryAppend(record, tracked.Id, out sequence, room, isSynthetic: !tracked.Synthetic.IsEmpty);
    }

    /// <summary>
    /// Where the visit came from, by what the sender states of it (spec 6.7); nothing without page and referrer.
    /// </summary>
    private static TrafficSource SourceOf(
        ReadOnlySpan<char> siteHost,
        ReceivedEvent e,
        SourceScratch scratch
    )
    {
        var url = Widen(e.Url.Span, scratch.Url);
        var referrer = Widen(e.Referrer.Span, scratch.Referrer);
        _ = SourceClassifier.TryClassify(url, referrer, siteHost, scratch.Classifier, out var source);
        return source;
    }

    private static ReadOnlySpan<char> Widen(ReadOnlySpan<byte> text, Span<char> room) =>
        Encoding.UTF8.TryGetChars(text, room, out var written) ? room[..written] : default;

    /// <summary>The memory of one classification, one after the other.</summary>
    private readonly ref struct SourceScratch(Span<char> all)
    {
        public const int Chars = (2 * TextCharsMax) + SourceClassifier.ScratchChars;

        public Span<char> Url { get; } = all[..TextCharsMax];
        public Span<char> Referrer { get; } = all.Slice(TextCharsMax, TextCharsMax);
        public Span<char> Classifier { get; } = all[(2 * TextCharsMax)..];
    }
}
