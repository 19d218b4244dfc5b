using Edge.Access;
using Edge.Catalog;
using Edge.Duplicates;
using Edge.Endpoints;
using Edge.Endpoints.Ingestion;
using Edge.Endpoints.Tracking;
using Edge.Enrichment.Geo;
using Edge.Enrichment.Hashing;
using Edge.Enrichment.UserAgents;
using Edge.Enrichment.Verdicts;
using Edge.Events;
using Edge.Formats;
using Edge.Requests;
using Edge.Settings;
using Edge.Telemetry;
using Edge.Visits;
using Microsoft.AspNetCore.Http;

namespace Edge.Tests.Support;

/// <summary>The way of a visit, or of a sender's events, from the request to the journal, without a listener.</summary>
internal sealed class VisitSite
{
    private const int PayloadBytesMax = 512 << 10;

    private readonly TestJournal _journal;
    private readonly TimeProvider _time;
    private readonly VerdictJudge _verdicts;
    private readonly Metrics _metrics = new(EventApi.All);
    private readonly VisitRequestReader _requests;
    private readonly VisitorReader _visitors;
    private readonly VariantAssigner _variants;
    private readonly VisitRecorder _recorder;

    public VisitSite(
        TestJournal journal,
        TimeProvider time,
        bool believesStated = true,
        GeoDatabase? places = null,
        VerdictJudge? verdicts = null,
        SyntheticTraffic? synthetic = null
    )
    {
        _journal = journal;
        _time = time;
        _verdicts = verdicts ??= BuiltInRules.Judge();
        var addresses = new ClientAddressResolver([], ForwardedHeader.XForwardedFor);
        var hashes = new VisitorHashes(new SaltedKeys("salt"), SaltedKeys.StableUnitKey("salt"));
        _visitors = new VisitorReader(
            time,
            addresses,
            new PlaceFinder(places ?? GeoDatabase.Open("", TimeProvider.System, new LogLines()), addresses, ""),
            new UserAgentCache(verdicts, new EnrichmentFaults()),
            verdicts,
            hashes,
            Links
        );
        _variants = new VariantAssigner(believesStated, hashes, new ExposureMap());
        _requests = new VisitRequestReader(addresses, "", verdicts, synthetic ?? WithoutKeys(time));
        _recorder = new VisitRecorder(
            "test",
            time,
            _visitors,
            _variants,
            verdicts,
            new ClickBudgets(_ => 0, _ => false),
            journal.Journal,
            _metrics
        );
    }

    /// <summary>Makes and reads the tokens of its links.</summary>
    public LinkTokens Links { get; } = new([], "salt");

    /// <summary>No mark counts.</summary>
    public static SyntheticTraffic WithoutKeys(TimeProvider time) =>
        new(KeyRing.Open(new KeyFile(Path.Combine(Path.GetTempPath(), "no", "keys.json")), time, static _ => { }), time);

    public Outcome Record(HttpContext context, CatalogEntry experiment, VisitKind kind, out long sequence)
    {
        HeaderLineBuffer lines = default;
        var outcome = _recorder.Record(_requests.Read(context, lines), experiment, kind, out var recorded);
        sequence = recorded.Sequence;
        return outcome;
    }

    public int Show(HttpContext context, CatalogEntry experiment)
    {
        HeaderLineBuffer lines = default;
        return _recorder.Show(_requests.Read(context, lines), experiment).Variant;
    }

    /// <summary>A lane that answers the links of a catalog, with the longest heads of the default settings.</summary>
    public TrackingLane CreateLane(CatalogHolder catalog, KeyRing keys)
    {
        var options = new EdgeOptions();
        var log = new RequestLog(_metrics, new LogLines(), _time);
        var outcomes = new OutcomeHeader(isAlways: false, keys);
        return new TrackingLane(
            new HeadLimits(options.HttpMaxRequestLineBytes, options.HttpMaxHeaderBytes, options.HttpMaxHeaderCount),
            _requests,
            new PixelEndpoint(_requests, catalog, _recorder, _journal.Journal, AckMode.Memory, outcomes, log),
            new ClickEndpoint(
                _requests,
                catalog,
                _recorder,
                new DeadLinks("", []),
                _journal.Journal,
                AckMode.Memory,
                outcomes,
                log
            ),
            outcomes.IsAlways,
            log
        );
    }

    /// <summary>Records what senders report.</summary>
    public EventRecorder CreateEventRecorder(CatalogHolder catalog) =>
        new(
            "test",
            PayloadBytesMax,
            _time,
            _requests,
            _visitors,
            _variants,
            new GoalMatcher(catalog, _visitors),
            _verdicts,
            new DuplicateWindow(DuplicateWindow.BytesMin, _time),
            _journal.Journal,
            _metrics
        );
}
