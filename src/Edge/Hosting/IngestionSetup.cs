using Edge.Access;
using Edge.Catalog;
using Edge.Duplicates;
using Edge.Endpoints;
using Edge.Endpoints.Evaluation;
using Edge.Endpoints.Ingestion;
using Edge.Endpoints.Receipts;
using Edge.Events;
using Edge.Forwarding.Pump;
using Edge.Journal;
using Edge.Requests.Bodies;
using Edge.Requests.Ingestion;
using Edge.Settings;
using Edge.Telemetry;

namespace Edge.Hosting;

/// <summary>
/// Builds the ingestion and evaluation APIs: authentication, limits and handlers. The body limits are those of the published
/// contracts.
/// </summary>
internal static class IngestionSetup
{
    /// <summary>Burst in seconds of the sustained rate, for APIs without a burst setting.</summary>
    private const int BurstSeconds = 4;

    public static IngestRoutes Build(
        EdgeOptions options,
        CatalogHolder catalog,
        SenderAddress addresses,
        WrongKeys wrong,
        EventRecorder recorder,
        FlagEvaluator flags,
        KeyRing keys,
        EventJournal journal,
        DuplicateWindow window,
        DuplicateRestore duplicates,
        Forwarder forwarder,
        ForwardingWait forwarding,
        OutcomeHeader outcomes,
        Metrics metrics,
        TimeProvider time
    )
    {
        var budget = new ByteBudget(options.IngestInFlightBytes);
        var large = new LargeBodies(Environment.ProcessorCount);
        var gate = new IngestGate(journal, duplicates, forwarding, outcomes, metrics);
        var bulk = BodiesOf(BulkTrackEndpoint.BytesMax) with { Beginning = new JsonBeginning(ReceivedEvent.BytesMax) };
        var artieRates = new KeyRates(options.ArtiePerSecond, Burst(options.ArtiePerSecond), addresses, time);
        var artie = new BulkTrackEndpoint(keys, artieRates, wrong, bulk, recorder, gate, metrics);
        var authenticator = new MillimetricAuthenticator(
            keys,
            new KeyRates(options.MillimetricPerSecond, options.MillimetricBurst, addresses, time),
            wrong
        );
        var track = new TrackEndpoint(
            keys,
            authenticator,
            artie,
            BodiesOf(TrackEndpoint.BytesMax) with
            {
                TakesText = true,
            },
            recorder,
            gate,
            metrics
        );
        var traffical = new EventBatchEndpoint(
            keys,
            new KeyRates(options.TrafficalPerSecond, Burst(options.TrafficalPerSecond), addresses, time),
            wrong,
            BodiesOf(EventBatchEndpoint.BytesMax),
            options.TrafficalBucketCount,
            recorder,
            gate,
            metrics
        );
        var rates = options.AddressPerMinute > 0 ? new AddressWindow(options.AddressPerMinute, time) : null;
        var events = new EventsEndpoint(
            catalog,
            keys,
            rates,
            addresses,
            wrong,
            BodiesOf(EventsEndpoint.BytesMax) with
            {
                TakesText = true,
            },
            options.RequireWriteKey,
            recorder,
            gate,
            outcomes,
            metrics
        );
        var asking = new EvaluationAccess(
            keys,
            new KeyRates(options.TrafficalPerSecond, Burst(options.TrafficalPerSecond), addresses, time),
            wrong
        );
        var asked = BodiesOf(FlagEvaluator.BytesMax);
        var decide = new DecideEndpoint(asking, asked, flags, recorder, gate, time, metrics);
        var ofrep = new OfrepEndpoint(asking, asked, flags, metrics);
        var receipts = new ReceiptEndpoint(
            new ReceiptAccess(keys, new RateWindow(options.ApiRequestsPerMinute, time), wrong, metrics),
            journal,
            options.ToJournalOptions(),
            window,
            forwarder,
            metrics
        );
        return new IngestRoutes(events, traffical, track, artie, decide, ofrep, receipts);

        BodyRules BodiesOf(int bytesMax) => new(bytesMax) { Budget = budget, Large = large };

        static int Burst(int perSecond) => Math.Max(1, BurstSeconds * perSecond);
    }
}
