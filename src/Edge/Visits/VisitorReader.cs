using Edge.Catalog;
using Edge.Enrichment.Geo;
using Edge.Enrichment.Hashing;
using Edge.Enrichment.Sources;
using Edge.Enrichment.UserAgents;
using Edge.Enrichment.Verdicts;
using Edge.Events;
using Edge.Experiments;
using Edge.Formats;
using Edge.Requests;
using Edge.Selection;

namespace Edge.Visits;

/// <summary>What the server learns about the sender of one request. Views of memory of the request's handler.</summary>
internal ref struct Visitor
{
    /// <summary>When the request arrived.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>What the user agent says.</summary>
    public required UserAgentFacts Agent { get; init; }

    /// <summary>A person or a machine, and which rule says so.</summary>
    public required Judgement Judgement { get; init; }

    public required GeoPlace Place { get; init; }

    /// <summary>The address as text; must reach no event.</summary>
    public required ReadOnlySpan<byte> Address { get; init; }

    /// <summary>Keyed hash of the address, in hexadecimal; empty when it was read for a choice.</summary>
    public ReadOnlySpan<byte> AddressHash { get; set; }

    /// <summary>Writes what the server adds to every event, whichever route it came by.</summary>
    public readonly void WriteTo(ref TrackedEvent e, in TrafficSource source)
    {
        e.ReceivedAt = Now;
        e.Source = source.Source;
        e.Medium = source.Medium;
        e.Campaign = source.Campaign;
        e.SourceConfidence = source.Confidence;
        e.SourceRuleId = source.RuleId;
        e.Country = Place.Country.Text;
        e.Region = Place.Region;
        e.City = Place.City;
        e.TimeZone = Place.TimeZone;
        e.DeviceType = Agent.DeviceType;
        e.Browser = Agent.Browser;
        e.BrowserVersion = Agent.BrowserVersion;
        e.Os = Agent.Os;
        e.OsVersion = Agent.OsVersion;
        e.DeviceBrand = Agent.DeviceBrand;
        e.DeviceModel = Agent.DeviceModel;
        e.AddressHash = AddressHash;
        e.Verdict = VerdictNames.Of(Judgement.Verdict);
        e.VerdictReason = Judgement.Reason;
        e.VerdictShadow = Judgement.Shadow?.ShadowText;
    }
}

/// <summary>The unit of a visit under the keys of the experiment, in hexadecimal.</summary>
internal readonly ref struct UnitHashes
{
    /// <summary>Under today's key.</summary>
    public ReadOnlySpan<byte> Today { get; init; }

    /// <summary>Under yesterday's, for an event that may complete a trial of yesterday; else empty.</summary>
    public ReadOnlySpan<byte> Yesterday { get; init; }

    /// <summary>The same every day, where the experiment has stable units and the sender named it; else empty.</summary>
    public ReadOnlySpan<byte> Stable { get; init; }

    /// <summary>The one by which the unit is known for as long as possible.</summary>
    public ReadOnlySpan<byte> Longest => Stable.IsEmpty ? Today : Stable;
}

