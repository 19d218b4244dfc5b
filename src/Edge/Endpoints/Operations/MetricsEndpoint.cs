using System.Globalization;
using System.Text;
using Edge.Catalog;
using Edge.Enrichment.Geo;
using Edge.Enrichment.Verdicts;
using Edge.Forwarding.Pump;
using Edge.Journal;
using Edge.Journal.Commits;
using Edge.Statistics.Counting;
using Edge.Statistics.Optimization;
using Edge.Telemetry;
using static Edge.Telemetry.PrometheusText;

namespace Edge.Endpoints.Operations;

/// <summary>
/// <c>GET /metrics</c>: what an operator asks, as Prometheus text: are events coming, are they kept, why not, have the
/// sinks taken them. Labels come from closed sets only.
/// </summary>
internal sealed class MetricsEndpoint(
    Metrics metrics,
    Ledger ledger,
    EventJournal journal,
    Forwarder forwarder,
    ExperimentFileStore experiments,
    Tally tally,
    Optimizer optimizer,
    EnrichmentFaults enrichmentFaults,
    VerdictJudge verdicts,
    GeoDatabase geo,
    Readiness readiness,
    TimeProvider time
)
{
    private const double MillisecondsPerSecond = 1_000;

    public async Task HandleAsync(HttpContext context)
    {
        var body = Encoding.UTF8.GetBytes(Write());
        var response = context.Response;
        response.ContentType = PrometheusText.ContentType;
        response.ContentLength = body.Length;
        Replies.ForbidCaching(response.Headers);
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(body);
        }
    }

    private string Write()
    {
        var page = new PrometheusText();
        WriteProcess(page);
        WriteRequests(page);
        WriteEvents(page, journal.Status);
        WriteJournal(page, journal.Status);
        WriteSinks(page);
        if (geo.IsConfigured)
        {
            WriteGeo(page);
        }

        page.Family("edge_experiments", "gauge", "Experiments in the catalog.")
            .Sample("edge_experiments", experiments.Catalog.Current.Entries.Count);
        page.Family("edge_experiment_problems", "gauge", "Experiment files that were not taken.")
            .Sample("edge_experiment_problems", experiments.Problems.Count);
        WriteTally(page, tally.Status);
        page.Family(
            "edge_enrichment_faults_total",
            "counter",
            "Faults inside enrichment by part; each left members out of one event."
        );
        foreach (var part in EnrichmentFaults.Parts)
        {
            page.Sample(
                "edge_enrichment_faults_total",
                Label("part", SnakeCase(part.ToString())),
                enrichmentFaults.Of(part)
            );
        }

        WriteVerdicts(page);
        return page.ToString();
    }

    private void WriteProcess(PrometheusText page)
    {
        var labels = string.Join(
            ',',
            Label("version", BuildInfo.Version),
            Label("commit", BuildInfo.Commit),
            Label("runtime", BuildInfo.Runtime)
        );
        page.Family("edge_build_info", "gauge", "Version, commit and runtime of the binary.")
            .Sample("edge_build_info", labels, 1);
        page.Family("edge_ready", "gauge", "1 while the service wants traffic.")
            .Sample("edge_ready", readiness.NotReadyReason is null ? 1 : 0);
        page.Family("edge_process_cpu_seconds_total", "counter", "Processor time of the process.")
            .Sample("edge_process_cpu_seconds_total", Environment.CpuUsage.TotalTime.TotalSeconds);
        page.Family("edge_process_resident_bytes", "gauge", "Resident memory of the process.")
            .Sample("edge_process_resident_bytes", Environment.WorkingSet);
    }

    private void WriteRequests(PrometheusText page)
    {
        page.Family("edge_requests_total", "counter", "Requests by route and outcome.");
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
                page.Sample("edge_requests_total", labels, count);
            }
        }
        page.Family("edge_ingested_events_total", "counter", "Events of the ingestion APIs by api and outcome.");
        foreach (var api in Metrics.Apis)
        {
            var (stored, repeated, refused) = metrics.Events(api);
            WriteIngested(page, api, "stored", stored);
            WriteIngested(page, api, "repeated", repeated);
            WriteIngested(page, api, "refused", refused);
        }
        page.Family("edge_unconfirmed_total", "counter", "Requests with ack disk answered before their commit.")
            .Sample("edge_unconfirmed_total", metrics.Unconfirmed);
    }

    private static void WriteIngested(PrometheusText page, string api, string outcome, long count) =>
        page.Sample("edge_ingested_events_total", Label("api", api) + "," + Label("outcome", outcome), count);

    private void WriteEvents(PrometheusText page, JournalStatus status)
    {
        page.Family("edge_events_received_total", "counter", "Events that reached the journal.")
            .Sample("edge_events_received_total", ledger.Received);
        page.Family("edge_events_stored_total", "counter", "Events committed to disk.")
            .Sample("edge_events_stored_total", status.CommittedSequence);
        page.Family("edge_events_dropped_total", "counter", "Events not kept, by reason.");
        foreach (var reason in Enum.GetValues<DropReason>())
        {
            page.Sample(
                "edge_events_dropped_total",
                Label("reason", SnakeCase(reason.ToString())),
                ledger.Dropped(reason)
            );
        }

        page.Family("edge_events_in_flight", "gauge", "Events appended and not yet committed.")
            .Sample("edge_events_in_flight", status.AppendedSequence - status.CommittedSequence);
    }

    private static void WriteJournal(PrometheusText page, JournalStatus status)
    {
        page.Family("edge_journal_bytes", "gauge", "Bytes between the begin and the tail of the journal.")
            .Sample("edge_journal_bytes", status.HeldBytes);
        page.Family("edge_journal_segments", "gauge", "Segment files.")
            .Sample("edge_journal_segments", status.Segments);
        page.Family("edge_journal_free_bytes", "gauge", "Free bytes of the journal's file system.")
            .Sample("edge_journal_free_bytes", status.FreeBytes);
        page.Family("edge_journal_state", "gauge", "1 for the present state.");
        foreach (var state in Enum.GetValues<JournalState>())
        {
            page.Sample(
                "edge_journal_state",
                Label("state", SnakeCase(state.ToString())),
                state == status.State ? 1 : 0
            );
        }

        page.Family("edge_journal_quarantined_pages", "gauge", "Damaged pages set aside.")
            .Sample("edge_journal_quarantined_pages", status.QuarantinedPages);
        WriteCommitLatency(page, status.CommitLatency);
    }

    private static void WriteCommitLatency(PrometheusText page, CommitLatencySnapshot latency)
    {
        page.Family("edge_journal_commit_seconds", "histogram", "Time of one group commit, data and slot.");
        var total = 0L;
        for (var i = 0; i < latency.Counts.Length; i++)
        {
            total += latency.Counts[i];
            var bound =
                i < CommitLatency.BoundsMs.Length
                    ? (CommitLatency.BoundsMs[i] / MillisecondsPerSecond).ToString("R", CultureInfo.InvariantCulture)
                    : "+Inf";
            page.Sample("edge_journal_commit_seconds_bucket", Label("le", bound), total);
        }
        page.Sample("edge_journal_commit_seconds_sum", latency.SumMs / MillisecondsPerSecond);
        page.Sample("edge_journal_commit_seconds_count", total);
    }

    private void WriteTally(PrometheusText page, TallyStatus status)
    {
        page.Family("edge_tally_experiments", "gauge", "Experiments with counts.")
            .Sample("edge_tally_experiments", status.Experiments);
        page.Family("edge_tally_units", "gauge", "Units remembered for a day.")
            .Sample("edge_tally_units", status.Units);
        page.Family("edge_tally_open_trials", "gauge", "Trials whose attribution window has not passed.")
            .Sample("edge_tally_open_trials", status.OpenTrials);
        page.Family(
                "edge_tally_unlearned_total",
                "counter",
                "Exposures not learned from for want of room for the unit."
            )
            .Sample("edge_tally_unlearned_total", status.Unlearned);
        page.Family("edge_tally_uncounted_total", "counter", "Events of experiments that could not be counted.")
            .Sample("edge_tally_uncounted_total", status.Uncounted);
        page.Family("edge_weights_published_total", "counter", "Publications of other weights.")
            .Sample("edge_weights_published_total", optimizer.Published);
    }

    private void WriteVerdicts(PrometheusText page)
    {
        page.Family(
                "edge_verdict_rule_problems",
                "gauge",
                "Mistakes in the files of rules; the own file is not used while there are any."
            )
            .Sample("edge_verdict_rule_problems", verdicts.Problems);
        Write("edge_verdict_rule_events_total", "Events whose verdict a rule gave.", verdicts.Enforced);
        Write(
            "edge_verdict_shadow_events_total",
            "Events whose verdict a rule in shadow would have given.",
            verdicts.Shadowed
        );

        void Write(string name, string help, Func<VerdictRule, long> count)
        {
            page.Family(name, "counter", help);
            foreach (var rule in verdicts.Rules)
            {
                if (count(rule) is > 0 and var events)
                {
                    page.Sample(name, Label("rule", rule.Id), events);
                }
            }
        }
    }

    private void WriteGeo(PrometheusText page)
    {
        page.Family("edge_geo_lookups_total", "counter", "Lookups in the geo database by outcome.");
        foreach (var outcome in GeoDatabase.Outcomes)
        {
            page.Sample(
                "edge_geo_lookups_total",
                Label("outcome", SnakeCase(outcome.ToString())),
                geo.Lookups(outcome)
            );
        }

        if (geo.Metadata is not { } database)
        {
            return;
        }

        page.Family(
                "edge_geo_database_build_epoch_seconds",
                "gauge",
                "When the geo database in use was built, Unix time."
            )
            .Sample("edge_geo_database_build_epoch_seconds", database.BuiltAt.ToUnixTimeSeconds());
        page.Family("edge_geo_database_age_seconds", "gauge", "Time since the geo database in use was built.")
            .Sample("edge_geo_database_age_seconds", (time.GetUtcNow() - database.BuiltAt).TotalSeconds);
    }

    private void WriteSinks(PrometheusText page)
    {
        var sinks = forwarder.Statuses.ToArray();
        Write("edge_sink_forwarded_total", "counter", "Events a sink has taken.", sink => sink.Forwarded);
        Write("edge_sink_pending", "gauge", "Events a sink has yet to take.", sink => sink.Pending);
        Write("edge_sink_dead_lettered_total", "counter", "Events a sink refused for good.", sink => sink.DeadLettered);
        Write("edge_sink_skipped_total", "counter", "Events given up for a sink.", sink => sink.Skipped);
        Write(
            "edge_sink_filtered_total",
            "counter",
            "Those of the skipped events that a sink's filters left out.",
            sink => sink.Filtered
        );
        Write(
            "edge_sink_pending_bytes",
            "gauge",
            "Bytes of the journal a sink has yet to go through.",
            sink => sink.PendingBytes
        );
        Write("edge_sink_batches_total", "counter", "Batches a sink has taken since the start.", sink => sink.Batches);
        Write(
            "edge_sink_sent_bytes_total",
            "counter",
            "Bytes of events a sink has taken since the start, before compression.",
            sink => sink.Bytes
        );
        Write("edge_sink_errors_total", "counter", "Failed deliveries.", sink => sink.Errors);
        Write(
            "edge_sink_oldest_pending_seconds",
            "gauge",
            "Age of the oldest pending event.",
            sink => sink.OldestPendingAge.TotalSeconds
        );

        page.Family("edge_sink_state", "gauge", "1 for the state a sink is in.");
        foreach (var sink in sinks)
        {
            foreach (var state in Enum.GetValues<SinkState>())
            {
                page.Sample(
                    "edge_sink_state",
                    $"{Label("sink", sink.Name)},{Label("state", SnakeCase(state.ToString()))}",
                    sink.State == state ? 1 : 0
                );
            }
        }

        void Write(string name, string type, string help, Func<SinkStatus, double> value)
        {
            page.Family(name, type, help);
            foreach (var sink in sinks)
            {
                page.Sample(name, Label("sink", sink.Name), value(sink));
            }
        }
    }
}
