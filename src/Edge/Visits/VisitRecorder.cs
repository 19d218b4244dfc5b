using Edge.Access;
using Edge.Catalog;
using Edge.Endpoints.Ingestion;
using Edge.Enrichment.Geo;
using Edge.Enrichment.Hashing;
using Edge.Enrichment.Sources;
using Edge.Enrichment.UserAgents;
using Edge.Enrichment.Verdicts;
using Edge.Events;
using Edge.Formats;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Requests;
using Edge.Selection;
using Edge.Settings;
using Edge.Telemetry;

namespace Edge.Visits;

/// <summary>What the visitor did.</summary>
internal enum VisitKind
{
    /// <summary>The pixel was loaded.</summary>
    Impression,

    /// <summary>The image was loaded, where the operator has images counted.</summary>
    Image,

    /// <summary>The link was followed.</summary>
    Click,
}

/// <summary>
/// Turns a request on a running experiment into one event in the journal: who, which variant, what the server adds, one
/// encoding, one append. Nothing here waits for a disk, and nothing is allocated on the heap once user agents are
/// known. Thread safe.
/// </summary>
internal sealed class VisitRecorder(
    EdgeOptions options,
    TimeProvider time,
    ClientAddressResolver addresses,
    PlaceFinder places,
    UserAgentCache userAgents,
    VerdictJudge verdicts,
    VisitorHashes hashes,
    ExposureMap exposures,
    EventJournal journal
)
{
    /// <summary>
    /// Minutes after midnight UTC in which a click may belong to yesterday's exposure: the longest attribution window.
    /// </summary>
    private const int AttributionMinutes = 30;

    private readonly EventIds _ids = new(time);

    /// <summary>
    /// Appends the event and returns what became of it; <paramref name="sequence"/> is its place in the journal.
    /// </summary>
    public Outcome Record(HttpContext context, CatalogEntry experiment, VisitKind kind, out long sequence)
    {
        var headers = context.Request.Headers;
        var now = time.GetUtcNow();
        var facts = userAgents.Lookup(UserAgentOf(headers));

        var client = AddressOf(context);
        var judgement = verdicts.Judge(facts.VerdictRules, client, headers, ScopeOf(kind));
        var verdict = judgement.Verdict;
        Span<byte> address = stackalloc byte[ClientAddress.TextMaxBytes];
        address = address[..client.WriteText(address)];
        var place = places.Find(context, client);
        Span<byte> unit = stackalloc byte[Bucketing.UnitBytesMax];
        unit = unit[
            ..Visit.WriteUnit(
                context.Request.QueryString.Value,
                address,
                UserAgentOf(context.Request.Headers),
                unit,
                out _
            )
        ];
        var choice = Choose(context.Request, experiment, now, facts, place.Country, verdict, unit);
        Span<byte> addressHash = stackalloc byte[VisitorHashes.AddressHashChars];
        hashes.WriteAddressHash(address, now, addressHash);
        Span<byte> unitHash = stackalloc byte[VisitorHashes.UnitHashChars];
        hashes.WriteUnitHash(experiment.UidUtf8, unit, now, unitHash);
        Span<byte> previousUnitHash = stackalloc byte[VisitorHashes.UnitHashChars];
        var isJustAfterMidnight = kind == VisitKind.Click && IsJustAfterMidnight(now);
        if (isJustAfterMidnight)
        {
            hashes.WritePreviousUnitHash(experiment.UidUtf8, unit, now, previousUnitHash);
        }

        var referrer = headers.Referer.Count > 0 ? headers.Referer[0].AsSpan() : default;
        Span<byte> referrerBytes = referrer.IsEmpty ? default : stackalloc byte[EventEncoder.ForeignTextMaxBytes];
        Span<char> sourceScratch = referrer.IsEmpty ? default : stackalloc char[SourceClassifier.ScratchChars];
        _ = SourceClassifier.TryClassify(url: default, referrer, requestHost: default, sourceScratch, out var source);

        var shown = Attribute(experiment, choice, kind, unit, unitHash, now);
        var variant = experiment.Variants[shown.Variant];

        var tracked = new TrackedEvent
        {
            Id = _ids.Next(),
            Node = options.Node,
            ReceivedAt = now,
            Api = Sender.Pictify,
            Project = experiment.Experiment.Team ?? ApiKey.DefaultProject,
            Type = kind == VisitKind.Click ? "click" : "impression",
            Event = EventNameOf(kind),
            Experiment = experiment.SlugUtf8,
            ExperimentUid = experiment.UidUtf8,
            Variant = variant.IdUtf8,
            ProbabilityBasisPoints = shown.BasisPoints,
            WeightsVersion = shown.WeightsVersion,
            UnitHash = unitHash,
            UnitHashPrevious = isJustAfterMidnight ? previousUnitHash : default,
            Referrer = HeaderBytes.Narrow(referrer, referrerBytes),
            AddressHash = addressHash,
        };
        ServerFacts.Write(ref tracked, facts, judgement, place, source);
        verdicts.Count(judgement);
        var record = EventEncoder.Encode(tracked, Envelope.HeaderBytes);
        return journal.TryAppend(record, tracked.Id, out sequence) == AppendResult.Appended
            ? Outcome.Recorded
            : Outcome.NotKept;
    }

    /// <summary>
    /// Index of the variant this visitor gets, without an event: what a page asks for before it shows something.
    /// </summary>
    public int Show(HttpContext context, CatalogEntry experiment)
    {
        var now = time.GetUtcNow();
        var facts = userAgents.Lookup(UserAgentOf(context.Request.Headers));
        var client = AddressOf(context);
        var verdict = verdicts.Judge(facts.VerdictRules, client, context.Request.Headers, VerdictScope.Api).Verdict;
        Span<byte> address = stackalloc byte[ClientAddress.TextMaxBytes];
        address = address[..client.WriteText(address)];
        Span<byte> unit = stackalloc byte[Bucketing.UnitBytesMax];
        unit = unit[
            ..Visit.WriteUnit(
                context.Request.QueryString.Value,
                address,
                UserAgentOf(context.Request.Headers),
                unit,
                out _
            )
        ];
        var choice = Choose(
            context.Request,
            experiment,
            now,
            facts,
            places.FindCountry(context, client),
            verdict,
            unit
        );
        Span<byte> unitHash = stackalloc byte[VisitorHashes.UnitHashChars];
        hashes.WriteUnitHash(experiment.UidUtf8, unit, now, unitHash);
        return Attribute(experiment, choice, VisitKind.Impression, unit, unitHash, now).Variant;
    }

    /// <summary>Whether a click of this moment may belong to yesterday's exposure.</summary>
    public static bool IsJustAfterMidnight(DateTimeOffset now) =>
        now.UtcDateTime.TimeOfDay < TimeSpan.FromMinutes(AttributionMinutes);

    /// <summary>
    /// What the visitor of a reported event was shown. A stated variant is believed; when it is also the one this
    /// visitor was given by chance, it has the probability of that, so that experiments learn from it.
    /// </summary>
    /// <param name="request">The request that reports it.</param>
    /// <param name="experiment">The experiment.</param>
    /// <param name="kind">What happened.</param>
    /// <param name="stated">Index of the stated variant; negative when none was.</param>
    /// <param name="now">When.</param>
    /// <param name="facts">What the user agent says.</param>
    /// <param name="country">Where.</param>
    /// <param name="verdict">A person or a machine.</param>
    /// <param name="unit">The visitor; empty when it is not known, and then chance is not asked.</param>
    /// <param name="unitHash">Its hash.</param>
    public Exposure Resolve(
        HttpRequest request,
        CatalogEntry experiment,
        VisitKind kind,
        int stated,
        DateTimeOffset now,
        UserAgentFacts facts,
        CountryCode country,
        Verdict verdict,
        ReadOnlySpan<byte> unit,
        ReadOnlySpan<byte> unitHash
    )
    {
        if (stated >= 0 && (unit.IsEmpty || Visit.IsMachine(verdict)))
        {
            return new Exposure(stated, 0, 0);
        }

        var choice = Choose(request, experiment, now, facts, country, verdict, unit);
        if (unit.IsEmpty)
        {
            return Exposure.Of(experiment, choice);
        }

        if (stated < 0)
        {
            return Attribute(experiment, choice, kind, unit, unitHash, now);
        }

        var given = Attribute(experiment, choice, VisitKind.Click, unit, unitHash, now);
        if (given.Variant != stated)
        {
            return new Exposure(stated, 0, 0);
        }

        return kind == VisitKind.Click ? given : Attribute(experiment, choice, kind, unit, unitHash, now);
    }

    private static ReadOnlySpan<byte> EventNameOf(VisitKind kind) =>
        kind switch
        {
            VisitKind.Impression => "pixel"u8,
            VisitKind.Image => "image"u8,
            _ => "redirect"u8,
        };

    private static VerdictScope ScopeOf(VisitKind kind) =>
        kind == VisitKind.Click ? VerdictScope.Click : VerdictScope.Pixel;

    private static string? UserAgentOf(IHeaderDictionary headers) =>
        headers.UserAgent.Count > 0 ? headers.UserAgent[0] : null;

    private ClientAddress AddressOf(HttpContext context) =>
        addresses.Resolve(context.Connection.RemoteIpAddress, context.Request.Headers[addresses.HeaderName]);

    /// <summary>
    /// What the sender says it showed, else the choice of the experiment; machines that name themselves get the
    /// default.
    /// </summary>
    private Choice Choose(
        HttpRequest request,
        CatalogEntry experiment,
        DateTimeOffset now,
        UserAgentFacts facts,
        CountryCode country,
        Verdict verdict,
        ReadOnlySpan<byte> unit
    )
    {
        var visitor = Visit.ContextOf(now, facts, country, request.Headers, request.QueryString.Value);
        var stated = options.VariantOverride ? Visit.StatedVariant(visitor.Query, experiment) : -1;
        return VariantSelector.Assign(experiment, visitor, unit, stated, Visit.IsMachine(verdict));
    }

    /// <summary>
    /// While weights move, a unit keeps what it was shown, and its click belongs to that, with the probability and
    /// version of then: the table of this moment could credit a variant it never saw. A click may come the day after,
    /// when the unit has another hash.
    /// </summary>
    private Exposure Attribute(
        CatalogEntry experiment,
        in Choice choice,
        VisitKind kind,
        ReadOnlySpan<byte> unit,
        ReadOnlySpan<byte> unitHash,
        DateTimeOffset now
    )
    {
        if (!choice.IsChance || !experiment.HasBandit)
        {
            return Exposure.Of(experiment, choice);
        }

        var today = VisitorHashes.UnitOf(unitHash);
        if (kind != VisitKind.Click)
        {
            return exposures.Show(experiment, choice, today, now);
        }

        if (exposures.TryFind(experiment, today, now, out var shown))
        {
            return shown;
        }

        Span<byte> previousHash = stackalloc byte[VisitorHashes.UnitHashChars];
        hashes.WritePreviousUnitHash(experiment.UidUtf8, unit, now, previousHash);
        return exposures.TryFind(experiment, VisitorHashes.UnitOf(previousHash), now, out shown)
            ? shown
            : Exposure.Of(experiment, choice);
    }
}