/// <summary>
/// Finds out everything the server knows about the sender of a request, for pixels, clicks and ingested events alike.
/// Thread safe; allocates nothing once the user agent is known.
/// </summary>
internal sealed class VisitorReader(
    TimeProvider time,
    ClientAddressResolver addresses,
    PlaceFinder places,
    UserAgentCache userAgents,
    VerdictJudge verdicts,
    VisitorHashes hashes,
    LinkTokens links
)
{
    /// <summary>Tells kept viewer keys from kept hashes.</summary>
    private static readonly object ViewerKeys = new();

    /// <summary>Bytes <see cref="Read"/> needs for what it writes.</summary>
    public const int RoomBytes = ClientAddress.TextMaxBytes + VisitorHashes.AddressHashChars;

    /// <summary>Bytes <see cref="HashUnit"/> needs for what it writes.</summary>
    public const int UnitRoomBytes = 3 * VisitorHashes.UnitHashChars;

    /// <summary>Reads everything an event says about the request's sender.</summary>
    /// <param name="request">The request.</param>
    /// <param name="scope">What it asks for; some verdict rules hold for one route only.</param>
    /// <param name="room"><see cref="RoomBytes"/> of memory the result points into.</param>
    public Visitor Read(scoped in VisitRequest request, VerdictScope scope, Span<byte> room)
    {
        var client = addresses.Resolve(request.Peer, request.Headers);
        var visitor = Describe(request, scope, client, places.Find(request.Peer, request.Headers, client), room);
        var addressHash = room.Slice(ClientAddress.TextMaxBytes, VisitorHashes.AddressHashChars);
        hashes.WriteAddressHash(visitor.Address, visitor.Now, addressHash);
        visitor.AddressHash = addressHash;
        return visitor;
    }

    /// <summary>
    /// Reads what choosing a variant needs. Without an event there is no address hash, and of the place the country
    /// alone, or all where the choice depends on the visitor's clock.
    /// </summary>
    /// <inheritdoc cref="Read"/>
    public Visitor ReadForChoice(
        scoped in VisitRequest request,
        VerdictScope scope,
        bool isByVisitorsClock,
        Span<byte> room
    )
    {
        var client = addresses.Resolve(request.Peer, request.Headers);
        var place = isByVisitorsClock
            ? places.Find(request.Peer, request.Headers, client)
            : new GeoPlace { Country = places.FindCountry(request.Peer, request.Headers, client) };
        return Describe(request, scope, client, place, room);
    }

    /// <summary>
    /// The unit of the request's sender: that of a signed link's token or of the parameter <c>u</c>, else the viewer key.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="visitor">Its sender.</param>
    /// <param name="experiment">
    /// The experiment whose link the token must be; null for events that senders report, to which any link that may be
    /// tracked in full has led.
    /// </param>
    /// <param name="room"><see cref="Bucketing.UnitBytesMax"/> bytes of memory the result points into.</param>
    /// <param name="source">Where the unit came from.</param>
    /// <param name="token">The token; default when there is none.</param>
    public ReadOnlySpan<byte> ReadUnit(
        in VisitRequest request,
        scoped in Visitor visitor,
        CatalogEntry? experiment,
        Span<byte> room,
        out UnitSource source,
        out LinkToken token
    )
    {
        source = Visit.ReadParameter(request.Query, links, room, out var written, out token);
        if (token.State != LinkState.None)
        {
            token = links.Judge(token, experiment, visitor.Now);
            var isTaken =
                token.State == LinkState.Accepted
                && (experiment is not null || token.Tracking == TrackingMode.Full);
            source = isTaken ? UnitSource.Link : UnitSource.IgnoredLink;
        }

        return source.IsNamed() ? room[..written] : ReadViewerKey(request, visitor.Address, room);
    }

    /// <summary>Hashes the unit for events of one experiment.</summary>
    /// <param name="experiment">The experiment; units of two experiments cannot be joined.</param>
    /// <param name="unit">The unit.</param>
    /// <param name="isNamed">Whether it is an id that the sender gave, and not the viewer key.</param>
    /// <param name="now">When the visit happens.</param>
    /// <param name="joins">
    /// Whether the event may complete a trial, which may have started the day before: after midnight UTC, for as long
    /// as the attribution window, its unit is also hashed with yesterday's key.
    /// </param>
    /// <param name="room"><see cref="UnitRoomBytes"/> of memory the result points into.</param>
    public UnitHashes HashUnit(
        CatalogEntry experiment,
        scoped ReadOnlySpan<byte> unit,
        bool isNamed,
        DateTimeOffset now,
        bool joins,
        Span<byte> room
    )
    {
        var today = room[..VisitorHashes.UnitHashChars];
        hashes.WriteUnitHash(experiment.UidUtf8, unit, now, today);
        if (experiment.HasStableUnits)
        {
            // The days are not joined for those who cannot have a trial.
            var stable = isNamed ? room[^VisitorHashes.UnitHashChars..] : default;
            if (isNamed)
            {
                hashes.WriteStableUnitHash(experiment.UidUtf8, unit, stable);
            }

            return new UnitHashes { Today = today, Stable = stable };
        }

        if (!joins || now.UtcDateTime.TimeOfDay >= experiment.AttributionWindow)
        {
            return new UnitHashes { Today = today };
        }

        var yesterday = room.Slice(VisitorHashes.UnitHashChars, VisitorHashes.UnitHashChars);
        hashes.WritePreviousUnitHash(experiment.UidUtf8, unit, now, yesterday);
        return new UnitHashes { Today = today, Yesterday = yesterday };
    }

    /// <summary>
    /// Hashes the message that a signed link stands in, which is its unit and when it was sent; empty without such a link.
    /// </summary>
    /// <param name="link">The token of the link.</param>
    /// <param name="unit">Its unit.</param>
    /// <param name="now">When the visit happens.</param>
    /// <param name="room"><see cref="VisitorHashes.UnitHashChars"/> bytes of memory the result points into.</param>
    public ReadOnlySpan<byte> HashMessage(
        scoped in LinkToken link,
        scoped ReadOnlySpan<byte> unit,
        DateTimeOffset now,
        Span<byte> room
    )
    {
        if (link.SentAt is null)
        {
            return default;
        }

        hashes.WriteMessageHash(link.Claims.SentSeconds, unit, now, room);
        return room;
    }

    /// <summary>The viewer key; that of a visitor who comes again soon is not computed again.</summary>
    private ReadOnlySpan<byte> ReadViewerKey(in VisitRequest request, ReadOnlySpan<byte> address, Span<byte> room)
    {
        var length = address.Length + request.UserAgent.Length;
        if (!hashes.AreKept || length > RecentHashes.MessageBytesMax)
        {
            return Visit.ComputeViewerKey(request, address, room);
        }

        Span<byte> message = stackalloc byte[RecentHashes.MessageBytesMax];
        message = message[..length];
        address.CopyTo(message);
        var agent = HeaderBytes.Narrow(request.UserAgent, message[address.Length..]);
        var key = room[..ViewerKey.Bytes];
        var recent = RecentHashes.OfThread;
        if (!recent.TryFind(ViewerKeys, message, key, out var place))
        {
            ViewerKey.Compute(address, agent, key);
            recent.Keep(place, ViewerKeys, message, key);
        }

        return key;
    }

    private Visitor Describe(
        scoped in VisitRequest request,
        VerdictScope scope,
        scoped in ClientAddress client,
        GeoPlace place,
        Span<byte> room
    )
    {
        var agent = userAgents.Lookup(request.UserAgent);
        return new Visitor
        {
            Now = time.GetUtcNow(),
            Agent = agent,
            Judgement = verdicts.Judge(agent.VerdictRules, client, request.Headers, scope),
            Place = place,
            Address = room[..client.WriteText(room)],
        };
    }
}
