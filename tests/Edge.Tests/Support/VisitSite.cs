using Edge.Catalog;
using Edge.Endpoints;
using Edge.Enrichment.Geo;
using Edge.Enrichment.Hashing;
using Edge.Enrichment.UserAgents;
using Edge.Enrichment.Verdicts;
using Edge.Formats;
using Edge.Requests;
using Edge.Telemetry;
using Edge.Visits;
using Microsoft.AspNetCore.Http;

namespace Edge.Tests.Support;

/// <summary>The way of a visit from Kestrel's request to the journal, without a listener.</summary>
internal sealed class VisitSite
{
    private readonly VisitRequestReader _requests;
    private readonly VisitRecorder _recorder;

    public VisitSite(
        TestJournal journal,
        TimeProvider time,
        bool believesStated = true,
        GeoDatabase? places = null,
        VerdictJudge? verdicts = null
    )
    {
        verdicts ??= BuiltInRules.Judge();
        var addresses = new ClientAddressResolver([], ForwardedHeader.XForwardedFor);
        var hashes = new VisitorHashes(new SaltedKeys("salt"), SaltedKeys.StableUnitKey("salt"));
        var visitors = new VisitorReader(
            time,
            addresses,
            new PlaceFinder(places ?? GeoDatabase.Open("", TimeProvider.System, new LogLines()), addresses, ""),
            new UserAgentCache(verdicts, new EnrichmentFaults()),
            verdicts,
            hashes
        );
        var variants = new VariantAssigner(believesStated, hashes, new ExposureMap());
        _requests = new VisitRequestReader(addresses, "", verdicts);
        _recorder = new VisitRecorder(
            "test",
            time,
            visitors,
            variants,
            verdicts,
            new ClickBudgets(_ => 0),
            journal.Journal,
            new Metrics([])
        );
    }

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
}
