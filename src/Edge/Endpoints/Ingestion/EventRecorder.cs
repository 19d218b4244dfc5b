using System.Text;
using Edge.Access;
using Edge.Catalog;
using Edge.Duplicates;
using Edge.Enrichment.Geo;
using Edge.Enrichment.Hashing;
using Edge.Enrichment.Sources;
using Edge.Enrichment.UserAgents;
using Edge.Enrichment.Verdicts;
using Edge.Events;
using Edge.Experiments;
using Edge.Formats;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Requests;
using Edge.Requests.Ingestion;
using Edge.Selection;
using Edge.Settings;
using Edge.Telemetry;
using Edge.Visits;

namespace Edge.Endpoints.Ingestion;

/// <summary>
/// Turns the events of one request into records of the journal: what the server knows of the request is looked up once,
/// then each event is recognised or enriched, encoded and appended. Nothing here waits for a disk. Thread safe.
/// </summary>
internal sealed class EventRecorder(
    EdgeOptions options,
    TimeProvider time,
    ClientAddressResolver addresses,
    PlaceFinder places,
    UserAgentCache userAgents,
    VerdictJudge verdicts,
    VisitorHashes hashes,
    VisitRecorder visits,
    DuplicateWindow duplicates,
    EventJournal journal,
    Metrics metrics
)
{
    /// <summary>Bytes that node, project, names and enrichment of one event take at most, generously.</summary>
    private const int OwnBytesMax = 16 * 1024;

    /// <summary>
    /// A byte of text becomes three at most: a character outside the first plane is four bytes and is escaped as
    /// twelve.
    /// </summary>
    private const int EscapeFactor = 3;

    private const int TextCharsMax = 2_048;

    private readonly EventIds _ids = new(time);
    private readonly int _payloadBytesMax = options.ToJournalOptions().MaxPayloadBytes;

    public DateTimeOffset Now => time.GetUtcNow();

    /// <summary>
    /// Whether an event fits one record of the journal; asked before anything of a request that is all or nothing is
    /// appended.
    /// </summary>
    public bool Fits(ReceivedEvent e)
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
        return raw + (long)EscapeFactor * text + OwnBytesMax <= _payloadBytesMax;
    }

    /// <summary>Appends all events; the answer says how many, and what to wait for.</summary>
    /// <param name="context">The request.</param>
    /// <param name="sender">Who sent them.</param>
    /// <param name="events">The events.</param>
    /// <param name="serverIds">Ids the server made for events without one, at the same places; such an event cannot be
    /// a repetition.</param>
    public Receipt Record(
        HttpContext context,
        Sender sender,
        IReadOnlyList<ReceivedEvent> events,
        ReadOnlyMemory<byte>[]? serverIds = null
    )
    {
        Span<byte> addressText = stackalloc byte[ClientAddress.TextMaxBytes];
        Span<byte> addressHash = stackalloc byte[VisitorHashes.AddressHashChars];
        Span<char> scratch = stackalloc char[SourceScratch.Chars];
        var facts = FactsOf(context, addressText, addressHash);
        var scope = DuplicateScope.Of(duplicates.Hash, sender.Api, sender.Project, sender.Environment);
        var receipt = default(Receipt);
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
            var result = Append(
                facts,
                sender,
                events[i],
                serverId,
                new SourceScratch(scratch),
                default,
                out var sequence
            );
            if (isRepeatable && result == AppendResult.Appended)
            {
                duplicates.Settle(id, sequence);
            }
            else if (isRepeatable)
            {
                duplicates.Forget(id);
            }

            if (result != AppendResult.Appended)
            {
                receipt.Failure = result;
            }

            receipt.Add(result == AppendResult.Appended ? EventFate.Stored : EventFate.Failed, sequence);
        }
        verdicts.Count(facts.Judgement);
        metrics.CountEvents(sender.Api, receipt.Stored, receipt.Repeated);
        return receipt;
    }

    /// <summary>
    /// Appends events of experiments, each with the variant its visitor was shown: the stated one, or for a visitor's
    /// own browser the one the pixel would give. Events the journal does not take become errors, as long as there are
    /// others.
    /// </summary>
    public Receipt Record(HttpContext context, List<ExperimentEvent> events, List<EventError> errors)
    {
        Span<byte> addressText = stackalloc byte[ClientAddress.TextMaxBytes];
        Span<byte> addressHash = stackalloc byte[VisitorHashes.AddressHashChars];
        Span<char> scratch = stackalloc char[SourceScratch.Chars];
        Span<byte> unit = stackalloc byte[Bucketing.UnitBytesMax];
        Span<byte> hash = stackalloc byte[VisitorHashes.UnitHashChars];
        Span<byte> previousHash = stackalloc byte[VisitorHashes.UnitHashChars];
        var facts = FactsOf(context, addressText, addressHash);
        unit = unit[
            ..Visit.WriteUnit(
                context.Request.QueryString.Value,
                facts.Address,
                AgentOf(context.Request.Headers),
                unit,
                out var unitSource
            )
        ];
        var receipt = default(Receipt);
        var failed = 0;
        foreach (var e in events)
        {
            var shown = new Exposure(-1, 0, 0);
            scoped ReadOnlySpan<byte> unitHash = default,
                previousUnitHash = default;
            var isClick = e.Event.Type == "click";
            if (e.IsVisitor || unitSource == UnitSource.Parameter)
            {
                hashes.WriteUnitHash(e.Experiment.UidUtf8, unit, facts.Now, hash);
                unitHash = hash;
                if (isClick && VisitRecorder.IsJustAfterMidnight(facts.Now))
                {
                    hashes.WritePreviousUnitHash(e.Experiment.UidUtf8, unit, facts.Now, previousHash);
                    previousUnitHash = previousHash;
                }
                var kind = e.Event.Type is "click" or "conversion" ? VisitKind.Click : VisitKind.Impression;
                shown = visits.Resolve(
                    context.Request,
                    e.Experiment,
                    kind,
                    e.Stated,
                    facts.Now,
                    facts.Agent,
                    facts.Place.Country,
                    facts.Judgement.Verdict,
                    unit,
                    hash
                );
            }
            else if (e.Stated >= 0 || e.Experiment.Type == ExperimentType.Scheduled)
            {
                // What a schedule shows does not depend on who asks.
                shown = visits.Resolve(
                    context.Request,
                    e.Experiment,
                    VisitKind.Click,
                    e.Stated,
                    facts.Now,
                    facts.Agent,
                    facts.Place.Country,
                    Verdict.Human,
                    [],
                    []
                );
            }
            var part = new VisitPart
            {
                Experiment = e.Experiment,
                Shown = shown,
                UnitHash = unitHash,
                PreviousUnitHash = previousUnitHash,
            };
            var sender = new Sender(
                Sender.Pictify,
                e.Experiment.Experiment.Team ?? ApiKey.DefaultProject,
                null,
                e.IsAuthenticated
            );
            var result = Append(facts, sender, e.Event, default, new SourceScratch(scratch), part, out var sequence);
            receipt.Add(result == AppendResult.Appended ? EventFate.Stored : EventFate.Failed, sequence);
            if (result == AppendResult.Appended)
            {
                continue;
            }

            receipt.Failure = result;
            failed++;
            errors.Add(new EventError(e.Index, "could not be stored; send it again"));
        }
        if (failed > 0)
        {
            errors.Sort(static (a, b) => a.Index.CompareTo(b.Index));
        }

        verdicts.Count(facts.Judgement);
        metrics.CountEvents(Sender.Pictify, receipt.Stored, receipt.Repeated);
        return receipt;
    }

    private RequestFacts FactsOf(HttpContext context, Span<byte> addressText, Span<byte> addressHash)
    {
        var headers = context.Request.Headers;
        var now = time.GetUtcNow();
        var agent = userAgents.Lookup(AgentOf(headers));
        var client = addresses.Resolve(context.Connection.RemoteIpAddress, headers[addresses.HeaderName]);
        addressText = addressText[..client.WriteText(addressText)];
        hashes.WriteAddressHash(addressText, now, addressHash);
        return new RequestFacts
        {
            Now = now,
            Agent = agent,
            Judgement = verdicts.Judge(agent.VerdictRules, client, headers, VerdictScope.Api),
            Place = places.Find(context, client),
            Address = addressText,
            AddressHash = addressHash,
            SiteHost = headers.Origin.Count == 1 ? UrlText.Host(headers.Origin[0]) : default,
        };
    }

    private AppendResult Append(
        in RequestFacts facts,
        Sender sender,
        ReceivedEvent e,
        ReadOnlySpan<byte> serverId,
        SourceScratch scratch,
        in VisitPart part,
        out long sequence
    )
    {
        var source = SourceOf(facts, sender, e, scratch);
        scoped var tracked = new TrackedEvent
        {
            Id = _ids.Next(),
            SenderId = serverId.IsEmpty ? e.SenderId.Span : serverId,
            Node = options.Node,
            ReceivedAt = facts.Now,
            Timestamp = e.Timestamp,
            Api = sender.Api,
            Project = sender.Project,
            Environment = sender.Environment,
            Type = e.Type,
            Event = e.Event.Span,
            Experiment = part.Experiment is { } experiment ? experiment.SlugUtf8 : default,
            ExperimentUid = part.Experiment is { } known ? known.UidUtf8 : default,
            Variant = part.Variant,
            ProbabilityBasisPoints = part.Shown.BasisPoints,
            WeightsVersion = part.Shown.WeightsVersion,
            UnitHash = part.UnitHash,
            UnitHashPrevious = part.PreviousUnitHash,
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
            AddressHash = facts.AddressHash,
            IsAuthenticated = sender.IsAuthenticated,
            Properties = e.Properties.Span,
            Extra = e.Extra.Span,
        };
        ServerFacts.Write(ref tracked, facts.Agent, facts.Judgement, facts.Place, source);
        if (e.DeviceType.Length > 0)
        {
            tracked.DeviceType = e.DeviceType;
        }

        var record = EventEncoder.Encode(tracked, Envelope.HeaderBytes);
        return journal.TryAppend(record, tracked.Id, out sequence);
    }

    /// <summary>
    /// Where the visit came from, by what the sender states of it (spec 6.7). Millimetric promises a source for every
    /// event; one without page and referrer came directly.
    /// </summary>
    private static TrafficSource SourceOf(in RequestFacts facts, Sender sender, ReceivedEvent e, SourceScratch scratch)
    {
        var url = Widen(e.Url.Span, scratch.Url);
        var referrer = Widen(e.Referrer.Span, scratch.Referrer);
        if (SourceClassifier.TryClassify(url, referrer, facts.SiteHost, scratch.Classifier, out var source))
        {
            return source;
        }

        return sender.Api == Sender.Millimetric
            ? new TrafficSource
            {
                Source = "direct",
                Medium = "direct",
                Confidence = "high",
                RuleId = "direct",
            }
            : default;
    }

    private static string? AgentOf(IHeaderDictionary headers) =>
        headers.UserAgent.Count > 0 ? headers.UserAgent[0] : null;

    private static ReadOnlySpan<char> Widen(ReadOnlySpan<byte> text, Span<char> room) =>
        Encoding.UTF8.TryGetChars(text, room, out var written) ? room[..written] : default;

    /// <summary>What is the same for every event of a request.</summary>
    private ref struct RequestFacts
    {
        public DateTimeOffset Now;
        public UserAgentFacts Agent;
        public Judgement Judgement;
        public GeoPlace Place;
        public ReadOnlySpan<byte> Address;
        public ReadOnlySpan<byte> AddressHash;

        /// <summary>Host of the page by the Origin header.</summary>
        public ReadOnlySpan<char> SiteHost;
    }

    /// <summary>What an event of an experiment has beside the others.</summary>
    private ref struct VisitPart
    {
        public CatalogEntry? Experiment;

        /// <summary>What the visitor was shown; a negative variant is unknown.</summary>
        public Exposure Shown;

        public ReadOnlySpan<byte> UnitHash;
        public ReadOnlySpan<byte> PreviousUnitHash;

        public readonly ReadOnlySpan<byte> Variant =>
            Experiment is not null && Shown.Variant >= 0 ? Experiment.Variants[Shown.Variant].IdUtf8 : default;
    }

    /// <summary>The memory of one classification, one after the other.</summary>
    private readonly ref struct SourceScratch(Span<char> all)
    {
        public const int Chars = (2 * TextCharsMax) + SourceClassifier.ScratchChars;

        public Span<char> Url { get; } = all[..TextCharsMax];
        public Span<char> Referrer { get; } = all.Slice(TextCharsMax, TextCharsMax);
        public Span<char> Classifier { get; } = all[(2 * TextCharsMax)..];
    }
}
