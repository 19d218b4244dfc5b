namespace Edge.Telemetry;

/// <summary>The type of a metric, named as in the Prometheus text format.</summary>
internal enum MetricKind
{
    /// <summary>
    /// Only increases: from zero when the process starts or, where the help says so, since the journal was created.
    /// </summary>
    Counter,

    /// <summary>Goes up and down.</summary>
    Gauge,

    /// <summary>Observations in fixed buckets.</summary>
    Histogram,
}

/// <summary>The declaration of a metric.</summary>
/// <param name="Name">Name, ending with the unit and, for a counter, <c>_total</c>.</param>
/// <param name="Kind">Counter, gauge or histogram.</param>
/// <param name="Unit">The base unit; empty for metrics that count things.</param>
/// <param name="Help">Description, one sentence.</param>
internal sealed record MetricFamily(string Name, MetricKind Kind, string Unit, string Help);

/// <summary>
/// Every metric of <c>GET /metrics</c>, in the order of the page. Names are written only here; <c>docs/operating.md</c>
/// says what each means for an operator.
/// </summary>
internal static class MetricFamilies
{
    private const string Seconds = "seconds";
    private const string Bytes = "bytes";

    /// <summary>Declared before the families, which register themselves in file order.</summary>
    private static readonly List<MetricFamily> Declared = [];

