using System.Text;
using Edge.Access;
using Edge.Alerts;
using Edge.Catalog;
using Edge.Corrections;
using Edge.Endpoints.Ingestion;
using Edge.Enrichment.Geo;
using Edge.Enrichment.Verdicts;
using Edge.Forwarding.Pump;
using Edge.Journal;
using Edge.Journal.Commits;
using Edge.Machine;
using Edge.Postgres;
using Edge.Requests;
using Edge.Statistics.Counting;
using Edge.Statistics.Optimization;
using Edge.Statistics.Querying;
using Edge.Telemetry;
using Edge.Transport;
using Edge.Visits;
using static Edge.Telemetry.PrometheusText;

namespace Edge.Endpoints.Operations;

/// <summary>
/// <c>GET /metrics</c>: what an operator asks, as Prometheus text: are events coming, are they kept, why not, have the
/// sinks taken them. Labels come from closed sets only.
/// </summary>
internal sealed class MetricsEndpoint(
    Metrics metrics,
    ForwardingWait forwarding,
    ConnectionCounts connections,
    Ledger ledger,
    EventJournal journal,
    Forwarder forwarder,
    ForwardingRates rates,
    CatalogHolder catalog,
    IExperimentStore? experiments,
    Tally tally,
    ClickHouseTally? counts,
    Optimizer? optimizer,
    Alerter? alerter,
    FleetMetrics fleet,
    EnrichmentFaults enrichmentFaults,
    VerdictJudge verdicts,
    CorrectionPump? corrections,
    GeoDatabase geo,
    ServedCertificate? certificate,
    ClientAddressResolver addresses,
    SyntheticTraffic synthetic,
    LinkTokens links,
    Readiness readiness,
    TimeProvider time
)
{
    private const double MillisecondsPerSecond = 1_000;

    private readonly DateTimeOffset _started = time.GetUtcNow();

    public async Task HandleAsync(HttpContext context)
    {
        var body = Encoding.UTF8.GetBytes(Write());
        var response = context.Response;
        response.ContentType = PrometheusText.ContentType;
        response.ContentLength = body.Length;
        Replies.ForbidCaching(response.Headers);
        if (!RequestMethod.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(body);
        }
    }

    private string Write()
    {
        var page = new PrometheusText();
        var status = journal.Status;
        WriteProcess(page, status.State);
        WriteRequests(page);
        WriteEvents(page, status);
        WriteJournal(page, status);
        WriteSinks(page);
        if (geo.IsConfigured)
        {
            WriteGeo(page);
        }

        if (certificate is not null)
        {
            page.Family(MetricFamilies.CertificateExpiry).Sample(certificate.Current.ValidUntil.ToUnixTimeSeconds());
        }

        page.Family(MetricFamilies.Experiments).Sample(catalog.Current.Count);
        if (experiments is not null)
        {
            page.Family(MetricFamilies.ExperimentProblems).Sample(experiments.Problems.Count);
        }

        if (experiments is PostgresStore store)
        {
            page.Family(MetricFamilies.StoreUp).Sample(store.IsReached ? 1 : 0);
            page.Family(MetricFamilies.StoreLeader).Sample(store.IsLeader ? 1 : 0);
        }

        if (alerter is not null)
        {
            WriteAlerts(page, alerter);
        }

        fleet.Write(page);
        WriteTally(page, tally.Status);
        page.Family(MetricFamilies.ForwardedMalformedTotal).Sample(addresses.Malformed);
        page.Family(MetricFamilies.ForwardedUntrustedTotal).Sample(addresses.Untrusted);
        page.Family(MetricFamilies.EnrichmentFaultsTotal);
        foreach (var part in EnrichmentFaults.Parts)
        {
            page.Sample(Label("part", SnakeCase(part.ToString())), enrichmentFaults.Of(part));
        }

        WriteVerdicts(page);
        if (corrections is not null)
        {
            WriteCorrections(page, corrections.Status);
        }

        return page.ToString();
    }

    private void WriteProcess(PrometheusText page, JournalState journalState)
    {
        var labels = string.Join(
            ',',
            Label("version", BuildInfo.Version),
            Label("commit", BuildInfo.Commit),
            Label("runtime", BuildInfo.Runtime)
        );
        page.Family(MetricFamilies.BuildInfo).Sample(labels, 1);
        page.Family(MetricFamilies.Ready).Sample(HealthEndpoints.ReasonOf(readiness, journalState) is null ? 1 : 0);
        page.Family(MetricFamilies.ProcessCpuSecondsTotal).Sample(Environment.CpuUsage.TotalTime.TotalSeconds);
        page.Family(MetricFamilies.ProcessResidentBytes).Sample(Environment.WorkingSet);
        page.Family(MetricFamilies.ProcessStartTime).Sample(_started.ToUnixTimeMilliseconds() / MillisecondsPerSecond);
        page.Family(MetricFamilies.ProcessOpenFiles).Sample(ProcessLimits.OpenDescriptors);
        page.Family(MetricFamilies.ProcessMaxFiles).Sample(ProcessLimits.Descriptors);
        page.Family(MetricFamilies.Connections).Sample(connections.Open);
        page.Family(MetricFamilies.ConnectionsMax).Sample(connections.Max);
        page.Family(MetricFamilies.ConnectionsAcceptedTotal).Sample(connections.Accepted);
        page.Family(MetricFamilies.ConnectionsLostTotal);
        foreach (var loss in Enum.GetValues<ConnectionLoss>())
        {
            page.Sample(Label("reason", SnakeCase(loss.ToString())), connections.Of(loss));
        }
    }

    private void WriteRequests(PrometheusText page)
    {
        page.Family(MetricFamilies.RequestsTotal);
        foreach (var route in Metrics.Routes)
        {
            foreach (var outcome in Metrics.Outcomes)
            {
                var count = metrics.Requests(route, outcome);
                if (count == 0)
                {
                    continue;
                }

                var labels =
                    Label("route", SnakeCase(route.ToString())) + "," + Label("outcome", SnakeCase(outcome.ToString()));
                page.Sample(labels, count);
            }
        }
        WriteDurations(page);
        page.Family(MetricFamilies.RequestsInFlight).Sample(metrics.InFlight);
        page.Family(MetricFamilies.IngestedEventsTotal);
        foreach (var api in metrics.Apis)
        {
            var (stored, repeated, refused) = metrics.Events(api);
            WriteIngested(page, api, "stored", stored);
            WriteIngested(page, api, "repeated", repeated);
            WriteIngested(page, api, "refused", refused);
        }
        page.Family(MetricFamilies.IgnoredMembersTotal);
        foreach (var api in metrics.Apis)
        {
            page.Sample(Label("api", api), metrics.IgnoredMembers(api));
        }

        page.Family(MetricFamilies.UnconfirmedTotal).Sample(metrics.Unconfirmed);
        page.Family(MetricFamilies.AckForwardedTotal)
            .Sample(Label("result", "reached"), forwarding.Reached)
            .Sample(Label("result", "missed"), forwarding.Missed);
        page.Family(MetricFamilies.UnfilledTagsTotal).Sample(metrics.UnfilledTags);
        page.Family(MetricFamilies.LinkTokensTotal);
        foreach (var state in Enum.GetValues<LinkState>())
        {
            if (state != LinkState.None)
            {
                page.Sample(Label("outcome", SnakeCase(state.ToString())), links.Read(state));
            }
        }
    }

    private void WriteDurations(PrometheusText page)
    {
        page.Family(MetricFamilies.RequestSeconds);
        Span<long> counts = stackalloc long[RequestDurations.Bounds.Length + 1];
        foreach (var route in Metrics.Routes)
        {
            if (route is not (RouteName.Live or RouteName.Fleet))
            {
                var sum = metrics.Durations(route, counts);
                page.Histogram(Label("route", SnakeCase(route.ToString())), RequestDurations.Bounds, counts, sum);
            }
        }
    }

    private static void WriteIngested(PrometheusText page, string api, string outcome, long count) =>
        page.Sample(Label("api", api) + "," + Label("outcome", outcome), count);

    private void WriteEvents(PrometheusText page, JournalStatus status)
    {
        page.Family(MetricFamilies.EventsReceivedTotal).Sample(ledger.Received);
        page.Family(MetricFamilies.EventsStoredTotal).Sample(status.CommittedSequence);
        page.Family(MetricFamilies.EventsDroppedTotal);
        foreach (var reason in Enum.GetValues<DropReason>())
        {
            page.Sample(Label("reason", SnakeCase(reason.ToString())), ledger.Dropped(reason));
        }

        page.Family(MetricFamilies.SyntheticStoredTotal).Sample(ledger.SyntheticStored);
        page.Family(MetricFamilies.SyntheticDroppedTotal).Sample(ledger.SyntheticDropped);
        page.Family(MetricFamilies.SyntheticMarksIgnoredTotal);
        foreach (var reason in Enum.GetValues<IgnoredMark>())
        {
            page.Sample(Label("reason", SnakeCase(reason.ToString())), synthetic.Ignored(reason));
        }

        page.Family(MetricFamilies.EventsInFlight).Sample(status.AppendedSequence - status.CommittedSequence);
    }

    private void WriteJournal(PrometheusText page, JournalStatus status)
    {
        page.Family(MetricFamilies.JournalBytes).Sample(status.HeldBytes);
        page.Family(MetricFamilies.JournalAppendedBytesTotal).Sample(status.TailAddress);
        page.Family(MetricFamilies.JournalRoomBytes).Sample(status.RoomBytes);
        var untilFull = rates.SecondsUntilFull(rates.Take(status, [.. forwarder.Statuses]), status);
        page.Family(MetricFamilies.JournalUntilFullSeconds).Sample(untilFull ?? double.PositiveInfinity);
        page.Family(MetricFamilies.JournalSegments).Sample(status.Segments);
        page.Family(MetricFamilies.JournalFreeBytes).Sample(status.FreeBytes);
        page.Family(MetricFamilies.JournalState);
        foreach (var state in Enum.GetValues<JournalState>())
        {
            page.Sample(Label("state", SnakeCase(state.ToString())), state == status.State ? 1 : 0);
        }

        page.Family(MetricFamilies.JournalQuarantinedPages).Sample(status.QuarantinedPages);
        WriteCommitLatency(page, status.CommitLatency);
    }

    private static void WriteCommitLatency(PrometheusText page, CommitLatencySnapshot latency) =>
        page.Family(MetricFamilies.JournalCommitSeconds)
            .Histogram(
                "",
                Array.ConvertAll(CommitLatency.BoundsMs, bound => bound / MillisecondsPerSecond),
                latency.Counts,
                latency.SumMs / MillisecondsPerSecond
            );

    private static void WriteAlerts(PrometheusText page, Alerter alerter)
    {
        page.Family(MetricFamilies.ExperimentAlerts);
        var alerts = alerter.Alerts;
        foreach (var type in AlertType.All)
        {
            page.Sample(Label("type", type), alerts.Count(alert => alert.Type == type));
        }

        page.Family(MetricFamilies.AlertDeliveriesTotal)
            .Sample(Label("result", "delivered"), alerter.Delivered)
            .Sample(Label("result", "failed"), alerter.Failed);
    }

    private void WriteTally(PrometheusText page, TallyStatus status)
    {
        page.Family(MetricFamilies.TallyExperiments).Sample(status.Experiments);
        page.Family(MetricFamilies.TallyUncountedTotal).Sample(status.Uncounted);
        if (optimizer is null)
        {
            // An edge counts and does not learn.
            return;
        }

        page.Family(MetricFamilies.TallyUnits).Sample(status.Units);
        page.Family(MetricFamilies.TallySketchBytes).Sample(status.SketchBytes);
        page.Family(MetricFamilies.TallyOpenTrials).Sample(status.OpenTrials);
        page.Family(MetricFamilies.TallyUnlearnedTotal).Sample(status.Unlearned);
        if (counts is not null)
        {
            page.Family(MetricFamilies.TallyAge).Sample(counts.OldestAgeSeconds);
        }

        page.Family(MetricFamilies.WeightsPublishedTotal).Sample(optimizer.Published);
    }

    private void WriteVerdicts(PrometheusText page)
    {
        page.Family(MetricFamilies.VerdictRuleProblems).Sample(verdicts.Problems);
        Write(MetricFamilies.VerdictRuleEventsTotal, verdicts.Enforced);
        Write(MetricFamilies.VerdictShadowEventsTotal, verdicts.Shadowed);

        void Write(MetricFamily family, Func<VerdictRule, long> count)
        {
            page.Family(family);
            foreach (var rule in verdicts.Rules)
            {
                if (count(rule) is > 0 and var events)
                {
                    page.Sample(Label("rule", rule.Id), events);
                }
            }
        }
    }

    private static void WriteCorrections(PrometheusText page, CorrectionStatus status)
    {
        page.Family(MetricFamilies.LateVerdictsTotal);
        foreach (var rule in status.Rules)
        {
            page.Sample(Label("rule", rule.Rule) + "," + Label("mode", "enforced"), rule.Enforced);
            page.Sample(Label("rule", rule.Rule) + "," + Label("mode", "shadow"), rule.Shadow);
        }

        page.Family(MetricFamilies.LateVerdictClicks).Sample(status.Clicks);
        page.Family(MetricFamilies.LateVerdictBytes).Sample(status.Bytes);
        page.Family(MetricFamilies.LateVerdictLetGoTotal).Sample(status.LetGo);
        page.Family(MetricFamilies.LateVerdictPending).Sample(status.Pending);
    }

    private void WriteGeo(PrometheusText page)
    {
        page.Family(MetricFamilies.GeoLookupsTotal);
        foreach (var outcome in GeoDatabase.Outcomes)
        {
            page.Sample(Label("outcome", SnakeCase(outcome.ToString())), geo.Lookups(outcome));
        }

        if (geo.Metadata is not { } database)
        {
            return;
        }

        page.Family(MetricFamilies.GeoDatabaseBuildEpochSeconds).Sample(database.BuiltAt.ToUnixTimeSeconds());
        page.Family(MetricFamilies.GeoDatabaseAgeSeconds).Sample((time.GetUtcNow() - database.BuiltAt).TotalSeconds);
    }

    private void WriteSinks(PrometheusText page)
    {
        var sinks = forwarder.Statuses.ToArray();
        Write(MetricFamilies.SinkForwardedTotal, sink => sink.Forwarded);
        Write(MetricFamilies.SinkPending, sink => sink.Pending);
        Write(MetricFamilies.SinkDeadLetteredTotal, sink => sink.DeadLettered);
        Write(MetricFamilies.SinkSkippedTotal, sink => sink.Skipped);
        Write(MetricFamilies.SinkFilteredTotal, sink => sink.Filtered);
        Write(MetricFamilies.SinkSyntheticTotal, sink => sink.Synthetic);
        Write(MetricFamilies.SinkPendingBytes, sink => sink.PendingBytes);
        Write(MetricFamilies.SinkBatchesTotal, sink => sink.Batches);
        Write(MetricFamilies.SinkSentBytesTotal, sink => sink.Bytes);
        Write(MetricFamilies.SinkErrorsTotal, sink => sink.Errors);
        Write(MetricFamilies.SinkOldestPendingSeconds, sink => sink.OldestPendingAge.TotalSeconds);

        page.Family(MetricFamilies.SinkState);
        foreach (var sink in sinks)
        {
            foreach (var state in Enum.GetValues<SinkState>())
            {
                page.Sample(
                    $"{Label("sink", sink.Name)},{Label("state", SnakeCase(state.ToString()))}",
                    sink.State == state ? 1 : 0
                );
            }
        }

        void Write(MetricFamily family, Func<SinkStatus, double> value)
        {
            page.Family(family);
            foreach (var sink in sinks)
            {
                page.Sample(Label("sink", sink.Name), value(sink));
            }
        }
    }
}
