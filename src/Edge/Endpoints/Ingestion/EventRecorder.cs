using System.Text;
using Edge.Enrichment;
using Edge.Enrichment.Geo;
using Edge.Events;
using Edge.Journal;
using Edge.Requests;
using Edge.Telemetry;
using Microsoft.AspNetCore.Http;

namespace Edge.Endpoints.Ingestion;

/// <summary>
/// Turns the events of one request into records of the journal: what the server knows of the request is looked up once, then each event is
/// recognised or enriched, encoded and appended. Nothing here waits for a disk. Thread safe.
/// </summary>
internal sealed class EventRecorder(
    EdgeOptions options, TimeProvider time, ClientAddressResolver addresses, PlaceFinder places, UserAgentCache userAgents, VerdictJudge verdicts,
    VisitorHashes hashes, DuplicateWindow duplicates, EventJournal journal, Metrics metrics)
{
    /// <summary>Bytes that node, project, names and enrichment of one event take at most, generously.</summary>
    private const int OwnBytesMax = 16 * 1024;

    /// <summary>A byte of text becomes three at most: a character outside the first plane is four bytes and is escaped as twelve.</summary>
    private const int EscapeFactor = 3;

    private const int TextCharsMax = 2_048;

    private readonly EventIds _ids = new(time);
    private readonly int _payloadBytesMax = options.ToJournalOptions().MaxPayloadBytes;

    public DateTimeOffset Now => time.GetUtcNow();

    /// <summary>Whether an event fits one record of the journal; asked before anything of a request that is all or nothing is appended.</summary>
    public bool Fits(ReceivedEvent e)
    {
        var raw = e.Properties.Length + e.Extra.Length + e.Layers.Length;
        var text = e.Event.Length + e.SenderId.Length + e.UnitKey.Length + e.AnonymousId.Length + e.UserId.Length + e.SessionId.Length
            + e.DecisionId.Length + e.Url.Length + e.Path.Length + e.Referrer.Length;
        return raw + (long)EscapeFactor * text + OwnBytesMax <= _payloadBytesMax;
    }

    /// <summary>Appends all events; the answer says how many, and what to wait for.</summary>
    /// <param name="context">The request.</param>
    /// <param name="sender">Who sent them.</param>
    /// <param name="events">The events.</param>
    /// <param name="serverIds">Ids the server made for events without one, at the same places; such an event cannot be a repetition.</param>
    public Receipt Record(HttpContext context, Sender sender, IReadOnlyList<ReceivedEvent> events, ReadOnlyMemory<byte>[]? serverIds = null)
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
            var result = Append(facts, sender, events[i], serverId, new SourceScratch(scratch), out var sequence);
            if (isRepeatable && result == AppendResult.Appended) duplicates.Settle(id, sequence);
            else if (isRepeatable) duplicates.Forget(id);
            if (result != AppendResult.Appended) receipt.Failure = result;
            receipt.Add(result == AppendResult.Appended ? EventFate.Stored : EventFate.Failed, sequence);
        }
        verdicts.Count(facts.Judgement);
        metrics.CountEvents(sender.Api, receipt.Stored, receipt.Repeated);
        return receipt;
    }

    private RequestFacts FactsOf(HttpContext context, Span<byte> addressText, Span<byte> addressHash)
    {
        var headers = context.Request.Headers;
        var now = time.GetUtcNow();
        var agent = userAgents.Lookup(headers.UserAgent.Count > 0 ? headers.UserAgent[0] : null);
        var client = addresses.Resolve(context.Connection.RemoteIpAddress, headers[addresses.HeaderName]);
        addressText = addressText[..client.WriteText(addressText)];
        hashes.WriteAddressHash(addressText, now, addressHash);
        return new RequestFacts
        {
            Now = now,
            Agent = agent,
            Judgement = verdicts.Judge(agent.VerdictRules, client, headers, VerdictScope.Api),
            Place = places.Find(context, client),
            AddressHash = addressHash,
            SiteHost = headers.Origin.Count == 1 ? UrlText.Host(headers.Origin[0]) : default,
        };
    }

    private AppendResult Append(
        in RequestFacts facts, Sender sender, ReceivedEvent e, ReadOnlySpan<byte> serverId, SourceScratch scratch, out long sequence)
    {
        var source = SourceOf(facts, sender, e, scratch);
        var tracked = new TrackedEvent
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
            Source = source.Source,
            Medium = source.Medium,
            Campaign = source.Campaign,
            SourceConfidence = source.Confidence,
            SourceRuleId = source.RuleId,
            Country = facts.Place.Country.Text,
            Region = facts.Place.Region,
            City = facts.Place.City,
            TimeZone = facts.Place.TimeZone,
            DeviceType = e.DeviceType.Length > 0 ? e.DeviceType : facts.Agent.DeviceType,
            Browser = facts.Agent.Browser,
            BrowserVersion = facts.Agent.BrowserVersion,
            Os = facts.Agent.Os,
            OsVersion = facts.Agent.OsVersion,
            DeviceBrand = facts.Agent.DeviceBrand,
            DeviceModel = facts.Agent.DeviceModel,
            AddressHash = facts.AddressHash,
            Verdict = VerdictNames.Of(facts.Judgement.Verdict),
            VerdictReason = facts.Judgement.Reason,
            VerdictShadow = facts.Judgement.Shadow?.ShadowText,
            IsAuthenticated = sender.IsAuthenticated,
            Properties = e.Properties.Span,
            Extra = e.Extra.Span,
        };
        var record = EventEncoder.Encode(tracked, Envelope.HeaderBytes);
        return journal.TryAppend(record, tracked.Id, out sequence);
    }

    /// <summary>
    /// Where the visit came from, by what the sender states of it (spec 6.7). Millimetric promises a source for every event; one without
    /// page and referrer came directly.
    /// </summary>
    private static TrafficSource SourceOf(in RequestFacts facts, Sender sender, ReceivedEvent e, SourceScratch scratch)
    {
        var url = Widen(e.Url.Span, scratch.Url);
        var referrer = Widen(e.Referrer.Span, scratch.Referrer);
        if (SourceClassifier.TryClassify(url, referrer, facts.SiteHost, scratch.Classifier, out var source)) return source;
        return sender.Api == Sender.Millimetric
            ? new TrafficSource { Source = "direct", Medium = "direct", Confidence = "high", RuleId = "direct" }
            : default;
    }

    private static ReadOnlySpan<char> Widen(ReadOnlySpan<byte> text, Span<char> room) =>
        Encoding.UTF8.TryGetChars(text, room, out var written) ? room[..written] : default;

    /// <summary>What is the same for every event of a request.</summary>
    private ref struct RequestFacts
    {
        public DateTimeOffset Now;
        public UserAgentFacts Agent;
        public Judgement Judgement;
        public GeoPlace Place;
        public ReadOnlySpan<byte> AddressHash;

        /// <summary>Host of the page by the Origin header.</summary>
        public ReadOnlySpan<char> SiteHost;
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