    public static readonly MetricFamily Experiments = Gauge("edge_experiments", "Experiments in the catalog.");
    public static readonly MetricFamily ExperimentProblems = Gauge(
        "edge_experiment_problems",
        "Mistakes in experiment files: in those that are refused, and ignored members of others."
    );
    public static readonly MetricFamily ForwardedMalformedTotal = Counter(
        "edge_forwarded_header_malformed_total",
        "Malformed forwarded headers of trusted proxies; the address is then that of the nearest hop that could be read."
    );
    public static readonly MetricFamily ForwardedUntrustedTotal = Counter(
        "edge_forwarded_header_untrusted_total",
        "Forwarded headers that were ignored because their sender is not a trusted proxy."
    );
    public static readonly MetricFamily EnrichmentFaultsTotal = Counter(
        "edge_enrichment_faults_total",
        "Enrichment failures by part; each cost one event some of its members."
    );
    public static readonly MetricFamily BuildInfo = Gauge(
        "edge_build_info",
        "Version, commit and runtime of the binary."
    );
    public static readonly MetricFamily Ready = Gauge("edge_ready", "1 while the service is ready for traffic.");
    public static readonly MetricFamily ProcessCpuSecondsTotal = Counter(
        "process_cpu_seconds_total",
        "Processor time of the process.",
        Seconds
    );
    public static readonly MetricFamily ProcessResidentBytes = Gauge(
        "process_resident_memory_bytes",
        "Resident memory of the process.",
        Bytes
    );
    public static readonly MetricFamily ProcessStartTime = Gauge(
        "process_start_time_seconds",
        "When the service started, Unix time.",
        Seconds
    );
    public static readonly MetricFamily ProcessOpenFiles = Gauge("process_open_fds", "Open files of the process.");
    public static readonly MetricFamily ProcessMaxFiles = Gauge(
        "process_max_fds",
        "Most open files the process may have."
    );
    public static readonly MetricFamily Connections = Gauge("edge_connections", "Open connections.");
    public static readonly MetricFamily ConnectionsMax = Gauge("edge_connections_max", "Most open connections.");
    public static readonly MetricFamily ConnectionsAcceptedTotal = Counter(
        "edge_connections_accepted_total",
        "Connections that were accepted and found a place."
    );
    public static readonly MetricFamily ConnectionsLostTotal = Counter(
        "edge_connections_lost_total",
        "Connections that were refused or closed by a limit, by reason."
    );
    public static readonly MetricFamily CertificateExpiry = Gauge(
        "edge_tls_certificate_expiry_timestamp_seconds",
        "When the first of the TLS certificate and its chain expires, Unix time.",
        Seconds
    );
    public static readonly MetricFamily RequestsTotal = Counter(
        "edge_requests_total",
        "Requests, by route and outcome."
    );
    public static readonly MetricFamily RequestSeconds = Histogram(
        "edge_request_duration_seconds",
        "Time from a request's arrival to its answer, by route.",
        Seconds
    );
    public static readonly MetricFamily RequestsInFlight = Gauge(
        "edge_requests_in_flight",
        "Requests that are being answered; those of the event loops are answered as they come."
    );
    public static readonly MetricFamily IngestedEventsTotal = Counter(
        "edge_ingested_events_total",
        "Events of the ingestion APIs, by API and outcome."
    );
    public static readonly MetricFamily UnconfirmedTotal = Counter(
        "edge_unconfirmed_total",
        "Requests with ack disk answered before their commit."
    );
    public static readonly MetricFamily AckForwardedTotal = Counter(
        "edge_ack_forwarded_total",
        "Requests with Edge-Ack: forwarded, by whether the sinks had their events in time."
    );
    public static readonly MetricFamily IgnoredMembersTotal = Counter(
        "edge_ignored_members_total",
        "Members of ingested events that are not stored, because the API does not know them, they look like secrets, or came again."
    );
    public static readonly MetricFamily UnfilledTagsTotal = Counter(
        "edge_unfilled_merge_tags_total",
        "Events of experiments whose u was a merge tag that the mail program did not fill."
    );
    public static readonly MetricFamily LinkTokensTotal = Counter(
        "edge_link_tokens_total",
        "Tokens of signed links that were read, by what became of them."
    );
    public static readonly MetricFamily EventsReceivedTotal = Counter(
        "edge_events_received_total",
        "Events that reached the journal."
    );
    public static readonly MetricFamily EventsStoredTotal = Counter(
        "edge_events_stored_total",
        "Events committed to disk."
    );
    public static readonly MetricFamily EventsDroppedTotal = Counter(
        "edge_events_dropped_total",
        "Events received but not stored, by reason."
    );
    public static readonly MetricFamily SyntheticStoredTotal = Counter(
        "edge_synthetic_events_stored_total",
        "Stored events that are tests', those in flight included."
    );
    public static readonly MetricFamily SyntheticDroppedTotal = Counter(
        "edge_synthetic_events_dropped_total",
        "Events of tests that were received but not stored."
    );
    public static readonly MetricFamily SyntheticMarksIgnoredTotal = Counter(
        "edge_synthetic_marks_ignored_total",
        "Requests whose Edge-Synthetic counted for nothing, by reason: they are people's like all others."
    );
    public static readonly MetricFamily EventsInFlight = Gauge(
        "edge_events_in_flight",
        "Events appended and not yet committed: what a kill at this moment would cost."
    );
    public static readonly MetricFamily JournalBytes = Gauge(
        "edge_journal_bytes",
        "Bytes between the beginning and the tail of the journal.",
        Bytes
    );
    public static readonly MetricFamily JournalAppendedBytesTotal = Counter(
        "edge_journal_appended_bytes_total",
        "Bytes appended since the journal was created, with envelopes and padding.",
        Bytes
    );
    public static readonly MetricFamily JournalRoomBytes = Gauge(
        "edge_journal_room_bytes",
        "Bytes that may still be appended until events are refused.",
        Bytes
    );
    public static readonly MetricFamily JournalUntilFullSeconds = Gauge(
        "edge_journal_until_full_seconds",
        "Time until the journal is full if events come as lately and no sink takes any.",
        Seconds
    );
    public static readonly MetricFamily JournalSegments = Gauge("edge_journal_segments", "Segment files.");
    public static readonly MetricFamily JournalFreeBytes = Gauge(
        "edge_journal_free_bytes",
        "Free bytes of the journal's file system.",
        Bytes
    );
    public static readonly MetricFamily JournalState = Gauge("edge_journal_state", "1 for the current state.");
    public static readonly MetricFamily JournalQuarantinedPages = Gauge(
        "edge_journal_quarantined_pages",
        "Damaged pages in quarantine."
    );
    public static readonly MetricFamily JournalCommitSeconds = Histogram(
        "edge_journal_commit_seconds",
        "Duration of a group commit, data and slot.",
        Seconds
    );
    public static readonly MetricFamily ExperimentAlerts = Gauge(
        "edge_experiment_alerts",
        "Alerts of running experiments whose causes last, by type."
    );
    public static readonly MetricFamily AlertDeliveriesTotal = Counter(
        "edge_alert_deliveries_total",
        "Attempts to deliver an alert to the webhook, by result."
    );
    public static readonly MetricFamily TallyExperiments = Gauge("edge_tally_experiments", "Experiments with counts.");
    public static readonly MetricFamily TallyUnits = Gauge("edge_tally_units", "Units remembered for a day.");
    public static readonly MetricFamily TallySketchBytes = Gauge(
        "edge_tally_sketch_bytes",
        "Memory of the sketches that count unique units."
    );
    public static readonly MetricFamily TallyOpenTrials = Gauge(
        "edge_tally_open_trials",
        "Trials whose attribution window has not passed."
    );
    public static readonly MetricFamily TallyUnlearnedTotal = Counter(
        "edge_tally_unlearned_total",
        "Exposures that started no trial because there was no room for the unit."
    );
    public static readonly MetricFamily TallyUncountedTotal = Counter(
        "edge_tally_uncounted_total",
        "Events of experiments that could not be counted."
    );
    public static readonly MetricFamily TallyAge = Gauge(
        "edge_tally_age_seconds",
        "Age of the oldest counts of a running experiment, with tally.sink alone; +Inf while one has none.",
        "seconds"
    );
    public static readonly MetricFamily WeightsPublishedTotal = Counter(
        "edge_weights_published_total",
        "Publications of new weights."
    );
    public static readonly MetricFamily VerdictRuleProblems = Gauge(
        "edge_verdict_rule_problems",
        "Mistakes in the verdict rule files; a custom file with mistakes is not used."
    );
    public static readonly MetricFamily GeoLookupsTotal = Counter(
        "edge_geo_lookups_total",
        "Look-ups in the geo database, by outcome."
    );
    public static readonly MetricFamily GeoDatabaseBuildEpochSeconds = Gauge(
        "edge_geo_database_build_epoch_seconds",
        "When the geo database in use was built, Unix time.",
        Seconds
    );
    public static readonly MetricFamily GeoDatabaseAgeSeconds = Gauge(
        "edge_geo_database_age_seconds",
        "Time since the geo database in use was built.",
        Seconds
    );
    public static readonly MetricFamily SinkState = Gauge("edge_sink_state", "1 for the current state of a sink.");
    public static readonly MetricFamily SinkForwardedTotal = Counter(
        "edge_sink_forwarded_total",
        "Events a sink has taken."
    );
    public static readonly MetricFamily SinkPending = Gauge("edge_sink_pending", "Events that a sink has not taken yet.");
    public static readonly MetricFamily FleetCatalogVersion = Gauge(
        "edge_fleet_catalog_version",
        "Version of the fleet's catalog: the newest on an origin, the one in force on an edge."
    );
    public static readonly MetricFamily FleetOriginAgeSeconds = Gauge(
        "edge_fleet_origin_age_seconds",
        "Seconds since the origin last gave an edition of the catalog or said that there is no newer one.",
        Seconds
    );
    public static readonly MetricFamily FleetRefusing = Gauge(
        "edge_fleet_refusing",
        "1 while the newest edition of the catalog that came is refused, for whatever reason."
    );
    public static readonly MetricFamily FleetEditionsRefusedTotal = Counter(
        "edge_fleet_editions_refused_total",
        "Editions of the catalog that were not taken."
    );
    public static readonly MetricFamily FleetPollsFailedTotal = Counter(
        "edge_fleet_polls_failed_total",
        "Requests to which the origin gave no edition of the catalog."
    );
    public static readonly MetricFamily FleetNodes = Gauge(
        "edge_fleet_nodes",
        "Edges that follow this origin, and those that have within the last day."
    );
    public static readonly MetricFamily StoreUp = Gauge(
        "edge_store_up",
        "Whether PostgreSQL as the store answers; 0 while what was read last is served and changes are refused."
    );
    public static readonly MetricFamily StoreLeader = Gauge(
        "edge_store_leader",
        "Whether this node, of those that share the store, recomputes the weights of bandits."
    );
    public static readonly MetricFamily FleetNodesBehind = Gauge(
        "edge_fleet_nodes_behind",
        "Connected edges that do not have the newest edition of the catalog that is for them."
    );
    public static readonly MetricFamily FleetNodesHeld = Gauge(
        "edge_fleet_nodes_held",
        "Connected edges for which another edition than the newest is held, during a rollout."
    );
    public static readonly MetricFamily FleetRolloutShare = Gauge(
        "edge_fleet_rollout_share",
        "The share of edges, beside those that are named, that get the newest edition of the catalog; 1 without a rollout."
    );
    public static readonly MetricFamily FleetLagSeconds = Gauge(
        "edge_fleet_lag_seconds",
        "Age of the oldest edition of the catalog that a connected edge lacks.",
        Seconds
    );
    public static readonly MetricFamily FleetNodesDuplicate = Gauge(
        "edge_fleet_nodes_duplicate",
        "Names that two edges have at once."
    );
    public static readonly MetricFamily FleetNodesOtherSalt = Gauge(
        "edge_fleet_nodes_other_salt",
        "Edges that hash visitors with another salt than this origin."
    );
    public static readonly MetricFamily SinkDeadLetteredTotal = Counter(
        "edge_sink_dead_lettered_total",
        "Events that a sink refused permanently."
    );
    public static readonly MetricFamily SinkSkippedTotal = Counter(
        "edge_sink_skipped_total",
        "Events skipped for a sink."
    );
    public static readonly MetricFamily SinkFilteredTotal = Counter(
        "edge_sink_filtered_total",
        "Skipped events that a sink's filters excluded."
    );
    public static readonly MetricFamily SinkSyntheticTotal = Counter(
        "edge_sink_synthetic_total",
        "Events of tests that a sink has taken since the start."
    );
    public static readonly MetricFamily SinkPendingBytes = Gauge(
        "edge_sink_pending_bytes",
        "Bytes of the journal that a sink has not read yet.",
        Bytes
    );
    public static readonly MetricFamily SinkBatchesTotal = Counter(
        "edge_sink_batches_total",
        "Batches a sink has taken since the start."
    );
    public static readonly MetricFamily SinkSentBytesTotal = Counter(
        "edge_sink_sent_bytes_total",
        "Bytes of events a sink has taken since the start, before compression.",
        Bytes
    );
    public static readonly MetricFamily SinkErrorsTotal = Counter("edge_sink_errors_total", "Failed deliveries.");
    public static readonly MetricFamily SinkOldestPendingSeconds = Gauge(
        "edge_sink_oldest_pending_seconds",
        "Age of the oldest pending event.",
        Seconds
    );
    public static readonly MetricFamily VerdictRuleEventsTotal = Counter(
        "edge_verdict_rule_events_total",
        "Events whose verdict a rule gave."
    );
    public static readonly MetricFamily VerdictShadowEventsTotal = Counter(
        "edge_verdict_shadow_events_total",
        "Events whose verdict a rule in shadow would have given."
    );
    public static readonly MetricFamily LateVerdictsTotal = Counter(
        "edge_late_verdicts_total",
        "Corrections of the verdict on a click, stored as events; of a rule in shadow they change nothing."
    );
    public static readonly MetricFamily LateVerdictClicks = Gauge(
        "edge_late_verdict_clicks",
        "Clicks that can still be judged by what comes after them."
    );
    public static readonly MetricFamily LateVerdictBytes = Gauge(
        "edge_late_verdict_bytes",
        "Memory that these clicks take, at most automation.lateMemoryBytes."
    );
    public static readonly MetricFamily LateVerdictLetGoTotal = Counter(
        "edge_late_verdict_let_go_total",
        "Clicks that could be judged for a shorter time than automation.lateWindowSeconds, for want of memory."
    );
    public static readonly MetricFamily LateVerdictPending = Gauge(
        "edge_late_verdict_pending",
        "Stored events that late verdicts have not looked at yet."
    );

    /// <summary>All metrics, in order of declaration.</summary>
    public static IReadOnlyList<MetricFamily> All => Declared;

    private static MetricFamily Counter(string name, string help, string unit = "") =>
        Declare(name, MetricKind.Counter, unit, help);

    private static MetricFamily Gauge(string name, string help, string unit = "") =>
        Declare(name, MetricKind.Gauge, unit, help);

    private static MetricFamily Histogram(string name, string help, string unit) =>
        Declare(name, MetricKind.Histogram, unit, help);

    private static MetricFamily Declare(string name, MetricKind kind, string unit, string help)
    {
        var family = new MetricFamily(name, kind, unit, help);
        Declared.Add(family);
        return family;
    }
}
